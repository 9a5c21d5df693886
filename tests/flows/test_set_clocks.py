"""The clock is set back or forward by an hour: nothing waits longer than its own interval."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest

from bot_platform.domain import (
    inbox,
    job_leases,
    leases,
    outages,
    outbox,
    outbox_leases,
    purchase_checks,
    purchases,
)
from bot_platform.domain.checkout import CheckoutPage, ProviderEvent
from bot_platform.domain.purchases import Offer, Purchase
from bot_platform.flows import late_webhooks, periodic
from bot_platform.flows.late_webhooks import Deliveries
from bot_platform.infra.clock import now, unix_time
from bot_platform.infra.database import Database
from bot_platform.infra.outbound_calls import DOWN
from bot_platform.infra.rate_limit import RateLimiter
from bot_platform.providers.mock import MockPayments
from bot_platform.runtime.outage_monitor import STRIPE, OutageMonitor
from bot_platform.runtime.webhook_watch import WAIT_SECONDS, WebhookWatch
from bot_platform.runtime.workers import PeriodicJobs
from bot_platform.telegram.pastes import MIN_PART_UNITS
from bot_platform.telegram.update_inbox import PARTS_WAIT, _wait_for_parts
from bot_platform.web.operator.sign_in import MAX_FROM_ADDRESS, WINDOW_SECONDS, FailedAttempts
from tests.flows.test_order_work import ordered
from tests.makers import PRICES, context, payments, person
from tests.waiting import moving_clock

HOUR = 3600
Look = Callable[[], Awaitable[object]]


@dataclass
class Waits:
    """Something that waits `seconds`: `is_over` says whether it does no more."""

    seconds: float
    is_over: Look


async def second_message_of_a_chat(database: Database) -> Waits:
    for n in (1, 2):
        await database.transact(outbox.post, f"n{n}", 7, "s", "help")
    (first,) = await database.transact(outbox_leases.claim, 5)
    await database.transact(outbox_leases.mark_sent, first, 1)
    return Waits(1, lambda: database.transact(outbox_leases.claim, 5))


async def message_that_is_tried_again(database: Database) -> Waits:
    await database.transact(outbox.post, "n", 7, "s", "help")
    (first,) = await database.transact(outbox_leases.claim, 5)
    await database.transact(outbox_leases.reschedule, first, 10_000, "fault")
    return Waits(10, lambda: database.transact(outbox_leases.claim, 5))


async def message_that_telegram_puts_off_for_hours(database: Database) -> Waits:
    await database.transact(outbox.post, "n", 7, "s", "help")
    (first,) = await database.transact(outbox_leases.claim, 5)
    await database.transact(outbox_leases.reschedule, first, 5 * HOUR * 1000, "429")
    return Waits(15 * 60, lambda: database.transact(outbox_leases.claim, 5))


async def message_of_a_sender_that_died(database: Database) -> Waits:
    await database.transact(outbox.post, "n", 7, "s", "help")
    await database.transact(outbox_leases.claim, 5)
    return Waits(15, lambda: database.transact(outbox_leases.claim, 5))


async def event_that_is_tried_again(database: Database) -> Waits:
    await database.transact(inbox.receive, "stripe:evt_1", "x", {})
    (row,) = await database.transact(inbox.claim, inbox.EVENTS, 5)
    await database.transact(inbox.reschedule, row, 600_000, "fault")
    return Waits(600, lambda: database.transact(inbox.claim, inbox.EVENTS, 5))


async def update_of_a_process_that_died(database: Database) -> Waits:
    await database.transact(inbox.receive, "tg:1", "telegram", {}, 7)
    await database.transact(inbox.claim, inbox.UPDATES, 5)
    return Waits(60, lambda: database.transact(inbox.claim, inbox.UPDATES, 5))


async def next_part_of_a_long_text(database: Database) -> Waits:
    update = {"message": {"text": "x" * MIN_PART_UNITS, "chat": {"id": 7}}}
    row = await database.transact(inbox.receive, "tg:1", "telegram", update, 7)
    assert row

    async def is_over() -> bool:
        return _wait_for_parts(row) == 0

    assert not await is_over()
    return Waits(PARTS_WAIT.total_seconds(), is_over)


async def job_of_a_worker_that_died(database: Database) -> Waits:
    await ordered(context(database), await person(database, credits_=100), "a", 60)

    async def claim() -> Sequence[object]:
        assert await job_leases.any_to_claim()
        return await job_leases.claim(1, for_one=1, in_all=1)

    assert await database.transact(claim)
    return Waits(10, lambda: database.transact(claim))


async def round_of_work(database: Database) -> Waits:
    async def work(position: int) -> int:
        return position + 1

    async def run() -> bool:
        return await periodic.run_if_due(database, "r", work, every=300)

    assert await run()
    assert not await run()
    return Waits(300, run)


async def role_of_a_process_that_died(database: Database) -> Waits:
    assert await database.transact(leases.acquire, "poller", 1, 6000)
    assert not await database.transact(leases.acquire, "poller", 2, 6000)
    return Waits(6, lambda: database.transact(leases.acquire, "poller", 2, 6000))


async def name_of_a_process_that_died(database: Database) -> Waits:
    assert await database.transact(leases.acquire, "poller", 1, 6000)

    async def is_over() -> bool:
        return await leases.find_holder("poller") is None

    assert not await is_over()
    return Waits(6, is_over)


async def next_alert_about_an_outage(database: Database) -> Waits:
    async def begin() -> bool:
        return await outages.begin("stripe", 1, 1_800_000)

    assert await database.transact(begin)
    await database.transact(outages.end, "stripe")
    assert not await database.transact(begin)
    return Waits(1800, lambda: database.transact(begin))


async def _opened(database: Database, *, page: bool = True) -> Purchase:
    user = await person(database)
    offer = Offer.of(PRICES.get("buy_100"), user.id, "stripe")
    purchase = await database.transact(purchases.begin, "press", offer)
    if page:
        link = CheckoutPage("cs_1", "https://pay", now() + timedelta(hours=23))
        await database.transact(purchases.attach, purchase, link)
    return purchase


async def first_check_of_a_purchase(database: Database) -> Waits:
    await _opened(database)
    return Waits(180, lambda: purchase_checks.due(["stripe"], 0, 5, all_of_them=False))


async def later_check_of_a_purchase(database: Database) -> Waits:
    purchase = await _opened(database)
    moving_clock().move(20 * HOUR)
    await database.transact(purchase_checks.mark_checked, purchase)
    # It is due from the moment on which the clock is set back, not for ever: a round looks every few minutes.
    return Waits(HOUR - 60, lambda: purchase_checks.due(["stripe"], 0, 5, all_of_them=False))


async def press_that_means_the_purchase_before(database: Database) -> Waits:
    purchase = await _opened(database, page=False)
    assert purchase.is_younger(3)

    async def is_over() -> bool:
        return not purchase.is_younger(3)

    return Waits(3, is_over)


async def try_to_open_a_checkout(database: Database) -> Waits:
    purchase = await _opened(database, page=False)
    assert purchase.is_opening

    async def is_over() -> bool:
        return not purchase.is_opening

    return Waits(600, is_over)


async def fast_calls(_: Database) -> Waits:
    limiter = RateLimiter(each_second=1, burst=1)
    assert limiter.delay_for("a") == 0 < limiter.delay_for("a")

    async def is_over() -> bool:
        return limiter.delay_for("a") == 0

    return Waits(1, is_over)


async def wrong_tokens(_: Database) -> Waits:
    failed = FailedAttempts()
    for _n in range(MAX_FROM_ADDRESS):
        failed.add("192.0.2.1")
    assert failed.delay_for("192.0.2.1")

    async def is_over() -> bool:
        return failed.delay_for("192.0.2.1") == 0

    return Waits(WINDOW_SECONDS, is_over)


CASES = [
    second_message_of_a_chat,
    message_that_is_tried_again,
    message_that_telegram_puts_off_for_hours,
    message_of_a_sender_that_died,
    event_that_is_tried_again,
    update_of_a_process_that_died,
    next_part_of_a_long_text,
    job_of_a_worker_that_died,
    round_of_work,
    role_of_a_process_that_died,
    name_of_a_process_that_died,
    next_alert_about_an_outage,
    first_check_of_a_purchase,
    later_check_of_a_purchase,
    press_that_means_the_purchase_before,
    try_to_open_a_checkout,
    fast_calls,
    wrong_tokens,
]


@pytest.mark.parametrize("by", [-HOUR, HOUR], ids=["back", "forward"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
async def test_nothing_waits_longer_than_its_interval(
    database: Database, case: Callable[[Database], Awaitable[Waits]], by: float
) -> None:
    clock = moving_clock()
    waits = await case(database)
    clock.set_by(by)
    clock.move(waits.seconds + 1)
    assert await waits.is_over()


async def test_a_link_that_seems_to_be_valid_for_longer_than_any_is_not_shown_again(
    database: Database,
) -> None:
    purchase = await _opened(database)
    assert purchase.can_be_paid
    moving_clock().set_by(-48 * HOUR)
    assert not purchase.can_be_paid


@pytest.mark.parametrize("by", [-HOUR, HOUR], ids=["back", "forward"])
async def test_a_service_fails_for_as_long_as_it_fails(database: Database, by: float) -> None:
    clock, monitor = moving_clock(), OutageMonitor(payments(database, operators=(900,)))

    async def alerts() -> int:
        await monitor.check()
        return await outbox.Notice.filter(text="operator-outage").count()

    monitor.observe(STRIPE, DOWN)
    clock.set_by(by)
    for _ in range(3):
        monitor.observe(STRIPE, DOWN)
    assert await alerts() == 0
    clock.move(180)
    monitor.observe(STRIPE, DOWN)
    assert await alerts() == 1
    (alert,) = await outbox.Notice.filter(text="operator-outage")
    assert alert.text_values["minutes"] == 3
    assert 0 <= unix_time() - (await outages.find_start(STRIPE) or 0) - 180 < 60


class Asked(MockPayments):
    """A provider that remembers since when it was asked for events."""

    name = "asked"

    def __init__(self) -> None:
        super().__init__()
        self.since: list[int] = []

    async def events(self, since: int) -> AsyncIterator[Sequence[ProviderEvent]]:
        """Have no events."""
        self.since.append(since)
        return
        yield ()


@pytest.mark.parametrize("by", [-HOUR, HOUR], ids=["back", "forward"])
async def test_missed_events_are_asked_for_from_before_the_clock_was_set(
    database: Database, by: float
) -> None:
    clock, provider = moving_clock(), Asked()
    jobs = PeriodicJobs(payments(database, provider), every=300, on_audit=lambda _: None)
    await jobs.missed()
    looked_at = unix_time()
    clock.set_by(by)
    clock.move(300)
    await jobs.missed()
    assert len(provider.since) == 2
    assert provider.since[1] <= min(looked_at, looked_at + by) - 300 or by > 0


async def test_a_webhook_that_is_late_is_reported_although_the_clock_was_set_back(database: Database) -> None:
    clock, watch = moving_clock(), WebhookWatch(payments(database, operators=(900,)), Deliveries())
    await watch.look_ended(0, unix_time())
    clock.move(60)
    await watch.look_ended(1, unix_time())
    clock.set_by(-HOUR)
    for _ in range(3):
        clock.move(WAIT_SECONDS)
        await watch.look_ended(1, unix_time())
    assert await outages.find_start(late_webhooks.WEBHOOKS.party)


async def test_webhooks_that_arrive_again_are_told_although_the_clock_was_set_back(
    database: Database,
) -> None:
    await late_webhooks.report(database, (900,), 0)
    moving_clock().set_by(-HOUR)
    await late_webhooks.report_end(database, (900,), unix_time())
    assert await outages.find_start(late_webhooks.WEBHOOKS.party) is None


async def test_the_clock_of_a_test_can_be_set_back_and_no_time_passes() -> None:
    clock = moving_clock()
    time, span = clock.time(), clock.monotonic()
    clock.set_by(-HOUR)
    assert clock.time() - time == pytest.approx(-HOUR, abs=60)
    assert clock.monotonic() - span == pytest.approx(0, abs=60)
    assert clock.offset_ms == -HOUR * 1000
