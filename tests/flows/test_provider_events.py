"""Events are stored once, applied once, and kept with their outcome."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot_platform.domain import inbox, ledger, purchases
from bot_platform.domain.checkout import (
    BadPayload,
    CheckoutExpired,
    CheckoutRef,
    NotForUs,
    PaymentConfirmed,
    PaymentFailed,
    PaymentPending,
    PaymentReversed,
    ProviderDown,
    ProviderEvent,
    Stage,
)
from bot_platform.domain.inbox import Event, EventState
from bot_platform.domain.outbox import Notice
from bot_platform.domain.purchases import Offer, Purchase, PurchaseState
from bot_platform.domain.reversals import Reversal
from bot_platform.domain.users import User
from bot_platform.flows import provider_events, reconcile
from bot_platform.flows.audit import audit_books
from bot_platform.flows.context import PaymentContext
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from bot_platform.providers.mock import MockPayments
from bot_platform.providers.stripe.signed_events import SignedEvents
from bot_platform.runtime import workers
from bot_platform.telegram.texts import Texts
from tests.makers import PRICES, WEBHOOK_SECRET, balance, payments, person, session_event

ADMIN = 900


@dataclass
class Reader:
    """Reads events as Stripe's reader does, and raises the given errors for some of them."""

    errors: dict[str, Exception] = field(default_factory=dict)
    real: SignedEvents = field(default_factory=lambda: SignedEvents((WEBHOOK_SECRET,), live=False))

    def read(self, body: bytes, signature: str | None) -> ProviderEvent:
        return self.real.read(body, signature)

    def again(self, payload: dict[str, Any]) -> ProviderEvent:
        if error := self.errors.get(payload["id"]):
            raise error
        return self.real.again(payload)


class Suspicious(MockPayments):
    """A provider whose answer about every checkout needs an operator."""

    name = "stripe"

    async def look(self, provider_ref: str) -> NotForUs:
        return NotForUs(f"found about {provider_ref}", keep=True, alarm=True)


@dataclass
class Shop:
    """A buyer, and the context that receives the events."""

    payments: PaymentContext
    reader: Reader
    user: User

    async def begin(self, name: str) -> Purchase:
        offer = Offer.of(PRICES.get("buy_100"), self.user.id, "stripe")
        return await self.payments.database.transact(purchases.begin, name, offer)

    async def store(self, *events: dict[str, Any]) -> None:
        await provider_events.store(self.payments, [self.reader.real.again(event) for event in events])

    async def handle(self, times: int = 1, within: float = 5) -> None:
        """Let the inbox worker handle all events, each time as if every pause were over."""
        for _ in range(times):
            worker = workers.inbox_worker(self.payments)
            running = asyncio.create_task(worker.run())
            await worker.wait_idle(within)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await worker.finish(within)
            await query("UPDATE event SET next_at = 0, lease_until = 0")

    async def balanced(self) -> bool:
        return not await audit_books(self.payments.database, (), lambda _: None)


@pytest.fixture
async def shop(database: Database) -> Shop:
    reader = Reader()
    return Shop(payments(database, events=reader, operators=(ADMIN,)), reader, await person(database))


def paid(purchase: Purchase, event_id: str, **session: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "id": f"cs_{purchase.id}",
        "payment_intent": f"pi_{purchase.id}",
        "client_reference_id": str(purchase.user_id),
        "metadata": {"purchase_id": str(purchase.id)},
    }
    return session_event(id_=event_id, **(fields | session))


async def test_an_event_whose_handler_fails_stops_no_other_and_is_kept_as_failed_with_its_error(
    shop: Shop,
) -> None:
    good, bad = await shop.begin("good"), await shop.begin("bad")
    shop.reader.errors["evt_bad"] = RuntimeError("made up")
    await shop.store(paid(bad, "evt_bad"), paid(good, "evt_good"))
    await shop.handle()
    assert await balance(shop.user) == 10_000
    await shop.handle(provider_events.MAX_ATTEMPTS - 2)
    row = await Event.get(key="stripe:evt_bad")
    assert (row.state, row.error) == (EventState.RECEIVED, "RuntimeError: made up")
    assert not await Notice.filter(chat_id=ADMIN).exists()
    await shop.handle(2)
    row = await Event.get(key="stripe:evt_bad")
    assert (row.state, row.error) == (EventState.FAILED, "RuntimeError: made up")
    assert await Notice.filter(chat_id=ADMIN, text="operator-event").count() == 1


async def test_a_replay_applies_a_failed_event_and_a_second_replay_changes_nothing(shop: Shop) -> None:
    purchase = await shop.begin("p")
    shop.reader.errors["evt_1"] = RuntimeError("made up")
    await shop.store(paid(purchase, "evt_1"))
    await shop.handle(provider_events.MAX_ATTEMPTS + 1)
    assert await balance(shop.user) == 0
    shop.reader.errors.clear()
    for _ in range(2):
        await provider_events.replay(shop.payments, await Event.get())
        outcome = await provider_events.handle(shop.payments, await Event.get())
        assert outcome.state is EventState.HANDLED
    row = await Event.get()
    assert (row.state, row.error, row.attempts) == (EventState.HANDLED, None, 0)
    assert await balance(shop.user) == 10_000
    assert await shop.balanced()


