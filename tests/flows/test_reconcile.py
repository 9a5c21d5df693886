"""What no webhook told is found all the same: at the start, by the round, and by the command."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from bot_platform.domain import ledger, purchases
from bot_platform.domain.checkout import ProviderDown
from bot_platform.domain.inbox import Event
from bot_platform.domain.inbox import EventState as Told
from bot_platform.domain.outbox import Notice
from bot_platform.domain.purchases import Purchase, PurchaseState
from bot_platform.domain.reversals import Reversal
from bot_platform.domain.schedules import Round
from bot_platform.domain.users import User
from bot_platform.flows import provider_events, reconcile
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

ADMIN = 900


@dataclass
class Deaf:
    """A till to which no webhook ever comes."""

    payments: PaymentContext
    world: World
    user: User

    async def open(self, package: str = "buy_100", user: User | None = None) -> Purchase:
        """Begin a purchase; its session waits to be paid."""
        known = await Purchase.all().values_list("id", flat=True)
        await buy(self.payments, user or self.user, PRICES.get(package), f"press-{len(list(known))}")
        return await Purchase.exclude(id__in=known).get()

    async def sold(self) -> Purchase:
        """Sell and hear of it, so that only what follows is missed."""
        purchase = await self.open()
        await self.world.local.pay(purchase.provider_ref or "")
        await self.look()
        return await purchases.get(purchase.id)

    def rounds(self, *, selling: PaymentContext | None = None) -> workers.PeriodicJobs:
        return workers.PeriodicJobs(selling or self.payments, every=300, on_audit=lambda _: None)

    async def handle(self, within: float = 10) -> None:
        """Let the loop of stored events do what it can."""
        loop = workers.inbox_worker(self.payments)
        running = asyncio.create_task(loop.run())
        await loop.wait_idle(within)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await loop.finish(within)

    async def look(self) -> None:
        """Make the round as after a start, and handle what it found."""
        await self.rounds().missed()
        await self.handle()

    async def state(self, purchase: Purchase) -> PurchaseState:
        return (await purchases.get(purchase.id)).state

    async def in_order(self) -> bool:
        broken = await audit_books(self.payments.database, (), lambda _: None)
        return not broken


@pytest.fixture
async def deaf(database: Database) -> AsyncIterator[Deaf]:
    async with world() as w:
        w.local.mischief.lost = True
        provider = stripe_at(w)
        books = payments(database, provider, admins=(ADMIN,))
        yield Deaf(books, w, await person(database))
        await provider.close()


def stripe_at(w: World) -> StripePayments:
    return StripePayments(
        secret_key=KEY,
        api_base=w.url,
        webapp_url="https://bot.example",
        proxy_url=None,
        live=False,
        patience=3,
    )


async def test_a_payment_whose_webhook_was_lost_is_credited_once_however_often_we_look(deaf: Deaf) -> None:
    purchase = await deaf.open()
    await deaf.world.local.pay(purchase.provider_ref or "")
    for _ in range(3):
        await deaf.look()
    assert await deaf.state(purchase) is PurchaseState.PAID
    assert await balance(deaf.user) == 10_000
    assert await Notice.filter(text="payment-received").count() == 1
    assert await deaf.in_order()


@pytest.mark.parametrize(
    ("how", "ends"), [("bank_transfer", PurchaseState.PAID), ("bank_transfer_fails", PurchaseState.FAILED)]
)
async def test_a_bank_transfer_of_which_nothing_was_heard_comes_to_its_end(
    deaf: Deaf, how: str, ends: PurchaseState
) -> None:
    purchase = await deaf.open()
    await deaf.world.local.pay(purchase.provider_ref or "", how)
    await deaf.world.local.settled()
    await deaf.look()
    assert await deaf.state(purchase) is ends
    assert await balance(deaf.user) == (10_000 if ends is PurchaseState.PAID else 0)
    assert await deaf.in_order()


async def test_an_expired_session_of_which_nothing_was_heard_expires(deaf: Deaf) -> None:
    purchase = await deaf.open()
    await deaf.world.local.expire(purchase.provider_ref or "")
    await deaf.look()
    assert await deaf.state(purchase) is PurchaseState.EXPIRED


async def test_a_refund_in_the_dashboard_of_which_nothing_was_heard_takes_the_credits(deaf: Deaf) -> None:
    purchase = await deaf.sold()
    await deaf.world.local.refund(purchase.payment_ref or "", 125)
    await deaf.look()
    assert await balance(deaf.user) == 7_500
    await deaf.look()
    assert await balance(deaf.user) == 7_500
    assert await deaf.in_order()


async def test_a_payment_that_was_asked_about_and_refunded_before_its_event_is_found_stays_refunded(
    deaf: Deaf,
) -> None:
    purchase = await deaf.open()
    await deaf.world.local.pay(purchase.provider_ref or "")
    await reconcile.one(deaf.payments, purchase)  # the buyer pressed "I have paid"
    await deaf.world.local.refund(purchase.provider_ref or "", 125)
    await deaf.rounds().reversals()
    assert await deaf.state(purchase) is PurchaseState.PARTLY_REVERSED
    await deaf.look()
    assert await balance(deaf.user) == 7_500
    assert await deaf.in_order()
    assert await deaf.state(purchase) is PurchaseState.PARTLY_REVERSED


async def test_a_dispute_of_which_nothing_was_heard_takes_the_credits_and_gives_them_back(
    deaf: Deaf,
) -> None:
    purchase = await deaf.sold()
    dispute = await deaf.world.local.dispute(purchase.payment_ref or "")
    await deaf.look()
    assert await balance(deaf.user) == 0
    assert await Notice.filter(text="operator-dispute").count() == 1
    await deaf.world.local.move_dispute(dispute["id"], "won")
    await deaf.look()
    assert await balance(deaf.user) == 10_000
    assert await deaf.in_order()


async def test_a_warning_of_which_nothing_was_heard_freezes_until_it_is_cleared(deaf: Deaf) -> None:
    purchase = await deaf.sold()
    warning = await deaf.world.local.warn(purchase.payment_ref or "")
    await deaf.look()
    assert (await ledger.find_account(deaf.user.id)).frozen
    await deaf.world.local.clear_warning(warning["id"])
    await deaf.look()
    assert not (await ledger.find_account(deaf.user.id)).frozen
    assert await deaf.in_order()


async def test_a_whole_story_that_was_missed_ends_where_stripe_s_does(deaf: Deaf) -> None:
    purchase = await deaf.open()
    await deaf.world.local.pay(purchase.provider_ref or "")
    await deaf.world.local.refund(purchase.provider_ref or "", 100)
    dispute = await deaf.world.local.dispute(purchase.provider_ref or "", inquiry=True)
    await deaf.world.local.move_dispute(dispute["id"], "warning_closed")
    await deaf.look()
    assert await balance(deaf.user) == 8_000
    assert not (await ledger.find_account(deaf.user.id)).frozen
    assert await deaf.in_order()


@pytest.mark.parametrize("inquiry", [False, True], ids=["dispute", "inquiry"])
async def test_the_operator_hears_of_a_dispute_that_was_missed_together_with_its_payment(
    deaf: Deaf, *, inquiry: bool
) -> None:
    purchase = await deaf.open()
    await deaf.world.local.pay(purchase.provider_ref or "")
    await deaf.world.local.dispute(purchase.provider_ref or "", inquiry=inquiry)
    await deaf.rounds().missed()
    for row in await Event.filter(state=Told.RECEIVED).order_by("id"):
        await provider_events.handle(
            deaf.payments, row
        )  # one by one, as the list gave them: the newest first
    assert await deaf.in_order()
    assert await Notice.filter(chat_id=ADMIN, text="operator-dispute").count() == 1


async def test_more_than_one_page_of_events_is_read_to_its_end(deaf: Deaf) -> None:
    buyers = [await person(deaf.payments.database, 1_000 + n) for n in range(105)]
    opened = [await deaf.open(user=buyer) for buyer in buyers]
    for purchase in opened:
        await deaf.world.local.pay(purchase.provider_ref or "")
    await deaf.rounds().missed()
    pages = [r for r in deaf.world.local.requests if r.path == "/v1/events"]
    assert len(pages) >= 2
    await deaf.handle(60)
    assert [await balance(buyer) for buyer in buyers] == [10_000] * 105
    assert await Event.filter(state=Told.RECEIVED).count() == 0


async def test_more_than_one_page_of_refunds_is_read_to_its_end(deaf: Deaf) -> None:
    purchase = await deaf.sold()
    for _ in range(105):
        await deaf.world.local.refund(purchase.payment_ref or "", 1)
    await deaf.rounds().reversals()
    assert len([r for r in deaf.world.local.requests if r.path == "/v1/refunds"]) == 2
    assert await balance(deaf.user) == -(-(500 - 105) * 20)
    assert await Reversal.all().count() == 105
    assert await deaf.in_order()


async def test_each_look_goes_back_behind_the_last_one(deaf: Deaf) -> None:
    await deaf.look()
    mark = (await Round.get(name="missed:stripe")).mark
    assert abs(mark - time.time()) < 5
    await deaf.look()
    first, second = [
        int(r.params["created"]["gte"]) for r in deaf.world.local.requests if r.path == "/v1/events"
    ]
    assert abs(first - (time.time() - reconcile.FIRST_LOOK)) < 10
    assert second == mark - reconcile.OVERLAP


async def test_stripe_down_in_the_middle_moves_no_mark_and_loses_nothing(deaf: Deaf) -> None:
    purchase = await deaf.sold()
    await deaf.look()
    mark = (await Round.get(name="missed:stripe")).mark
    buyers = [await person(deaf.payments.database, 1_000 + n) for n in range(101)]
    for buyer in buyers:
        opened = await deaf.open(user=buyer)
        await deaf.world.local.pay(opened.provider_ref or "")
    rounds = deaf.rounds()
    # The first page is answered, the second is not.
    deaf.world.local.faults.delay("/v1/events", 0.0)
    deaf.world.local.faults.answer("/v1/events", 503, {"error": {"type": "api_error"}}, times=9)
    with pytest.raises(ProviderDown):
        await rounds.missed()
    assert (await Round.get(name="missed:stripe")).mark == mark
    assert await Event.all().count() >= 100
    deaf.world.local.faults.clear()
    await rounds.missed()
    await deaf.handle(60)
    assert [await balance(buyer) for buyer in buyers] == [10_000] * 101
    assert await deaf.state(purchase) is PurchaseState.PAID


async def test_under_the_mock_stripe_is_left_in_peace(deaf: Deaf) -> None:
    purchase = await deaf.open()
    before = len(deaf.world.local.requests)
    mocked = payments(deaf.payments.database, MockPayments(), deaf.payments.providers["stripe"])
    rounds = deaf.rounds(selling=mocked)
    await rounds.missed()
    await rounds.reversals()
    assert len(deaf.world.local.requests) == before
    assert await deaf.state(purchase) is PurchaseState.OPEN


async def test_a_purchase_of_which_nothing_is_heard_is_asked_about_later_and_later(deaf: Deaf) -> None:
    purchase = await deaf.open()
    await deaf.look()

    def asked() -> int:
        return len([r for r in deaf.world.local.requests if r.path.endswith(f"/{purchase.provider_ref}")])

    assert asked() == 0  # a webhook has three minutes
    for n in (1, 2):
        await query("UPDATE purchase SET ask_at = created_at")
        await deaf.look()
        assert asked() == n
        await deaf.look()
        assert asked() == n


async def test_the_session_of_a_silent_purchase_pays_it_when_even_the_list_of_events_is_empty(
    deaf: Deaf,
) -> None:
    purchase = await deaf.open()
    await deaf.world.local.pay(purchase.provider_ref or "")
    await query("UPDATE purchase SET ask_at = created_at")
    deaf.world.local.faults.answer("/v1/events", 200, {"object": "list", "data": [], "has_more": False})
    await deaf.look()
    assert await deaf.state(purchase) is PurchaseState.PAID
    assert await deaf.in_order()


async def test_a_refund_of_a_payment_we_never_heard_of_brings_the_payment_with_it(deaf: Deaf) -> None:
    purchase = await deaf.open()
    await deaf.world.local.pay(purchase.provider_ref or "")
    await deaf.world.local.refund(purchase.provider_ref or "", 250)
    await deaf.rounds().reversals()
    assert await deaf.state(purchase) is PurchaseState.PARTLY_REVERSED
    assert await balance(deaf.user) == 5_000
    assert await deaf.in_order()


async def test_somebody_else_s_refunds_at_the_same_stripe_change_nothing_here(deaf: Deaf) -> None:
    session = await deaf.world.open(amount=700)
    await deaf.world.local.pay(session.id)
    await deaf.world.local.refund(session.id)
    rounds = deaf.rounds()
    await rounds.missed()
    await rounds.reversals()
    await deaf.handle()
    assert await balance(deaf.user) == 0
    assert not await Notice.exists()
    assert await deaf.in_order()


UNREADABLE = {"id": "evt_odd", "object": "event", "type": "checkout.session.completed", "created": 1}


async def test_an_event_that_cannot_be_read_does_not_hide_the_others(deaf: Deaf) -> None:
    purchase = await deaf.open()
    await deaf.world.local.pay(purchase.provider_ref or "")
    events = [dict(event) for event in reversed(deaf.world.local.events)]
    odd = {"object": "list", "data": [UNREADABLE, *events], "has_more": False, "url": "/v1/events"}
    deaf.world.local.faults.answer("/v1/events", 200, odd, times=9)
    await deaf.look()
    assert await deaf.state(purchase) is PurchaseState.PAID


async def test_two_replicas_that_look_at_once_store_and_credit_once(deaf: Deaf) -> None:
    purchase = await deaf.open()
    await deaf.world.local.pay(purchase.provider_ref or "")
    await asyncio.gather(deaf.rounds().missed(), deaf.rounds().missed(), deaf.handle(), deaf.handle())
    await deaf.handle()
    assert len([r for r in deaf.world.local.requests if r.path == "/v1/events"]) == 1
    assert await balance(deaf.user) == 10_000
