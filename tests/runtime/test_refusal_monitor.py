"""Operators read once that Stripe refuses what it should do, and once that it does it again."""

import pytest

from bot_platform.infra.clock import use
from bot_platform.infra.database import Database
from bot_platform.runtime.refusal_monitor import RefusalMonitor
from bot_platform.sandbox.movable_clock import MovableClock
from tests.makers import BUYER, payments, running_service
from tests.runtime.test_outage_monitor import ADMINS, alerts
from tests.stories.test_money_back import OPERATOR


async def observe(monitor: RefusalMonitor, *answers: tuple[str, str | None]) -> None:
    for about, refusal in answers:
        monitor.observe(about, refusal)
        await monitor.check()


@pytest.fixture
def monitor(database: Database) -> RefusalMonitor:
    use(MovableClock())
    return RefusalMonitor(payments(database, operators=ADMINS))


async def test_three_refused_sales_in_a_row_alert_once_with_stripes_words(monitor: RefusalMonitor) -> None:
    await observe(monitor, ("sale:a", "no"), ("sale:b", "no"))
    assert await alerts() == []
    await observe(monitor, ("sale:a", "Managed Payments, which is on"), ("sale:a", "again"), ("sale:a", "x"))
    (told,) = await alerts()
    assert told.startswith("🚨 Stripe has refused the last three sales.")
    assert "Managed Payments, which is on" in told
    assert "run.py doctor" in told


async def test_a_sale_in_between_ends_the_row(monitor: RefusalMonitor) -> None:
    for _ in range(5):
        await observe(monitor, ("sale:a", "no"), ("sale:a", "no"), ("sale:a", None))
    assert await alerts() == []


async def test_a_package_that_is_never_sold_is_heard_of_although_others_are(monitor: RefusalMonitor) -> None:
    for _ in range(3):
        await observe(monitor, ("sale:broken", "No such price"), ("sale:good", None))
    (told,) = await alerts()
    assert "No such price" in told


@pytest.mark.parametrize(
    ("about", "begins"),
    [
        ("refund", "🚨 Stripe has refused the last three refunds."),
        ("question:events", "🚨 Stripe refuses to answer our questions."),
    ],
)
async def test_refused_refunds_and_questions_alert_too(
    monitor: RefusalMonitor, about: str, begins: str
) -> None:
    await observe(monitor, *[(about, "not permitted")] * 4)
    (told,) = await alerts()
    assert told.startswith(begins)
    assert "not permitted" in told


async def test_when_it_is_done_again_the_operators_read_so_once(monitor: RefusalMonitor) -> None:
    await observe(monitor, *[("sale:a", "no")] * 3, ("sale:a", None), ("sale:a", None))
    assert (await alerts())[1:] == ["✅ Stripe sells again."]


async def test_replicas_alert_once(database: Database, monitor: RefusalMonitor) -> None:
    other = RefusalMonitor(payments(database, operators=ADMINS))
    for each in (monitor, other):
        await observe(each, *[("sale:a", "no")] * 3)
    assert len(await alerts()) == 1


async def test_a_shop_whose_sessions_are_refused_tells_its_operator(database_url: str) -> None:
    async with running_service(database_url, admin_telegram_ids=str(OPERATOR.id)) as h:
        await h.say("/start", "Welcome!", OPERATOR)
        packages = await h.say("/start", "Welcome!")
        refusal = {"error": {"type": "invalid_request_error", "message": "Account under review."}}
        h.stripe.faults.answer("/v1/checkout/sessions", 400, refusal, method="POST", times=3)
        for code in ("buy_100", "buy_500", "buy_100"):
            await h.press(packages, code)
        await h.said("Account under review.", OPERATOR)
        assert not any("Account under review." in text for text in h.texts(BUYER))
        await h.press(packages, "buy_100")
        await h.press(packages, "buy_500")
        await h.said("✅ Stripe sells again.", OPERATOR)