async def test_a_stored_event_that_cannot_be_read_is_kept_as_failed_at_once(shop: Shop) -> None:
    await shop.store(paid(await shop.begin("p"), "evt_1"))
    shop.reader.errors["evt_1"] = BadPayload()
    await shop.handle()
    row = await Event.get()
    assert (row.state, row.error) == (EventState.FAILED, "it can no longer be read")
    assert await Notice.filter(chat_id=ADMIN, text="operator-event").count() == 1


@pytest.mark.parametrize("fault", [ProviderDown(), ConnectionResetError("the database")], ids=str)
async def test_a_temporary_error_never_makes_an_event_failed(shop: Shop, fault: Exception) -> None:
    purchase = await shop.begin("p")
    shop.reader.errors["evt_1"] = fault
    await shop.store(paid(purchase, "evt_1"))
    await shop.handle(provider_events.MAX_ATTEMPTS + 3)
    assert (await Event.get()).state is EventState.RECEIVED
    shop.reader.errors.clear()
    await shop.handle()
    assert await balance(shop.user) == 10_000


async def test_one_error_after_a_long_outage_does_not_make_an_event_failed(shop: Shop) -> None:
    await shop.store(paid(await shop.begin("p"), "evt_1"))
    shop.reader.errors["evt_1"] = ProviderDown()
    await shop.handle(provider_events.MAX_ATTEMPTS)
    shop.reader.errors["evt_1"] = RuntimeError("once")
    await shop.handle()
    assert (await Event.get()).state is EventState.RECEIVED


@pytest.mark.parametrize("back", [100, 500], ids=["in part", "in full"])
async def test_a_payment_applied_again_after_its_refund_leaves_the_purchase_refunded(
    shop: Shop, back: int
) -> None:
    purchase = await shop.begin("p")
    await shop.store(paid(purchase, "evt_1"))
    await shop.handle()
    refunded = PaymentReversed("stripe", "stripe:re_1", f"pi_{purchase.id}", Stage.REFUNDED, back, "usd", 1)
    await provider_events.apply(shop.payments, refunded, "a look")
    state = (await purchases.get(purchase.id)).state
    await provider_events.replay(shop.payments, await Event.get())
    await provider_events.handle(shop.payments, await Event.get())
    assert await balance(shop.user) == 10_000 - 20 * back
    assert await shop.balanced()
    assert (await purchases.get(purchase.id)).state is state


async def test_the_same_event_from_the_webhook_and_the_list_at_once_credits_once(shop: Shop) -> None:
    purchase = await shop.begin("p")
    event = shop.reader.real.again(paid(purchase, "evt_1"))
    await asyncio.gather(
        *(provider_events.receive(shop.payments, event) for _ in range(5)),
        *(provider_events.store(shop.payments, [event]) for _ in range(5)),
        shop.handle(),
    )
    await shop.handle()
    assert await Event.all().count() == 1
    assert (await Event.get()).state is EventState.HANDLED
    assert await balance(shop.user) == 10_000
    assert await Notice.filter(text="payment-received").count() == 1


SESSION_NEWS = (
    ("pending", PaymentPending, PurchaseState.PROCESSING),
    ("failed", PaymentFailed, PurchaseState.FAILED),
    ("expired", CheckoutExpired, PurchaseState.EXPIRED),
)


@pytest.mark.parametrize("kind", [kind for _, kind, _ in SESSION_NEWS], ids=[n for n, _, _ in SESSION_NEWS])
async def test_a_paid_purchase_is_not_changed_by_older_news(
    shop: Shop, kind: type[PaymentPending | PaymentFailed | CheckoutExpired]
) -> None:
    purchase = await shop.begin("p")
    ref = CheckoutRef("stripe", "cs_1", "pi_1", purchase.id, shop.user.id)
    await provider_events.apply(shop.payments, PaymentConfirmed(ref, 500, 500, "usd"), "a look")
    assert not (await provider_events.apply(shop.payments, kind(ref), "a look")).changed
    assert (await purchases.get(purchase.id)).state is PurchaseState.PAID
    assert await shop.balanced()


async def test_a_payment_in_another_currency_or_amount_credits_nothing_and_alerts_the_operator(
    shop: Shop,
) -> None:
    purchase = await shop.begin("p")
    await Purchase.filter(id=purchase.id).update(provider_ref=f"cs_{purchase.id}")
    await shop.store(
        paid(purchase, "evt_1", currency="eur"),
        paid(purchase, "evt_2", amount_subtotal=499),
    )
    await shop.handle()
    assert await balance(shop.user) == 0
    assert await Event.filter(state=EventState.FAILED).count() == 2
    assert await Notice.filter(chat_id=ADMIN, text="operator-event").count() == 2


