"""A refund returns the money once, and takes back exactly the credits that it bought."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from bot_platform.domain import ledger, purchases
from bot_platform.domain.checkout import (
    CheckoutPage,
    CheckoutRef,
    Line,
    News,
    NotForUs,
    PaymentConfirmed,
    PaymentReversed,
    ProviderDown,
    ProviderEvent,
    RefundRefused,
    Stage,
)
from bot_platform.domain.checkout_orders import CheckoutOrder, RefundOrder
from bot_platform.domain.errors import BooksBroken, CannotRefund
from bot_platform.domain.ledger import Account, HoldState
from bot_platform.domain.outbox import Notice
from bot_platform.domain.purchases import Offer, Purchase, PurchaseState
from bot_platform.domain.refunds import Refund, RefundState
from bot_platform.domain.reversals import Reversal
from bot_platform.domain.users import User
from bot_platform.flows import provider_events, refund
from bot_platform.flows.audit import audit_books
from bot_platform.flows.buy import buy
from bot_platform.flows.context import PaymentContext
from bot_platform.infra.clock import now
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from bot_platform.providers.mock import MockPayments
from bot_platform.providers.stripe.payments import StripePayments
from bot_platform.runtime import workers
from tests.makers import PRICES, balance, payments, person
from tests.sandbox.stripe_world import KEY, World, world

ADMIN = 900


@dataclass
class Bank:
    """A provider that returns money once for each order; `mood` says how it answers."""

    name: str = "stripe"
    account: str = "test:acct_1"
    refusal: str = "no-payment-link"
    same_press_seconds: float = 0.0
    mood: str = "well"
    orders: list[RefundOrder] = field(default_factory=list)
    made: dict[int, int] = field(default_factory=dict)
    first: Callable[[], Any] | None = None

    async def open(self, order: CheckoutOrder) -> CheckoutPage | PaymentConfirmed:
        raise AssertionError(order)

    async def lines(self, checkout: CheckoutRef) -> Sequence[Line]:
        raise AssertionError(checkout)

    async def look(self, provider_ref: str) -> News:
        return NotForUs(provider_ref, keep=False)

    async def behind(self, payment_ref: str) -> News:
        return NotForUs(payment_ref, keep=False)

    async def event(self, id_: str) -> None:
        """Know no event."""

    async def refund(self, order: RefundOrder) -> PaymentReversed:
        self.orders.append(order)
        if self.mood == "refuses":
            raise RefundRefused("Charge has already been refunded.")
        if self.mood == "down":
            raise ProviderDown
        self.made.setdefault(order.refund_id, order.amount)
        if self.mood == "down after doing":
            raise ProviderDown
        if self.first:
            await self.first()
        stages = {"pending": Stage.REFUND_PENDING, "failed": Stage.REFUND_UNDONE}
        return refund_news(order, stages.get(self.mood, Stage.REFUNDED))

    async def events(self, since: int) -> AsyncIterator[Sequence[ProviderEvent]]:
        raise AssertionError(since)
        yield ()

    async def reversals(self, since: int) -> AsyncIterator[Sequence[News]]:
        raise AssertionError(since)
        yield ()

    async def close(self) -> None:
        """Nothing is open."""


def refund_news(order: RefundOrder, stage: Stage, as_of: int | None = None) -> PaymentReversed:
    """Make the news about a refund, as its event has them."""
    moment = int(time.time()) if as_of is None else as_of
    key = f"stripe:re_{order.refund_id}"
    names = order.refund_id, order.uid
    return PaymentReversed(
        "stripe", key, order.payment_ref, stage, order.amount, order.currency, moment, *names
    )


@dataclass
class Sold:
    """A purchase that was paid with 5.00 USD."""

    payments: PaymentContext
    bank: Bank
    user: User
    purchase: Purchase

    async def refund(self, amount: int | None = None, *, force: bool = False) -> Refund:
        requested = await refund.request(
            self.payments, self.purchase.id, amount=amount, reason="asked for", force=force
        )
        return await refund.carry_out(self.payments, requested)

    async def state(self) -> PurchaseState:
        return (await purchases.get(self.purchase.id)).state

    async def balanced(self) -> bool:
        return not await audit_books(self.payments.database, (), lambda _: None)


async def sell(context: PaymentContext, user: User, name: str = "p", *, charged: int = 500) -> Purchase:
    """Sell 100 credits for 5.00 USD."""
    offer = Offer.of(PRICES.get("buy_100"), user.id, "stripe")
    purchase = await context.database.transact(purchases.begin, name, offer)
    ref = CheckoutRef("stripe", f"cs_{purchase.id}", f"pi_{purchase.id}", purchase.id, user.id)
    await provider_events.apply(context, PaymentConfirmed(ref, 500, charged, "usd"), "a look")
    return await purchases.get(purchase.id)


@pytest.fixture
async def sold(database: Database) -> Sold:
    bank = Bank()
    context = payments(database, bank, operators=(ADMIN,))
    user = await person(database)
    return Sold(context, bank, user, await sell(context, user))


async def spend(database: Database, user: User, amount: int) -> None:
    async def story() -> None:
        account = await ledger.lock(user.id)
        held = await ledger.hold(account, amount, f"work:{amount}")
        await ledger.capture(account, held, amount)

    await database.transact(story)


async def worker(context: PaymentContext, within: float = 5) -> None:
    """Let the refund worker do all that is due."""
    refunds = workers.refund_worker(context)
    running = asyncio.create_task(refunds.run())
    await refunds.wait_idle(within)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await refunds.finish(within)


async def make_due() -> None:
    """Make all waiting refunds due."""
    await query("UPDATE refund SET next_at = 0, lease_until = 0")


async def count_notices(chat_id: int, text: str) -> int:
    return await Notice.filter(chat_id=chat_id, text=text).count()


async def test_a_refund_returns_all_the_money_and_takes_all_the_credits(sold: Sold) -> None:
    ended = await sold.refund()
    assert (ended.state, ended.amount) == (RefundState.DONE, 500)
    assert sold.bank.made == {ended.id: 500}
    assert await balance(sold.user) == 0
    assert await sold.state() is PurchaseState.REVERSED
    assert await count_notices(sold.user.telegram_id, "credits-taken-back") == 1
    assert await sold.balanced()


@pytest.mark.parametrize(
    "parts", [[250, 250], [1] * 10 + [490], [167, 167, 166], [499, 1], [333, 1, 166]], ids=str
)
async def test_all_parts_together_take_exactly_all_credits(sold: Sold, parts: list[int]) -> None:
    returned, before = 0, 10_000
    for part in parts:
        assert (await sold.refund(part)).state is RefundState.DONE
        returned += part
        left = await balance(sold.user)
        assert left == 10_000 - -(-10_000 * returned // 500)
        assert left < before
        before = left
        assert await sold.balanced()
    assert left == 0
    assert await sold.state() is PurchaseState.REVERSED
    with pytest.raises(CannotRefund, match="refund-too-much"):
        await sold.refund(1)


@pytest.mark.parametrize("charged", [1, 3, 7, 333, 450, 595, 30_001])
async def test_parts_of_a_price_that_does_not_divide_take_exactly_all_credits(
    database: Database, charged: int
) -> None:
    context = payments(database, Bank())
    user = await person(database)
    purchase = await sell(context, user, charged=charged)
    part, left = max(1, charged // 3), charged
    while left:
        amount = min(part, left)
        requested = await refund.request(context, purchase.id, amount=amount, reason="part", force=False)
        await refund.carry_out(context, requested)
        left -= amount
        assert await balance(user) >= 0
        assert not await audit_books(database, (), lambda _: None)
    assert await balance(user) == 0
    assert (await purchases.get(purchase.id)).state is PurchaseState.REVERSED


@pytest.mark.parametrize("amount", [501, 0, -1, 2**63])
async def test_more_than_was_paid_and_less_than_the_smallest_unit_is_refused(sold: Sold, amount: int) -> None:
    with pytest.raises(CannotRefund, match="refund-too-much"):
        await sold.refund(amount)
    assert not sold.bank.orders
    assert await balance(sold.user) == 10_000


@pytest.mark.parametrize(
    "state", [PurchaseState.OPEN, PurchaseState.PROCESSING, PurchaseState.EXPIRED, PurchaseState.FAILED]
)
async def test_an_unpaid_purchase_cannot_be_refunded(sold: Sold, state: PurchaseState) -> None:
    offer = Offer.of(PRICES.get("buy_100"), sold.user.id, "stripe")
    purchase = await sold.payments.database.transact(purchases.begin, "unpaid", offer)
    await Purchase.filter(id=purchase.id).update(state=state)
    with pytest.raises(CannotRefund, match="refund-not-paid"):
        await refund.request(sold.payments, purchase.id, amount=None, reason="no", force=True)


@pytest.mark.parametrize("number", [0, 404, 2**63, -1])
async def test_an_unknown_purchase_cannot_be_refunded(sold: Sold, number: int) -> None:
    with pytest.raises(CannotRefund, match="refund-no-purchase"):
        await refund.request(sold.payments, number, amount=None, reason="no", force=True)


async def test_spent_credits_forbid_a_refund_unless_forced_and_become_a_debt(sold: Sold) -> None:
    await spend(sold.payments.database, sold.user, 9_000)
    with pytest.raises(CannotRefund, match="refund-spent"):
        await sold.refund()
    assert (await sold.refund(50)).state is RefundState.DONE
    assert await balance(sold.user) == 0
    assert (await sold.refund(force=True)).state is RefundState.DONE
    assert await balance(sold.user) == -9_000
    assert await sold.balanced()


async def test_a_forced_refund_takes_credits_that_a_job_holds(sold: Sold) -> None:
    async def hold() -> ledger.Hold:
        return await ledger.hold(await ledger.lock(sold.user.id), 6_000, "work:1")

    held = await sold.payments.database.transact(hold)
    with pytest.raises(CannotRefund, match="refund-spent"):
        await sold.refund()
    await sold.refund(force=True)
    account = await ledger.find_account(sold.user.id)
    assert (account.balance, account.held) == (0, 6_000)
    assert await sold.balanced()

    async def capture() -> bool:
        return await ledger.capture(await ledger.lock(sold.user.id), held, 6_000)

    assert await sold.payments.database.transact(capture)
    assert await balance(sold.user) == -6_000
    assert await sold.balanced()


async def test_a_frozen_account_can_be_refunded(sold: Sold) -> None:
    inquiry = PaymentReversed(
        "stripe", "stripe:du_1", sold.purchase.payment_ref or "", Stage.INQUIRY, 500, "usd", 1
    )
    await provider_events.apply(sold.payments, inquiry, "a look")
    assert (await ledger.find_account(sold.user.id)).frozen
    assert (await sold.refund()).state is RefundState.DONE
    assert await sold.balanced()


async def test_concurrent_requests_for_the_whole_amount_return_it_once(sold: Sold) -> None:
    tries = await asyncio.gather(*(sold.refund() for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(one, Refund) for one in tries) == 1
    assert sum(isinstance(one, CannotRefund) for one in tries) == 4
    assert sum(sold.bank.made.values()) == 500
    assert await balance(sold.user) == 0


async def test_concurrent_requests_for_parts_never_exceed_the_whole(sold: Sold) -> None:
    tries = await asyncio.gather(*(sold.refund(150) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(one, Refund) for one in tries) == 3
    assert sum(sold.bank.made.values()) == 450
    assert await balance(sold.user) == 1_000
    assert await sold.balanced()


async def test_a_refund_that_the_provider_refuses_releases_the_credits_and_alerts_the_operator(
    sold: Sold,
) -> None:
    sold.bank.mood = "refuses"
    ended = await sold.refund()
    assert (ended.state, ended.error) == (RefundState.FAILED, "Charge has already been refunded.")
    account = await ledger.find_account(sold.user.id)
    assert (account.balance, account.held) == (10_000, 0)
    assert await count_notices(ADMIN, "operator-refund-refused") == 1
    assert not await Notice.filter(text="credits-taken-back").exists()
    sold.bank.mood = "well"
    assert (await sold.refund()).state is RefundState.DONE
    assert await sold.balanced()


@pytest.mark.parametrize("mood", ["down", "down after doing"])
async def test_a_refund_without_an_answer_is_requested_again_until_one_comes(sold: Sold, mood: str) -> None:
    sold.bank.mood = mood
    with pytest.raises(ProviderDown):
        await sold.refund()
    account = await ledger.find_account(sold.user.id)
    assert (account.balance, account.held) == (10_000, 10_000)
    assert await sold.balanced()
    await make_due()
    await worker(sold.payments)
    assert (await Refund.get()).state is RefundState.ASKED
    sold.bank.mood = "well"
    await make_due()
    await worker(sold.payments)
    assert (await Refund.get()).state is RefundState.DONE
    assert sum(sold.bank.made.values()) == 500
    assert [order.again for order in sold.bank.orders] == [False, True, True]
    assert await balance(sold.user) == 0
    assert await sold.balanced()


async def test_a_refund_whose_process_died_before_asking_is_carried_out_by_the_worker(sold: Sold) -> None:
    requested = await refund.request(sold.payments, sold.purchase.id, amount=200, reason="crash", force=False)
    await worker(sold.payments, 1)
    assert sold.bank.orders == []  # the process that stored it has a lease of 30 seconds
    await make_due()
    await worker(sold.payments)
    assert (await Refund.get(id=requested.id)).state is RefundState.DONE
    assert [order.again for order in sold.bank.orders] == [True]
    assert await balance(sold.user) == 6_000


async def test_two_replicas_carry_out_a_refund_once(sold: Sold) -> None:
    await refund.request(sold.payments, sold.purchase.id, amount=None, reason="crash", force=False)
    await make_due()
    await asyncio.gather(worker(sold.payments), worker(sold.payments))
    assert len(sold.bank.orders) == 1
    assert await balance(sold.user) == 0


@pytest.mark.parametrize("stage", [Stage.REFUND_PENDING, Stage.REFUNDED])
async def test_the_order_of_event_and_answer_makes_no_difference(sold: Sold, stage: Stage) -> None:
    async def receive_event() -> None:
        order = sold.bank.orders[-1]
        event = ProviderEvent("stripe:evt_1", "refund.created", {}, refund_news(order, stage))
        await provider_events.receive(sold.payments, event)

    sold.bank.first = receive_event
    ended = await sold.refund(100)
    assert ended.state is RefundState.DONE
    assert await balance(sold.user) == 8_000
    assert (await ledger.find_account(sold.user.id)).held == 0
    assert await count_notices(sold.user.telegram_id, "credits-taken-back") == 1
    assert await sold.balanced()


async def test_the_event_of_the_charge_before_that_of_the_refund_takes_nothing_twice(sold: Sold) -> None:
    requested = await refund.request(sold.payments, sold.purchase.id, amount=500, reason="no", force=False)
    ref = sold.purchase.payment_ref or ""
    charge = PaymentReversed("stripe", "stripe:ch_1", ref, Stage.REFUNDED_IN_ALL, 500, "usd", 1)
    await provider_events.apply(sold.payments, charge, "a look")
    assert await sold.balanced()
    await refund.carry_out(sold.payments, requested)
    account = await ledger.find_account(sold.user.id)
    assert (account.balance, account.held) == (0, 0)
    assert await count_notices(sold.user.telegram_id, "credits-taken-back") == 1
    assert await sold.balanced()


async def test_a_pending_refund_takes_the_credits_and_its_failure_returns_them(sold: Sold) -> None:
    sold.bank.mood = "pending"
    ended = await sold.refund()
    assert ended.state is RefundState.DONE
    assert await balance(sold.user) == 0
    late = int(time.time()) + 100
    undone = refund_news(sold.bank.orders[0], Stage.REFUND_UNDONE, late)
    for _ in range(2):
        await provider_events.apply(sold.payments, undone, "a look")
    assert (await Refund.get()).state is RefundState.FAILED
    assert await balance(sold.user) == 10_000
    assert await count_notices(ADMIN, "operator-refund-undone") == 1
    assert await count_notices(sold.user.telegram_id, "credits-given-back") == 1
    assert await sold.balanced()
    sold.bank.mood = "well"
    assert (await sold.refund()).state is RefundState.DONE
    assert await sold.balanced()


async def test_a_refund_that_fails_at_once_changes_no_balance(sold: Sold) -> None:
    sold.bank.mood = "failed"
    ended = await sold.refund()
    assert (ended.state, ended.error) == (RefundState.FAILED, "it did not go through")
    account = await ledger.find_account(sold.user.id)
    assert (account.balance, account.held) == (10_000, 0)
    assert await count_notices(sold.user.telegram_id, "credits-taken-back") == 0
    assert await count_notices(ADMIN, "operator-refund-undone") == 1
    assert await sold.balanced()


async def test_metadata_of_another_payment_do_not_finish_our_refund(sold: Sold) -> None:
    mine = await refund.request(sold.payments, sold.purchase.id, amount=500, reason="no", force=False)
    other = await person(sold.payments.database, 78)
    theirs = await sell(sold.payments, other, "other")
    claim = RefundOrder(mine.id, other.id, theirs.payment_ref or "", 500, "usd", again=False, uid=mine.uid)
    await provider_events.apply(sold.payments, refund_news(claim, Stage.REFUNDED), "a look")
    assert (await Refund.get(id=mine.id)).state is RefundState.ASKED
    assert (await ledger.find_account(sold.user.id)).held == 10_000
    assert await balance(other) == 0


async def test_a_dispute_and_a_refund_together_take_no_more_than_was_paid(sold: Sold) -> None:
    ref = sold.purchase.payment_ref or ""
    await sold.refund(300)
    await provider_events.apply(
        sold.payments, PaymentReversed("stripe", "stripe:du_1", ref, Stage.DISPUTED, 500, "usd", 1), "a look"
    )
    assert await balance(sold.user) == 0
    with pytest.raises(CannotRefund, match="refund-too-much"):
        await sold.refund()
    await provider_events.apply(
        sold.payments, PaymentReversed("stripe", "stripe:du_1", ref, Stage.WON, 500, "usd", 2), "a look"
    )
    assert await balance(sold.user) == 4_000
    assert await sold.balanced()


async def test_a_mock_purchase_is_refunded_without_asking_another_provider(database: Database) -> None:
    bank = Bank()
    context = payments(database, MockPayments(), bank)
    user = await person(database)
    await buy(context, user, PRICES.get("buy_100"), "press")
    requested = await refund.request(context, (await Purchase.get()).id, amount=250, reason="no", force=False)
    assert (await refund.carry_out(context, requested)).state is RefundState.DONE
    assert await balance(user) == 5_000
    assert bank.orders == []
    assert not await audit_books(database, (), lambda _: None)


async def test_a_stripe_purchase_is_refunded_by_stripe_while_the_mock_sells(sold: Sold) -> None:
    changed = payments(sold.payments.database, MockPayments(), sold.bank)
    assert changed.provider.name == "mock"
    requested = await refund.request(changed, sold.purchase.id, amount=None, reason="no", force=False)
    assert (await refund.carry_out(changed, requested)).state is RefundState.DONE
    assert sold.bank.made == {requested.id: 500}


async def test_a_purchase_whose_provider_is_not_set_up_cannot_be_refunded_and_nothing_is_held(
    sold: Sold,
) -> None:
    with pytest.raises(CannotRefund, match="refund-no-way"):
        await refund.request(
            payments(sold.payments.database), sold.purchase.id, amount=None, reason="no", force=False
        )
    assert (await ledger.find_account(sold.user.id)).held == 0


@dataclass
class Paid:
    """A purchase that was paid at a local Stripe."""

    payments: PaymentContext
    world: World
    user: User
    purchase: Purchase

    async def request(self, amount: int | None = None) -> Refund:
        return await refund.request(
            self.payments, self.purchase.id, amount=amount, reason="asked", force=False
        )


@pytest.fixture
async def paid(database: Database) -> AsyncIterator[Paid]:
    async with world() as w:
        provider = StripePayments(
            secret_key=KEY,
            api_base=w.url,
            webapp_url="https://bot.example",
            proxy_url=None,
            live=False,
            timeout=4,
        )
        context = payments(database, provider, operators=(ADMIN,))
        user = await person(database)
        await buy(context, user, PRICES.get("buy_100"), "press")
        purchase = await Purchase.get()
        await w.local.pay(purchase.provider_ref or "")
        await provider_events.apply(context, await provider.look(purchase.provider_ref or ""), "a look")
        yield Paid(context, w, user, await purchases.get(purchase.id))
        await provider.close()


async def test_stripe_returns_parts_to_the_last_cent(paid: Paid) -> None:
    for amount in (1, 166, 333):
        ended = await refund.carry_out(paid.payments, await paid.request(amount))
        assert ended.state is RefundState.DONE
    assert [row["amount"] for row in paid.world.local.refunds.values()] == [1, 166, 333]
    assert await balance(paid.user) == 0
    assert not await audit_books(paid.payments.database, (), lambda _: None)


async def test_stripe_refuses_a_refund_that_was_made_in_its_dashboard_before(paid: Paid) -> None:
    await paid.world.local.refund(paid.purchase.payment_ref or "", 500)
    ended = await refund.carry_out(paid.payments, await paid.request())
    assert ended.state is RefundState.FAILED
    assert ended.error
    assert "already been refunded" in ended.error
    assert (await ledger.find_account(paid.user.id)).held == 0


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_lost_connection_to_stripe_returns_the_money_once(paid: Paid, *, after: bool) -> None:
    paid.world.local.faults.drop_connection(
        "/v1/refunds", after_execution=after, method="POST", times=1 if after else 3
    )
    requested = await paid.request(200)
    if after:  # the client repeats the request with the same key
        assert (await refund.carry_out(paid.payments, requested)).state is RefundState.DONE
    else:
        with pytest.raises(ProviderDown):
            await refund.carry_out(paid.payments, requested)
        await make_due()
        await worker(paid.payments, 10)
    assert (await Refund.get(id=requested.id)).state is RefundState.DONE
    assert [row["amount"] for row in paid.world.local.refunds.values()] == [200]
    assert await balance(paid.user) == 6_000


async def test_a_refund_that_stripe_made_while_we_died_is_found_and_not_made_twice(paid: Paid) -> None:
    requested = await paid.request(200)
    names = {"refund_id": str(requested.id), "refund_uid": requested.uid}
    await paid.world.local.refund(paid.purchase.payment_ref or "", 200, metadata=names)
    await make_due()
    await worker(paid.payments, 10)
    assert (await Refund.get(id=requested.id)).state is RefundState.DONE
    assert len(paid.world.local.refunds) == 1
    assert await balance(paid.user) == 6_000
    key, row = f"stripe:{next(iter(paid.world.local.refunds))}", await Reversal.get()
    assert (row.key, row.stage) == (key, Stage.REFUNDED)


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_question_that_stripe_refuses_is_no_refused_refund(paid: Paid, status: int) -> None:
    requested = await paid.request(200)
    faults = paid.world.local.faults
    faults.drop_connection("/v1/refunds", after_execution=True, method="POST")
    faults.drop_connection("/v1/refunds", method="POST", times=2)
    with pytest.raises(ProviderDown):
        await refund.carry_out(paid.payments, requested)
    faults.answer("/v1/refunds", status, method="GET")
    await make_due()
    await worker(paid.payments, 10)
    assert (await Refund.get(id=requested.id)).state is RefundState.ASKED
    await make_due()
    await worker(paid.payments, 10)
    assert (await Refund.get(id=requested.id)).state is RefundState.DONE
    assert [row["amount"] for row in paid.world.local.refunds.values()] == [200]
    assert not await Notice.filter(text="operator-refund-refused").exists()
    assert await balance(paid.user) == 6_000


async def test_carrying_out_a_refund_again_makes_no_second_one(paid: Paid) -> None:
    requested = await paid.request(200)
    for _ in range(3):
        assert (await refund.carry_out(paid.payments, requested)).state is RefundState.DONE
    assert len(paid.world.local.refunds) == 1
    keys = {
        r.idempotency_key for r in paid.world.local.requests if (r.method, r.path) == ("POST", "/v1/refunds")
    }
    assert keys == {f"refund-{requested.uid}-{requested.id}"}
    assert await balance(paid.user) == 6_000


async def test_an_account_whose_books_are_off_is_not_refunded(sold: Sold) -> None:
    await Account.filter(user_id=sold.user.id).update(broken=True)
    with pytest.raises(BooksBroken):
        await sold.refund()
    assert not await ledger.Hold.filter(state=HoldState.HELD).exists()
    assert not sold.bank.orders


async def test_a_500_that_stripe_stores_under_the_key_does_not_delay_the_refund_for_a_day(paid: Paid) -> None:
    requested = await paid.request(200)
    # A disputed charge cannot be refunded, so Stripe stores the 500 and makes no refund.
    dispute = await paid.world.local.dispute(paid.purchase.payment_ref or "")
    paid.world.local.faults.execute_then_answer("/v1/refunds", 500, method="POST")
    with pytest.raises(ProviderDown):
        await refund.carry_out(paid.payments, requested)
    await paid.world.local.move_dispute(dispute["id"], "won")
    assert not paid.world.local.refunds
    await Refund.filter(id=requested.id).update(created_at=now() - timedelta(hours=2))
    await make_due()
    await worker(paid.payments, 10)
    assert (await Refund.get(id=requested.id)).state is RefundState.DONE
