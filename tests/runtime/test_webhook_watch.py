"""Operators read once that webhooks do not arrive, and once that they do again."""

import pytest

from bot_platform.flows.late_webhooks import Deliveries
from bot_platform.infra.clock import current, use
from bot_platform.infra.database import Database
from bot_platform.runtime.webhook_watch import WebhookWatch
from bot_platform.sandbox.movable_clock import MovableClock
from tests.makers import payments, running_service, session_event
from tests.runtime.test_outage_monitor import ADMINS, alerts
from tests.stories.test_missed import RECEIPT, linked
from tests.stories.test_money_back import OPERATOR


class Shop:
    """A process that looks for missed events every five minutes."""

    def __init__(self, database: Database) -> None:
        self.clock, self.deliveries = MovableClock(), Deliveries()
        use(self.clock)
        self.watch = WebhookWatch(payments(database, operators=ADMINS), self.deliveries)

    async def look(self, *found: int) -> None:
        for each in found:
            self.clock.move(300)
            await self.watch.look_ended(each, current().time())


@pytest.fixture
def shop(database: Database) -> Shop:
    return Shop(database)


async def test_what_is_found_by_asking_alone_is_said_once(shop: Shop) -> None:
    shop.deliveries.refused = 7
    await shop.look(0, 1)
    assert await alerts() == []
    await shop.look(0)
    (told,) = await alerts()
    assert told.startswith("⚠️ Stripe's webhooks do not arrive.")
    assert "their signature is wrong: 7." in told
    assert "STRIPE_WEBHOOK_SECRET" in told
    await shop.look(1, 1, 0, 2)
    assert len(await alerts()) == 1


async def test_without_any_delivery_the_endpoint_is_named(shop: Shop) -> None:
    await shop.look(0, 1, 0)
    (told,) = await alerts()
    assert "Nothing was delivered to this process." in told


async def test_what_was_missed_while_the_process_was_down_is_no_fault(shop: Shop) -> None:
    await shop.look(5, 0, 0)
    assert await alerts() == []


async def test_a_webhook_since_the_look_before_proves_that_they_arrive(shop: Shop) -> None:
    await shop.look(0)
    shop.deliveries.last_at = current().time() + 10
    await shop.look(1, 0, 0)
    assert await alerts() == []


async def test_a_webhook_that_is_slower_than_the_look_is_no_fault(shop: Shop) -> None:
    await shop.look(0, 1)
    shop.deliveries.last_at = current().time() + 2
    await shop.look(0, 0, 0)
    assert await alerts() == []


async def test_a_webhook_that_arrives_ends_it_and_is_said_once(shop: Shop) -> None:
    await shop.look(0, 1, 0)
    shop.deliveries.last_at = current().time() + 10
    await shop.look(0, 0)
    assert (await alerts())[1:] == ["✅ Stripe's webhooks arrive again."]


async def test_a_wrong_secret_is_heard_of_although_the_payment_is_credited(database_url: str) -> None:
    async with running_service(
        database_url,
        admin_telegram_ids=str(OPERATOR.id),
        stripe_webhook_secret="whsec_another",
        reconcile_every=60,
    ) as h:
        await h.say("/start", "Welcome!", OPERATOR)
        await h.clock.pass_time(65)  # the look of the start is over
        _, session = await linked(h)
        await h.stripe.pay(session)
        await h.said(RECEIPT)
        await h.said("Deliveries refused because their signature is wrong", OPERATOR)


@pytest.mark.parametrize(
    "path", ["/api/v1/stripe-webhook/", "//api/v1/stripe-webhook", "/api//v1/stripe-webhook//"]
)
async def test_slashes_too_many_lose_no_delivery(sqlite_url: str, path: str) -> None:
    async with running_service(sqlite_url) as h:
        async with h.http.post(f"{h.url}{path}", data=b"{}", allow_redirects=False) as answer:
            assert answer.status == 400
            assert await answer.json() == {"status": "invalid signature"}
        assert (await h.post(session_event()))[0] == 200