async def test_a_reversal_in_another_currency_changes_nothing(shop: Shop) -> None:
    purchase = await shop.begin("p")
    await shop.store(paid(purchase, "evt_1"))
    await shop.handle()
    news = PaymentReversed("stripe", "stripe:re_1", f"pi_{purchase.id}", Stage.REFUNDED, 500, "jpy", 1)
    assert (await provider_events.apply(shop.payments, news, "a look")).state is EventState.FAILED
    assert await balance(shop.user) == 10_000
    assert not await Reversal.exists()


async def test_a_reversal_in_another_currency_that_came_before_its_payment_changes_nothing(
    shop: Shop,
) -> None:
    purchase = await shop.begin("p")
    news = PaymentReversed("stripe", "stripe:re_1", f"pi_{purchase.id}", Stage.REFUNDED, 500, "jpy", 1)
    await provider_events.apply(shop.payments, news, "a look")
    await shop.store(paid(purchase, "evt_1"))
    await shop.handle()
    assert await balance(shop.user) == 10_000


async def silent(shop: Shop, names: Sequence[str]) -> None:
    """Begin purchases without any event, and ask about them."""
    for name in names:
        purchase = await shop.begin(name)
        await Purchase.filter(id=purchase.id).update(provider_ref=f"cs_{name}")
    provider = Suspicious()
    context = payments(shop.payments.database, provider, operators=(ADMIN,))
    assert [o async for o in reconcile.silent_purchases(context, [provider], all_of_them=True)]


async def test_each_finding_about_a_purchase_without_events_alerts_the_operator(shop: Shop) -> None:
    await silent(shop, ["one", "two"])
    alerts = await Notice.filter(chat_id=ADMIN, text="operator-finding").order_by("id")
    assert [row.text_values["reason"] for row in alerts] == ["found about cs_one", "found about cs_two"]


async def test_an_alert_about_a_finding_names_its_subject(shop: Shop) -> None:
    await silent(shop, ["one"])
    (row,) = await Notice.filter(chat_id=ADMIN, text="operator-finding")
    assert row.text_values["what"]


async def test_one_cause_alerts_once_whether_events_or_answers_report_it(shop: Shop) -> None:
    purchase = await shop.begin("p")
    for n, kind in enumerate(("completed", "async_payment_succeeded", "completed")):
        event = paid(purchase, f"evt_{n}", amount_subtotal=499) | {"type": f"checkout.session.{kind}"}
        await shop.store(event)
    await shop.handle()
    session = event["data"]["object"]
    ref = CheckoutRef("stripe", session["id"], "pi_1", purchase.id, shop.user.id)
    await provider_events.apply(shop.payments, PaymentConfirmed(ref, 499, 499, "usd"), purchase.subject)
    assert await Notice.filter(chat_id=ADMIN).count() == 1


async def test_an_endpoint_of_the_wrong_mode_alerts_once_a_day(shop: Shop) -> None:
    for n, day in enumerate((1, 1, 1, 2)):
        await shop.store(session_event(id_=f"evt_{n}", livemode=True) | {"created": day * 24 * 3600 + n})
    await shop.handle()
    assert await Notice.filter(chat_id=ADMIN, text="operator-event").count() == 2


async def test_an_alert_without_a_purchase_names_none(shop: Shop) -> None:
    await shop.store(session_event(id_="evt_1", metadata={"platform": "telegram-bot-1"}))
    await shop.handle()
    (row,) = await Notice.filter(chat_id=ADMIN, text="operator-event")
    text = Texts().say(row.text, **row.text_values)
    first = text.splitlines()[0]
    assert first == "⚠️ An event about money needs you: evt_1 (checkout.session.completed)."


async def test_a_dispute_whose_events_come_in_any_order_ends_in_the_bank_s_last_stage(shop: Shop) -> None:
    stages = [(Stage.DISPUTED, 10), (Stage.LOST, 20), (Stage.APPEALED, 20), (Stage.WON, 20)]
    for n, order in enumerate(([0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1])):
        purchase = await shop.begin(f"p{n}")
        await shop.store(paid(purchase, f"evt_{n}"))
        await shop.handle()
        for place in order:
            stage, at = stages[place]
            news = PaymentReversed("stripe", f"stripe:du_{n}", f"pi_{purchase.id}", stage, 500, "usd", at)
            await provider_events.apply(shop.payments, news, "a look")
        assert (await purchases.get(purchase.id)).state is PurchaseState.PAID
        assert await balance(shop.user) == 10_000 * (n + 1)
    assert await shop.balanced()


async def test_events_that_are_not_kept_leave_no_row(shop: Shop) -> None:
    event = ProviderEvent("stripe:evt_1", "customer.created", {}, NotForUs("no", keep=False))
    assert (await provider_events.receive(shop.payments, event)).state is EventState.IGNORED
    assert await provider_events.store(shop.payments, [event]) == 0
    assert not await inbox.list_provider_events(None, 10)
    assert (await ledger.find_account(shop.user.id)).balance == 0
