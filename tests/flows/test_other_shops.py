"""A Stripe account that other shops use too: what is theirs alarms nobody and is not stored."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot_platform.domain.inbox import Event, EventState
from bot_platform.domain.outbox import Notice
from bot_platform.domain.purchases import Purchase, PurchaseState
from bot_platform.domain.reversals import Reversal
from bot_platform.domain.stages import Stage
from bot_platform.flows import event_retention, provider_events, refund
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from bot_platform.providers.stripe.payments import StripePayments
from bot_platform.providers.stripe.signed_events import SignedEvents
from tests.flows.test_reconcile import ADMIN, Shop
from tests.makers import WEBHOOK_SECRET, balance, payments, person, session_event
from tests.sandbox.stripe_world import KEY, world

MARK = "telegram-bot-42"
THEIRS: dict[str, Any] = {
    "client_reference_id": "1",
    "metadata": {"user_id": "1"},
    "customer_details": {"email": "a@b.example"},
}


@pytest.fixture
async def shop(database: Database) -> AsyncIterator[Shop]:
    async with world() as w:
        w.local.fault_switches.lost = True
        provider = StripePayments(
            secret_key=KEY,
            api_base=w.url,
            webapp_url="https://bot.example",
            proxy_url=None,
            live=False,
            mark=MARK,
            timeout=3,
        )
        reader = SignedEvents((WEBHOOK_SECRET,), live=False, mark=MARK)
        context = payments(database, provider, operators=(ADMIN,), events=reader)
        yield Shop(context, w, await person(database))
        await provider.close()


async def receive(shop: Shop, event: dict[str, Any]) -> EventState:
    """Receive an event as from the webhook."""
    outcome = await provider_events.receive(shop.payments, shop.payments.events.again(event))
    return outcome.state


async def alarms() -> int:
    return await Notice.filter(chat_id=ADMIN).count()


def questions(shop: Shop) -> int:
    """Count what Stripe was asked about single payments."""
    lists = ("/v1/events", "/v1/refunds", "/v1/disputes", "/v1/radar/early_fraud_warnings")
    return len([r for r in shop.world.local.requests if r.method == "GET" and r.path not in lists])


async def test_all_that_we_create_at_stripe_carries_our_mark(shop: Shop) -> None:
    purchase = await shop.sold()
    session = shop.world.local.sessions[purchase.provider_ref or ""]
    intent = await shop.world.client.v1.payment_intents.retrieve_async(purchase.payment_ref or "")
    assert session["metadata"]["platform"] == intent.metadata["platform"] == MARK
    asked = await refund.request(shop.payments, purchase.id, amount=100, reason="asked", force=False)
    await refund.carry_out(shop.payments, asked)
    (made,) = (await shop.world.client.v1.refunds.list_async()).data
    assert made.metadata is not None
    assert made.metadata["platform"] == MARK


FOREIGN: dict[str, dict[str, Any]] = {
    "a paid session": session_event(**THEIRS),
    "a paid session with a number of ours": session_event(metadata={"purchase_id": "1"}, amount_subtotal=7),
    "a free session": session_event(payment_status="no_payment_required", **THEIRS),
    "a session without an amount": session_event(amount_total=None, **THEIRS),
    "a session on its way": session_event(payment_status="unpaid", **THEIRS),
    "a failed session": session_event("checkout.session.async_payment_failed", **THEIRS),
    "an expired session": session_event("checkout.session.expired", **THEIRS),
    "a payment link": session_event(payment_link="plink_1", client_reference_id=None),
    "a subscription": session_event(mode="subscription", **THEIRS),
    "another installation's session": session_event(metadata={"platform": "telegram-bot-43", "user_id": "1"}),
    "a payment intent": session_event("payment_intent.succeeded", id="pi_9", **THEIRS),
    "a charge without an amount": session_event("charge.refunded", id="ch_9", receipt_email="a@b.example"),
    "a refund": session_event("refund.created", id="re_9", object="refund", amount=5, **THEIRS),
    "a dispute": session_event("charge.dispute.created", id="du_9", object="dispute", amount=5, status="x"),
}


@pytest.mark.parametrize("kind", FOREIGN)
async def test_an_event_of_another_shop_alarms_nobody_and_is_stored_without_its_payload(
    shop: Shop, kind: str
) -> None:
    assert await receive(shop, FOREIGN[kind]) in {EventState.IGNORED, EventState.HANDLED}
    row = await Event.get()
    assert (row.key, row.type, row.payload) == ("stripe:evt_1", FOREIGN[kind]["type"], None)
    assert row.error
    assert await alarms() == 0


@pytest.mark.parametrize("type_", ["invoice.paid", "customer.subscription.created", "payment_link.created"])
async def test_what_is_no_sale_leaves_no_row(shop: Shop, type_: str) -> None:
    assert await receive(shop, session_event(type_, **THEIRS)) is EventState.IGNORED
    assert not await Event.exists()


async def test_a_session_for_a_buyer_of_ours_that_sells_what_is_not_on_our_list_is_another_shop_s(
    shop: Shop,
) -> None:
    session = await shop.world.open(amount=777, client_reference_id=str(shop.user.id))
    await shop.world.local.pay(session.id)
    await shop.look()
    assert await balance(shop.user) == 0
    assert await alarms() == 0
    assert not await Event.exclude(payload=None).exists()


async def test_a_session_made_by_hand_for_a_buyer_of_ours_is_still_credited_and_kept(shop: Shop) -> None:
    session = await shop.world.open(client_reference_id=str(shop.user.id))
    await shop.world.local.pay(session.id)
    await shop.look()
    assert await balance(shop.user) == 10_000
    assert (await Event.get(type="checkout.session.completed")).payload
    assert await shop.balanced()


async def test_a_payment_with_our_mark_that_nothing_fits_is_an_alarm_and_kept(shop: Shop) -> None:
    event = session_event(metadata={"platform": MARK, "purchase_id": "9", "user_id": "9"})
    assert await receive(shop, event) is EventState.IGNORED
    assert await alarms() == 1
    assert (await Event.get()).payload["data"]["object"]["metadata"]["purchase_id"] == "9"


async def test_a_purchase_that_a_restored_database_does_not_know_is_credited(shop: Shop) -> None:
    purchase = await shop.open()
    await shop.world.local.pay(purchase.provider_ref or "")
    await Purchase.all().delete()
    await shop.look()
    assert await balance(shop.user) == 10_000
    assert await alarms() == 0


@pytest.mark.parametrize("kind", ["free", "without an amount"])
async def test_a_session_that_we_opened_alarms_although_it_has_no_mark(shop: Shop, kind: str) -> None:
    purchase = await shop.open()
    changed: dict[str, Any] = (
        {"payment_status": "no_payment_required"} if kind == "free" else {"amount_total": None}
    )
    await receive(shop, session_event(id=purchase.provider_ref, **changed))
    assert await alarms() == 1
    assert (await Event.get()).payload


async def foreign_payments(shop: Shop, count: int) -> None:
    """Let another shop sell, refund, and have disputes and warnings."""
    for n in range(count):
        session = await shop.world.open(amount=700 + n, client_reference_id="1", metadata={"user_id": "1"})
        await shop.world.local.pay(session.id)
        await shop.world.local.warn(session.id)
        await shop.world.local.refund(session.id, 100)
        await shop.world.local.dispute(session.id, inquiry=bool(n % 2))


async def test_payments_of_another_shop_are_asked_about_once_however_often_we_look(shop: Shop) -> None:
    await foreign_payments(shop, 4)
    await shop.look()
    await daily(shop)
    asked = questions(shop)
    assert asked == 4, "one question for each payment, not for each refund, dispute and warning of it"
    for _ in range(3):
        await daily(shop)
        await shop.look()
    assert questions(shop) == asked
    assert await alarms() == 0
    assert not await Event.exclude(payload=None).exists()
    inquiry = await Reversal.filter(stage=Stage.INQUIRY).first()  # its money can still be refunded
    assert inquiry
    await shop.world.local.refund(inquiry.payment_ref, 50)
    await daily(shop)
    assert questions(shop) == asked, "nor is a later refund of the same payment"
    assert await shop.balanced()


async def daily(shop: Shop) -> None:
    """Run the daily look at refunds and disputes, as if a day had passed."""
    await query("UPDATE schedule SET next_at = 0")
    await shop.jobs().reversals()


async def test_a_refund_whose_payment_is_found_late_is_still_applied(shop: Shop) -> None:
    purchase = await shop.open()
    await shop.world.local.pay(purchase.provider_ref or "")
    await shop.world.local.refund(purchase.provider_ref or "", 250)
    shop.world.local.faults.answer("/v1/checkout/sessions", 200, {"object": "list", "data": []})
    await daily(shop)
    assert (await Reversal.get()).is_foreign, "Stripe named no checkout when it was asked"
    await shop.look()
    assert await shop.state(purchase) is PurchaseState.PARTLY_REVERSED
    assert await shop.balanced()


async def test_an_event_that_was_not_kept_is_read_from_stripe_for_a_replay(shop: Shop) -> None:
    session = await shop.world.open(client_reference_id="1")
    await shop.world.local.pay(session.id)
    await shop.look()
    row = await Event.get(type="checkout.session.completed")
    assert (row.state, row.payload) == (EventState.IGNORED, None)
    event = next(e for e in shop.world.local.events if e["id"] == row.key.removeprefix("stripe:"))
    event["data"]["object"]["client_reference_id"] = str(shop.user.id)
    assert await provider_events.replay(shop.payments, row)
    await shop.handle()
    row = await Event.get(type="checkout.session.completed")
    assert (row.state, bool(row.payload)) == (EventState.HANDLED, True)
    assert await balance(shop.user) == 10_000


async def test_a_replay_of_an_event_that_stripe_no_longer_has_is_refused_in_words(shop: Shop) -> None:
    await receive(shop, session_event(**THEIRS))
    assert await provider_events.replay(shop.payments, await Event.get())
    await shop.handle()
    row = await Event.get()
    assert (row.state, row.error) == (
        EventState.IGNORED,
        "it was not kept, and the provider no longer has it",
    )


async def test_payloads_that_were_stored_whole_are_trimmed_once(shop: Shop) -> None:
    whole = session_event(**THEIRS | {"client_reference_id": str(shop.user.id)})
    for n, (state, payload) in enumerate(
        [
            (EventState.HANDLED, whole),
            (EventState.FAILED, whole),
            (EventState.IGNORED, {"email": "a@b.example"}),
        ]
    ):
        await Event.create(key=f"stripe:evt_{n}", type="x", payload=payload, state=state)
    await Event.create(key="tg:1", type="telegram", payload={"text": "a@b.example"}, lane=5)
    assert await event_retention.trim(shop.payments, 0) == (3, 3)
    rows = await Event.filter(lane=None).order_by("id")
    assert "a@b.example" not in json.dumps([row.payload for row in rows])
    again = shop.payments.events.again(rows[1].payload)
    assert again.news == shop.payments.events.again(whole).news, "a failed event can still be replayed"
    assert rows[2].payload is None
    assert (await Event.get(key="tg:1")).payload == {"text": "a@b.example"}
    assert await event_retention.trim(shop.payments, 3) == (3, 0)


async def test_two_replicas_may_trim_at_once(shop: Shop) -> None:
    for n in range(5):
        await Event.create(key=f"stripe:evt_{n}", type="x", payload=session_event(**THEIRS))
    await asyncio.gather(*(event_retention.trim(shop.payments, 0) for _ in range(2)))
    assert not [row for row in await Event.all() if "customer_details" in row.payload["data"]["object"]]


@pytest.mark.parametrize(
    "unclear", [{"payment_status": "no_payment_required"}, {"amount_total": None}], ids=["free", "no amount"]
)
async def test_a_number_of_ours_in_an_unclear_session_of_another_shop_moves_no_purchase(
    shop: Shop, unclear: dict[str, Any]
) -> None:
    purchase = await shop.open()
    theirs = session_event(
        **{"metadata": {"purchase_id": str(purchase.id)}, "client_reference_id": None, **unclear}
    )
    assert await receive(shop, theirs) is EventState.IGNORED
    assert (await Purchase.get(id=purchase.id)).state is PurchaseState.OPEN
    assert await alarms() == 0
