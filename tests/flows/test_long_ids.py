"""Ids of Stripe of every length up to 255 characters end in credits, once; a longer one ends in an alarm."""

from typing import Any

import pytest

from bot_platform.domain import inbox, refunds, reversals
from bot_platform.domain.checkout import BadPayload
from bot_platform.domain.inbox import Event, EventState
from bot_platform.domain.ledger import Entry
from bot_platform.domain.outbox import Notice
from bot_platform.domain.purchases import Purchase, PurchaseState
from bot_platform.domain.users import User
from bot_platform.flows import provider_events
from bot_platform.flows.context import Outcome, PaymentContext
from bot_platform.infra.database import Database
from bot_platform.providers.stripe import events
from tests.makers import balance, payments, person, session_event

LENGTHS = (1, 93, 94, 100, 101, 200, 201, 248, 249, 255)  # around what a key, with its prefix, can hold
ADMIN = 900


def named(prefix: str, length: int) -> str:
    return f"{prefix}_{'a' * length}"[:length]


async def sold(user: User, **changed: Any) -> Purchase:
    """Begin a purchase as a press does; `changed` are its columns."""
    given: dict[str, Any] = {
        "request_key": "tg:1:2:3",
        "user_id": user.id,
        "package": "buy_100",
        "credits": 10_000,
        "amount": 500,
        "currency": "usd",
        "provider": "stripe",
        "attempt_at": user.created_at,
    }
    return await Purchase.create(**(given | changed))


async def hear(context: PaymentContext, kind: str, id_: str, **about: Any) -> Outcome:
    event = events.translated(session_event(kind, id_=id_, **about), live=False)
    return await provider_events.receive(context, event)


@pytest.mark.parametrize("length", LENGTHS)
async def test_a_payment_with_ids_of_any_length_is_credited_once(database: Database, length: int) -> None:
    user = await person(database)
    context = payments(database, operators=(ADMIN,))
    session, intent = named("cs", length), named("pi", length)
    sale = await sold(user, provider_ref=session)
    for _ in range(2):
        outcome = await hear(
            context, "checkout.session.completed", named("evt", length), id=session, payment_intent=intent
        )
        assert outcome.state is EventState.HANDLED
    await hear(context, "checkout.session.completed", "evt_2", id=session, payment_intent=intent)
    assert await balance(user) == 10_000
    await sale.refresh_from_db()
    assert (sale.state, sale.payment_ref) == (PurchaseState.PAID, intent)
    assert await Notice.filter(chat_id=ADMIN).count() == 0


@pytest.mark.parametrize("length", LENGTHS)
async def test_a_second_session_of_any_length_is_a_second_purchase(database: Database, length: int) -> None:
    # The page of an older link was paid too: this purchase gets its request key from the session's id.
    user = await person(database)
    context = payments(database)
    sale = await sold(user, provider_ref="cs_first")
    await hear(context, "checkout.session.completed", "evt_1", id="cs_first")
    mine = {"client_reference_id": str(user.id), "metadata": {"purchase_id": str(sale.id)}}
    for n in range(2):
        await hear(
            context,
            "checkout.session.completed",
            f"evt_1{n}",
            id=named("zz", length),
            payment_intent=named("pi2", length),
            **mine,
        )
    assert await balance(user) == 20_000
    assert await Entry.filter(kind="purchase").count() == 2


@pytest.mark.parametrize("length", LENGTHS)
async def test_refunds_and_disputes_with_ids_of_any_length_take_credits_back(
    database: Database, length: int
) -> None:
    user = await person(database)
    context = payments(database, operators=(ADMIN,))
    intent = named("pi", length)
    await sold(user, provider_ref="cs_1")
    await hear(context, "checkout.session.completed", "evt_1", id="cs_1", payment_intent=intent)
    money = {"payment_intent": intent, "currency": "usd", "status": "needs_response"}
    for n in range(2):
        about = {"object": "charge", "id": named("ch", length), "amount_refunded": 100} | money
        await hear(context, "charge.refunded", f"evt_c{n}", **about)
        about = {"object": "refund", "id": named("re", length), "amount": 100} | money | {"status": "new"}
        await hear(context, "refund.updated", f"evt_r{n}", **about)
        about = {"object": "dispute", "id": named("du", length), "amount": 400} | money
        await hear(context, "charge.dispute.created", f"evt_d{n}", **about)
    assert await balance(user) == 0
    assert await reversals.Reversal.all().count() == 3
    assert await Notice.filter(chat_id=ADMIN, text="operator-dispute").count() == 1
    assert await Notice.filter(chat_id=ADMIN, text="operator-unknown-status").count() == 1


