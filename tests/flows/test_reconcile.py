"""What no webhook reported is found at the start, by the periodic job, and by the command."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from bot_platform.domain import ledger, purchases
from bot_platform.domain.checkout import ProviderDown
from bot_platform.domain.inbox import Event, EventState
from bot_platform.domain.outbox import Notice
from bot_platform.domain.purchases import Purchase, PurchaseState
from bot_platform.domain.reversals import Reversal
from bot_platform.domain.schedules import Schedule
from bot_platform.domain.users import User
from bot_platform.flows import provider_events, reconcile
from bot_platform.flows import refund as refund_flow
from bot_platform.flows.audit import audit_books
from bot_platform.flows.buy import buy
from bot_platform.flows.context import PaymentContext
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from bot_platform.providers.mock import MockPayments
from bot_platform.providers.stripe.payments import StripePayments
from bot_platform.runtime import workers
from tests.makers import PRICES, balance, payments, person
from tests.sandbox.stripe_world import KEY, World, world
from tests.waiting import moving_clock

ADMIN = 900


@dataclass
class Shop:
    """A shop that gets no webhooks."""

    payments: PaymentContext
    world: World
    user: User

    async def open(self, package: str = "buy_100", user: User | None = None) -> Purchase:
        """Begin a purchase; its checkout is open."""
        known = await Purchase.all().values_list("id", flat=True)
        await buy(self.payments, user or self.user, PRICES.get(package), f"press-{len(list(known))}")
        return await Purchase.exclude(id__in=known).get()

    async def sold(self) -> Purchase:
        """Sell and apply the payment, so that only later events are missed."""
        purchase = await self.open()
        await self.world.local.pay(purchase.provider_ref or "")
        await self.look()
        return await purchases.get(purchase.id)

    def jobs(self, *, selling: PaymentContext | None = None) -> workers.PeriodicJobs:
        return workers.PeriodicJobs(selling or self.payments, every=300, on_audit=lambda _: None)

    async def handle(self, within: float = 10) -> None:
        """Let the inbox worker handle all events."""
        worker = workers.inbox_worker(self.payments)
        running = asyncio.create_task(worker.run())
        await worker.wait_idle(within)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await worker.finish(within)

    async def look(self) -> None:
        """Look for missed events as after a start, and handle them."""
        await self.jobs().missed()
        await self.handle()

    async def state(self, purchase: Purchase) -> PurchaseState:
        return (await purchases.get(purchase.id)).state

    async def balanced(self) -> bool:
        broken = await audit_books(self.payments.database, (), lambda _: None)
        return not broken


@pytest.fixture
async def shop(database: Database) -> AsyncIterator[Shop]:
    async with world() as w:
        w.local.fault_switches.lost = True
        provider = stripe_at(w)
        context = payments(database, provider, operators=(ADMIN,))
        yield Shop(context, w, await person(database))
        await provider.close()


def stripe_at(w: World) -> StripePayments:
    return StripePayments(
        secret_key=KEY,
        api_base=w.url,
        webapp_url="https://bot.example",
        proxy_url=None,
        live=False,
        timeout=3,
    )


async def test_a_payment_whose_webhook_was_lost_is_credited_once_however_often_we_look(shop: Shop) -> None:
    purchase = await shop.open()
    await shop.world.local.pay(purchase.provider_ref or "")
    for _ in range(3):
        await shop.look()
    assert await shop.state(purchase) is PurchaseState.PAID
    assert await balance(shop.user) == 10_000
    assert await Notice.filter(text="payment-received").count() == 1
    assert await shop.balanced()


async def test_a_payment_is_found_although_events_may_not_be_read(shop: Shop) -> None:
    purchase = await shop.open()
    await Purchase.filter(id=purchase.id).update(ask_at=purchase.created_at)
    await shop.world.local.pay(purchase.provider_ref or "")
    refusal = {"error": {"type": "invalid_request_error", "message": "not permitted"}}
    shop.world.local.faults.answer("/v1/events", 403, refusal)
    with pytest.raises(ProviderDown):
        await shop.jobs().missed()
    assert await shop.state(purchase) is PurchaseState.PAID


@pytest.mark.parametrize(
    ("how", "ends"), [("bank_transfer", PurchaseState.PAID), ("bank_transfer_fails", PurchaseState.FAILED)]
)
async def test_a_missed_bank_transfer_succeeds_or_fails_in_the_end(
    shop: Shop, how: str, ends: PurchaseState
) -> None:
    purchase = await shop.open()
    await shop.world.local.pay(purchase.provider_ref or "", how)
    await shop.world.local.settled()
    await shop.look()
    assert await shop.state(purchase) is ends
    assert await balance(shop.user) == (10_000 if ends is PurchaseState.PAID else 0)
    assert await shop.balanced()


async def test_a_missed_expiry_of_a_session_expires_its_purchase(shop: Shop) -> None:
    purchase = await shop.open()
    await shop.world.local.expire(purchase.provider_ref or "")
    await shop.look()
    assert await shop.state(purchase) is PurchaseState.EXPIRED


async def test_a_missed_refund_in_the_dashboard_takes_the_credits_back(shop: Shop) -> None:
    purchase = await shop.sold()
    await shop.world.local.refund(purchase.payment_ref or "", 125)
    await shop.look()
    assert await balance(shop.user) == 7_500
    await shop.look()
    assert await balance(shop.user) == 7_500
    assert await shop.balanced()


@pytest.mark.parametrize("ahead", [600, -600])
async def test_what_is_read_at_stripe_is_as_of_stripe_s_clock_and_not_of_ours(
    database: Database, ahead: float
) -> None:
    async with world(clock=time.time) as w:
        w.local.fault_switches.lost = True
        provider = stripe_at(w)
        shop = Shop(payments(database, provider, operators=(ADMIN,)), w, await person(database))
        purchase = await shop.sold()
        moving_clock().set_by(ahead)
        refund = await w.local.refund(purchase.payment_ref or "", 125, scenario="pending")
        await shop.jobs().reversals()
        assert await balance(shop.user) == 7_500
        assert abs((await Reversal.get()).as_of - time.time()) < 60
        await w.local.finish_refund(refund["id"], "failed")
        await shop.look()
        assert await balance(shop.user) == 10_000
        assert await shop.balanced()
        await provider.close()


@pytest.mark.parametrize("ahead", [600, -600])
async def test_an_answer_to_our_refund_is_as_old_as_the_refund(database: Database, ahead: float) -> None:
    async with world(clock=time.time) as w:
        provider = stripe_at(w)
        shop = Shop(payments(database, provider, operators=(ADMIN,)), w, await person(database))
        purchase = await shop.sold()
        moving_clock().set_by(ahead)
        asked = await refund_flow.request(shop.payments, purchase.id, amount=125, reason="x", force=False)
        for attempts in (0, 1):  # made by an answer, and found again
            asked.attempts = attempts
            await refund_flow.carry_out(shop.payments, asked)
            assert abs((await Reversal.get()).as_of - time.time()) < 60
        assert await balance(shop.user) == 7_500
        await provider.close()


async def test_a_payment_that_was_asked_about_and_refunded_before_its_event_is_found_stays_refunded(
    shop: Shop,
) -> None:
    purchase = await shop.open()
    await shop.world.local.pay(purchase.provider_ref or "")
    await reconcile.check_purchase(shop.payments, purchase)  # as after the button "I have paid"
    await shop.world.local.refund(purchase.provider_ref or "", 125)
    await shop.jobs().reversals()
    assert await shop.state(purchase) is PurchaseState.PARTLY_REVERSED
    await shop.look()
    assert await balance(shop.user) == 7_500
    assert await shop.balanced()
    assert await shop.state(purchase) is PurchaseState.PARTLY_REVERSED


async def test_a_missed_dispute_takes_the_credits_back_and_its_end_returns_them(
    shop: Shop,
) -> None:
    purchase = await shop.sold()
    dispute = await shop.world.local.dispute(purchase.payment_ref or "")
    await shop.look()
    assert await balance(shop.user) == 0
    assert await Notice.filter(text="operator-dispute").count() == 1
    await shop.world.local.move_dispute(dispute["id"], "won")
    await shop.look()
    assert await balance(shop.user) == 10_000
    assert await shop.balanced()


async def test_a_missed_warning_freezes_until_it_is_cleared(shop: Shop) -> None:
    purchase = await shop.sold()
    warning = await shop.world.local.warn(purchase.payment_ref or "")
    await shop.look()
    assert (await ledger.find_account(shop.user.id)).frozen
    await shop.world.local.clear_warning(warning["id"])
    await shop.look()
    assert not (await ledger.find_account(shop.user.id)).frozen
    assert await shop.balanced()


async def test_a_series_of_missed_events_ends_in_the_state_that_stripe_has(shop: Shop) -> None:
    purchase = await shop.open()
    await shop.world.local.pay(purchase.provider_ref or "")
    await shop.world.local.refund(purchase.provider_ref or "", 100)
    dispute = await shop.world.local.dispute(purchase.provider_ref or "", inquiry=True)
    await shop.world.local.move_dispute(dispute["id"], "warning_closed")
    await shop.look()
    assert await balance(shop.user) == 8_000
    assert not (await ledger.find_account(shop.user.id)).frozen
    assert await shop.balanced()


@pytest.mark.parametrize("inquiry", [False, True], ids=["dispute", "inquiry"])
async def test_a_dispute_missed_together_with_its_payment_alerts_the_operator(
    shop: Shop, *, inquiry: bool
) -> None:
    purchase = await shop.open()
    await shop.world.local.pay(purchase.provider_ref or "")
    await shop.world.local.dispute(purchase.provider_ref or "", inquiry=inquiry)
    await shop.jobs().missed()
    for row in await Event.filter(state=EventState.RECEIVED).order_by("id"):
        await provider_events.handle(shop.payments, row)  # in the order of the list: the newest first
    assert await shop.balanced()
    assert await Notice.filter(chat_id=ADMIN, text="operator-dispute").count() == 1


async def test_more_than_one_page_of_events_is_read_to_its_end(shop: Shop) -> None:
    buyers = [await person(shop.payments.database, 1_000 + n) for n in range(105)]
    opened = [await shop.open(user=buyer) for buyer in buyers]
    for purchase in opened:
        await shop.world.local.pay(purchase.provider_ref or "")
    await shop.jobs().missed()
    pages = [r for r in shop.world.local.requests if r.path == "/v1/events"]
    assert len(pages) >= 2
    await shop.handle(60)
    assert [await balance(buyer) for buyer in buyers] == [10_000] * 105
    assert await Event.filter(state=EventState.RECEIVED).count() == 0


async def test_more_than_one_page_of_refunds_is_read_to_its_end(shop: Shop) -> None:
    purchase = await shop.sold()
    for _ in range(105):
        await shop.world.local.refund(purchase.payment_ref or "", 1)
    await shop.jobs().reversals()
    assert len([r for r in shop.world.local.requests if r.path == "/v1/refunds"]) == 2
    assert await balance(shop.user) == -(-(500 - 105) * 20)
    assert await Reversal.all().count() == 105
    assert await shop.balanced()


async def test_each_look_overlaps_the_last_one(shop: Shop) -> None:
    await shop.look()
    mark = (await Schedule.get(name="missed:stripe")).position
    assert abs(mark - time.time()) < 5
    await shop.look()
    first, second = [
        int(r.params["created"]["gte"]) for r in shop.world.local.requests if r.path == "/v1/events"
    ]
    assert abs(first - (time.time() - reconcile.FIRST_LOOK_SECONDS)) < 10
    assert second == mark - reconcile.OVERLAP_SECONDS


async def test_a_look_that_stripe_interrupts_keeps_its_mark_and_loses_nothing(shop: Shop) -> None:
    purchase = await shop.sold()
    await shop.look()
    mark = (await Schedule.get(name="missed:stripe")).position
    buyers = [await person(shop.payments.database, 1_000 + n) for n in range(101)]
    for buyer in buyers:
        opened = await shop.open(user=buyer)
        await shop.world.local.pay(opened.provider_ref or "")
    jobs = shop.jobs()
    # The first page is answered, the second is not.
    shop.world.local.faults.delay("/v1/events", 0.0)
    shop.world.local.faults.answer("/v1/events", 503, {"error": {"type": "api_error"}}, times=9)
    with pytest.raises(ProviderDown):
        await jobs.missed()
    assert (await Schedule.get(name="missed:stripe")).position == mark
    assert await Event.all().count() >= 100
    shop.world.local.faults.clear()
    await jobs.missed()
    await shop.handle(60)
    assert [await balance(buyer) for buyer in buyers] == [10_000] * 101
    assert await shop.state(purchase) is PurchaseState.PAID


async def test_with_the_mock_stripe_is_not_asked(shop: Shop) -> None:
    purchase = await shop.open()
    before = len(shop.world.local.requests)
    mocked = payments(shop.payments.database, MockPayments(), shop.payments.providers["stripe"])
    jobs = shop.jobs(selling=mocked)
    await jobs.missed()
    await jobs.reversals()
    assert len(shop.world.local.requests) == before
    assert await shop.state(purchase) is PurchaseState.OPEN


async def test_a_purchase_without_events_is_asked_about_at_growing_intervals(shop: Shop) -> None:
    purchase = await shop.open()
    await shop.look()

    def count_questions() -> int:
        return len([r for r in shop.world.local.requests if r.path.endswith(f"/{purchase.provider_ref}")])

    assert count_questions() == 0  # within three minutes a webhook may still come
    for n in (1, 2):
        await query("UPDATE purchase SET ask_at = created_at")
        await shop.look()
        assert count_questions() == n
        await shop.look()
        assert count_questions() == n


async def test_the_session_of_a_silent_purchase_pays_it_when_even_the_list_of_events_is_empty(
    shop: Shop,
) -> None:
    purchase = await shop.open()
    await shop.world.local.pay(purchase.provider_ref or "")
    await query("UPDATE purchase SET ask_at = created_at")
    shop.world.local.faults.answer("/v1/events", 200, {"object": "list", "data": [], "has_more": False})
    await shop.look()
    assert await shop.state(purchase) is PurchaseState.PAID
    assert await shop.balanced()


async def test_a_refund_of_an_unknown_payment_finds_the_payment_too(shop: Shop) -> None:
    purchase = await shop.open()
    await shop.world.local.pay(purchase.provider_ref or "")
    await shop.world.local.refund(purchase.provider_ref or "", 250)
    await shop.jobs().reversals()
    assert await shop.state(purchase) is PurchaseState.PARTLY_REVERSED
    assert await balance(shop.user) == 5_000
    assert await shop.balanced()


MISSING = {
    "error": {"type": "invalid_request_error", "code": "resource_missing", "message": "No such payment"}
}


@pytest.mark.parametrize(
    ("status", "body", "asked"),
    [(400, MISSING, 2), (404, MISSING, 2), (403, None, 3), (500, None, 3)],
    ids=["missing", "not found", "not permitted", "down"],
)
async def test_a_payment_that_stripe_does_not_tell_of_does_not_hide_the_others(
    shop: Shop, status: int, body: dict[str, Any] | None, asked: int
) -> None:
    sold = [await shop.open(), await shop.open("buy_500")]
    faults, local = shop.world.local.faults, shop.world.local
    for purchase in sold:
        await local.pay(purchase.provider_ref or "")
        await local.refund(purchase.provider_ref or "", 250)
    faults.answer("/v1/checkout/sessions", status, body, method="GET", times=3 if status == 500 else 1)
    with contextlib.suppress(ProviderDown):
        await shop.jobs().reversals()
    states = sorted([await shop.state(purchase) for purchase in sold])
    assert states == [PurchaseState.OPEN, PurchaseState.PARTLY_REVERSED]
    await query("UPDATE schedule SET next_at = 0")
    await shop.jobs().reversals()
    questions = [r for r in local.requests if (r.method, r.path) == ("GET", "/v1/checkout/sessions")]
    assert len(questions) == (asked + 2 if status == 500 else asked)
    assert await shop.balanced()


async def test_a_daily_look_that_fails_is_not_begun_again_at_once(shop: Shop) -> None:
    shop.world.local.faults.answer("/v1/disputes", 403, times=9)
    jobs = shop.jobs()
    with pytest.raises(ProviderDown):
        await jobs.reversals()
    asked = len(shop.world.local.requests)
    await jobs.reversals()
    assert len(shop.world.local.requests) == asked
    await query("UPDATE schedule SET next_at = next_at - 300000")
    with pytest.raises(ProviderDown):
        await jobs.reversals()
    assert len(shop.world.local.requests) == 2 * asked


async def test_refunds_of_another_shop_at_the_same_stripe_account_change_nothing(shop: Shop) -> None:
    session = await shop.world.open(amount=700)
    await shop.world.local.pay(session.id)
    await shop.world.local.refund(session.id)
    jobs = shop.jobs()
    await jobs.missed()
    await jobs.reversals()
    await shop.handle()
    assert await balance(shop.user) == 0
    assert not await Notice.exists()
    assert await shop.balanced()


UNREADABLE = {"id": "evt_odd", "object": "event", "type": "checkout.session.completed", "created": 1}


async def test_an_event_that_cannot_be_read_does_not_hide_the_others(shop: Shop) -> None:
    purchase = await shop.open()
    await shop.world.local.pay(purchase.provider_ref or "")
    events = [dict(event) for event in reversed(shop.world.local.events)]
    listed = {"object": "list", "data": [UNREADABLE, *events], "has_more": False, "url": "/v1/events"}
    shop.world.local.faults.answer("/v1/events", 200, listed, times=9)
    await shop.look()
    assert await shop.state(purchase) is PurchaseState.PAID


async def test_two_replicas_that_look_at_once_store_and_credit_once(shop: Shop) -> None:
    purchase = await shop.open()
    await shop.world.local.pay(purchase.provider_ref or "")
    await asyncio.gather(shop.jobs().missed(), shop.jobs().missed(), shop.handle(), shop.handle())
    await shop.handle()
    assert len([r for r in shop.world.local.requests if r.path == "/v1/events"]) == 1
    assert await balance(shop.user) == 10_000
