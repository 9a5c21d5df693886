"""Money that does not fit its purchase is kept aside: its buyer knows, an operator decides."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from bot_platform.domain import packages, purchases
from bot_platform.domain.checkout import CheckoutRef, PaymentReversed, Stage
from bot_platform.domain.errors import CannotRefund
from bot_platform.domain.inbox import Event, EventState
from bot_platform.domain.outbox import Notice
from bot_platform.domain.purchases import Offer, Purchase, PurchaseState
from bot_platform.domain.users import User
from bot_platform.flows import provider_events, refund
from bot_platform.flows.audit import audit_books
from bot_platform.flows.buy import buy
from bot_platform.flows.context import Outcome, PaymentContext
from bot_platform.infra.database import Database
from bot_platform.providers.stripe.payments import StripePayments
from bot_platform.providers.stripe.signed_events import SignedEvents
from tests.makers import PRICES, balance, payments, person, session_event
from tests.sandbox.stripe_world import KEY, world

ADMIN = 900
KEPT, PAID, REVERSED = PurchaseState.KEPT_ASIDE, PurchaseState.PAID, PurchaseState.REVERSED
DEARER = packages.read('[[package]]\ncode = "buy_100"\ncredits = 100\namount = 550\ncurrency = "usd"\n')
# What a completed session can say that fits no purchase of 5.00 USD.
MISFITS: dict[str, dict[str, Any]] = {
    "less": {"amount_subtotal": 100, "amount_total": 100},
    "more": {"amount_subtotal": 550, "amount_total": 550},
    "another subtotal with our total": {"amount_subtotal": 550},
    "a coupon": {"amount_total": 5, "total_details": {"amount_discount": 495}},
    "a coupon, hidden by a tax": {"total_details": {"amount_discount": 95, "amount_tax": 95}},
    "a coupon that an older version stored": {"amount_total": 5},
    "a coupon for all of it": {"amount_total": 0, "payment_intent": None},
    "another currency": {"currency": "eur"},
    "no amount": {"amount_total": None},
    "no currency": {"currency": None},
    "nothing paid": {"payment_status": "no_payment_required", "amount_total": 0},
}


@dataclass
class Sale:
    """A purchase with an open checkout, `cs_1`, paid by `pi_1`."""

    payments: PaymentContext
    user: User
    purchase: Purchase

    async def completed(self, id_: str = "evt_1", **session: Any) -> Outcome:
        """Receive the event of a completed session."""
        names = {"purchase_id": str(self.purchase.id), "purchase_uid": self.purchase.uid}
        about = {"id": "cs_1", "client_reference_id": str(self.user.id), "metadata": names}
        event = session_event(id_=id_, **(about | session))
        return await provider_events.receive(self.payments, SignedEvents((), live=False).again(event))

    async def reversed(self, stage: Stage, amount: int, as_of: int, currency: str = "usd") -> Outcome:
        key = "stripe:du_1" if "REFUND" not in stage.name else "stripe:re_1"
        news = PaymentReversed("stripe", key, "pi_1", stage, amount, currency, as_of)
        return await provider_events.apply(self.payments, news)

    async def state(self) -> PurchaseState:
        return (await purchases.get(self.purchase.id)).state

    async def told(self, chat_id: int = 0) -> list[str]:
        return [n.text for n in await Notice.filter(chat_id=chat_id or self.user.telegram_id).order_by("id")]

    async def balanced(self) -> bool:
        return not await audit_books(self.payments.database, (), lambda _: None)

    def priced(self, prices: packages.PriceList) -> "Sale":
        """Start again with another price list."""
        return replace(self, payments=replace(self.payments, prices=prices))


@pytest.fixture
async def sale(database: Database) -> Sale:
    context, user = payments(database, operators=(ADMIN,)), await person(database)
    offer = Offer.of(PRICES.get("buy_100"), user.id, "stripe")
    return Sale(context, user, await database.transact(purchases.begin, "press", offer))


@pytest.mark.parametrize("misfit", MISFITS)
async def test_what_does_not_fit_is_kept_aside_and_both_are_told_once(sale: Sale, misfit: str) -> None:
    for n in (1, 1, 2, 3):
        outcome = await sale.completed(f"evt_{n}", **MISFITS[misfit])
        assert outcome.state is EventState.FAILED
    assert await sale.state() is KEPT
    assert await sale.told() == ["payment-kept-aside"]
    assert await sale.told(ADMIN) == ["operator-event"]
    assert await balance(sale.user) == 0
    assert await sale.balanced()


@pytest.mark.parametrize(
    "before", [s for s in PurchaseState if s.value in {"processing", "expired", "failed"}]
)
async def test_a_late_payment_that_does_not_fit_is_kept_aside_too(sale: Sale, before: PurchaseState) -> None:
    await sale.payments.database.transact(purchases.move, sale.purchase, before)
    await sale.completed(currency="eur")
    assert await sale.state() is KEPT


async def test_a_replay_credits_what_was_kept_aside_once_the_price_list_is_right(sale: Sale) -> None:
    await sale.completed(amount_subtotal=550, amount_total=550)
    corrected = sale.priced(DEARER)
    row = await Event.get()
    for _ in range(2):
        await provider_events.handle(corrected.payments, row)
        await row.refresh_from_db()
        assert row.state is EventState.HANDLED
    found = await purchases.get(sale.purchase.id)
    assert (found.state, found.charged, found.amount) == (PAID, 550, 550)
    assert await balance(sale.user) == 10_000
    assert await sale.told() == ["payment-kept-aside", "payment-received"]
    await sale.reversed(Stage.REFUNDED, 550, 1)
    assert (await sale.state(), await balance(sale.user)) == (REVERSED, 0)
    assert await sale.balanced()


async def test_a_discount_that_an_earlier_version_credited_stays_credited_when_it_is_replayed(
    sale: Sale,
) -> None:
    await sale.completed("evt_1")
    outcome = await sale.completed("evt_2", amount_total=5)
    assert (outcome.state, outcome.alarm) == (EventState.HANDLED, False)
    assert (await sale.state(), await balance(sale.user)) == (PAID, 10_000)
    assert await sale.told() == ["payment-received"]
    assert await sale.balanced()


async def test_a_replay_while_nothing_was_corrected_changes_nothing(sale: Sale) -> None:
    await sale.completed(amount_subtotal=550, amount_total=550)
    await provider_events.handle(sale.payments, await Event.get())
    assert (await sale.state(), (await Event.get()).state) == (KEPT, EventState.FAILED)
    assert await sale.told() == ["payment-kept-aside"]


@pytest.mark.parametrize("currency", ["usd", "eur"])
async def test_a_refund_at_stripe_ends_it_and_the_buyer_is_told(sale: Sale, currency: str) -> None:
    await sale.completed(amount_subtotal=450, amount_total=450, currency=currency)
    await sale.reversed(Stage.REFUNDED, 200, 1, currency)
    assert await sale.state() is KEPT
    await sale.reversed(Stage.REFUNDED, 450, 2, currency)
    assert (await sale.state(), await balance(sale.user)) == (REVERSED, 0)
    assert await sale.told() == ["payment-kept-aside", "payment-returned"]
    # A replay finds the money returned: the event needs nobody any more.
    await provider_events.handle(sale.payments, await Event.get())
    assert (await Event.get()).state is EventState.HANDLED
    assert await sale.state() is REVERSED
    assert await sale.balanced()


async def test_a_refund_that_comes_before_the_payment_that_does_not_fit_ends_it(sale: Sale) -> None:
    await sale.reversed(Stage.REFUNDED, 450, 1, "eur")
    await sale.completed(amount_subtotal=450, amount_total=450, currency="eur")
    assert await sale.state() is REVERSED
    assert await sale.balanced()


async def test_a_dispute_and_its_end_converge(sale: Sale) -> None:
    await sale.completed(currency="eur")
    await sale.reversed(Stage.INQUIRY, 500, 1, "eur")
    assert await sale.balanced()
    await sale.reversed(Stage.DISPUTED, 500, 2, "eur")
    assert await sale.state() is REVERSED
    assert await sale.balanced()
    await sale.reversed(Stage.WON, 500, 3, "eur")
    assert (await sale.state(), await balance(sale.user)) == (KEPT, 0)
    assert await sale.balanced()


async def test_what_was_partly_returned_and_then_accepted_is_credited_in_part(sale: Sale) -> None:
    await sale.completed(amount_subtotal=550, amount_total=550)
    await sale.reversed(Stage.REFUNDED, 55, 1)
    await provider_events.handle(sale.priced(DEARER).payments, await Event.get())
    assert await sale.state() is PurchaseState.PARTLY_REVERSED
    assert await balance(sale.user) == 9_000
    assert await sale.balanced()


async def test_another_payment_that_fits_is_credited_beside_it(sale: Sale) -> None:
    await sale.completed(currency="eur")
    await sale.completed("evt_2", id="cs_2", payment_intent="pi_2")
    assert await sale.state() is KEPT
    assert await balance(sale.user) == 10_000
    assert await sale.balanced()


async def test_a_second_payment_that_does_not_fit_is_kept_aside_beside_a_paid_purchase(sale: Sale) -> None:
    await sale.completed()
    await sale.completed("evt_2", id="cs_2", payment_intent="pi_2", currency="eur")
    assert await sale.state() is PAID
    (other,) = await Purchase.filter(state=KEPT)
    assert (other.provider_ref, other.user_id) == ("cs_2", sale.user.id)
    assert await sale.balanced()


async def test_the_refund_command_says_where_to_return_it(sale: Sale) -> None:
    await sale.completed(currency="eur")
    with pytest.raises(CannotRefund) as refused:
        await refund.request(sale.payments, sale.purchase.id, amount=None, reason="no", force=True)
    assert refused.value.text == "refund-kept-aside"


async def test_the_next_press_opens_a_new_session_and_says_that_the_payment_is_there(
    database: Database,
) -> None:
    async with world() as w:
        provider = StripePayments(
            secret_key=KEY, api_base=w.url, webapp_url="https://bot.example", proxy_url=None, live=False
        )
        context, user = payments(database, provider, operators=(ADMIN,)), await person(database)
        await buy(context, user, PRICES.get("buy_100"), "press-1")
        first = await Purchase.get()
        ref = CheckoutRef("stripe", first.provider_ref or "", "pi_1", first.id, user.id, first.uid)
        event = session_event(id=ref.provider_ref, amount_subtotal=450)
        await provider_events.receive(context, SignedEvents((), live=False).again(event))
        await buy(context, user, PRICES.get("buy_100"), "press-2")
        await provider.close()
        assert len(w.local.sessions) == 2
    shown = [n async for n in Notice.filter(chat_id=user.telegram_id).order_by("id")]
    assert [n.text for n in shown] == [
        "checkout-kept-aside",
        "payment-kept-aside",
        "still-kept-aside",
        "checkout-link",
    ]
    assert shown[-1].text_values["url"] != first.link