async def test_a_session_whose_id_cannot_be_kept_ends_in_one_alarm(database: Database) -> None:
    user = await person(database)
    context = payments(database, operators=(ADMIN,))
    sale = await sold(user)
    mine = {
        "client_reference_id": str(user.id),
        "metadata": {"purchase_id": str(sale.id), "purchase_uid": sale.uid},
    }
    for n in range(3):
        outcome = await hear(context, "checkout.session.completed", f"evt_{n}", id="c" * 256, **mine)
        assert outcome.state is EventState.IGNORED
        assert "more than 255 characters" in (outcome.reason or "")
    assert await Notice.filter(chat_id=ADMIN, text="operator-event").count() == 1
    assert await balance(user) == 0


async def test_the_long_id_of_another_shop_alarms_nobody(database: Database) -> None:
    context = payments(database, operators=(ADMIN,))
    await hear(context, "checkout.session.completed", "evt_1", id="c" * 256)
    assert await Notice.all().count() == 0


@pytest.mark.parametrize("id_", ["e" * 256, "", None, 5])
def test_an_event_whose_id_cannot_be_kept_is_refused(id_: object) -> None:
    event = session_event() | {"id": id_}
    with pytest.raises(BadPayload):
        events.translated(event, live=False)


async def test_an_event_with_the_longest_id_is_found_by_it(database: Database) -> None:
    id_ = "e" * 255
    await hear(payments(database), "checkout.session.completed", id_)
    found = await inbox.look_up(id_)
    assert found is not None
    assert found.id == (await Event.get(key=f"stripe:{id_}")).id


@pytest.mark.parametrize("amount", [-(10**30), 10**30, -(2**63)])
async def test_an_absurd_movement_of_money_fails_no_event(database: Database, amount: int) -> None:
    user = await person(database)
    await sold(user, provider_ref="cs_1")
    context = payments(database)
    await hear(context, "checkout.session.completed", "evt_1", id="cs_1")
    outcome = await hear(
        context,
        "charge.dispute.created",
        "evt_2",
        object="dispute",
        id="du_1",
        amount=500,
        status="needs_response",
        balance_transactions=[{"amount": amount, "currency": "usd"}],
    )
    assert outcome.state is EventState.HANDLED
    assert await balance(user) == 0


@pytest.mark.parametrize("currency", ["\u0130\u0130\u0130", "\ufb03d", "us\u017f"])
async def test_a_currency_that_grows_in_lower_case_fails_no_event(database: Database, currency: str) -> None:
    user = await person(database)
    await sold(user, provider_ref="cs_1")
    context = payments(database)
    await hear(context, "checkout.session.completed", "evt_1", id="cs_1")
    about = {"object": "refund", "id": "re_1", "amount": 500, "currency": currency, "status": "succeeded"}
    outcome = await hear(context, "refund.updated", "evt_2", **about)
    assert outcome.state in {EventState.IGNORED, EventState.FAILED}
    assert await balance(user) == 10_000
    about |= {"id": "re_2", "payment_intent": "pi_that_is_not_known_yet"}
    assert (await hear(context, "refund.updated", "evt_3", **about)).state is EventState.IGNORED


async def test_a_refund_with_a_long_request_key_is_one_refund(database: Database) -> None:
    user = await person(database)
    sale = await sold(user, provider_ref="cs_1")
    first = await refunds.request("k" * 300, sale.id, 1, "because")
    again = await refunds.find_by_request_key("k" * 300)
    assert again is not None
    assert again.id == first.id
