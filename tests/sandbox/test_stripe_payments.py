"""Payments by card and bank transfer, successful and failed, and their events."""

from typing import Any

import pytest
import stripe

from bot_platform.sandbox.stripe import PaymentScenario
from tests.sandbox.stripe_world import World, world


async def _events(w: World, *types: str) -> list[Any]:
    found = await w.client.v1.events.list_async({"types": list(types)})
    return list(found.data)


async def test_a_card_pays_and_everything_is_linked() -> None:
    async with world() as w:
        session = await w.open(
            payment_intent_data={"metadata": {"purchase_id": "p1"}, "description": "credits"}
        )
        await w.local.pay(session.id, PaymentScenario.CARD)
        paid = await w.checkout.retrieve_async(session.id)
        assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
        intent = await w.client.v1.payment_intents.retrieve_async(paid.payment_intent)
        assert (intent.status, intent.amount_received) == ("succeeded", 500)
        assert intent.metadata["purchase_id"] == "p1"
        charges = await w.client.v1.charges.list_async({"payment_intent": intent.id})
        assert [charge.id for charge in charges.data] == [intent.latest_charge]
        charge = await w.client.v1.charges.retrieve_async(charges.data[0].id)
        assert (charge.paid, charge.amount, charge.metadata["purchase_id"]) == (True, 500, "p1")
        await w.local.settled()
        assert sorted(w.receiver.types) == [
            "charge.succeeded",
            "checkout.session.completed",
            "payment_intent.created",
            "payment_intent.succeeded",
            "price.created",
            "product.created",
        ]


async def test_a_declined_card_leaves_the_session_open_and_can_be_replaced() -> None:
    async with world() as w:
        session = await w.open()
        await w.local.pay(session.id, PaymentScenario.CARD_DECLINED)
        tried = await w.checkout.retrieve_async(session.id)
        assert (tried.status, tried.payment_status) == ("open", "unpaid")
        await w.local.pay(session.id, PaymentScenario.CARD)
        paid = await w.checkout.retrieve_async(session.id)
        assert (paid.status, paid.payment_status) == ("complete", "paid")
        charges = await w.client.v1.charges.list_async({"payment_intent": paid.payment_intent})
        assert [charge.status for charge in charges.data] == ["succeeded", "failed"]
        assert charges.data[1].failure_code == "card_declined"
        assert len(await _events(w, "checkout.session.completed")) == 1
        assert len(await _events(w, "payment_intent.payment_failed")) == 1


async def test_a_bank_transfer_completes_unpaid_and_pays_later() -> None:
    async with world() as w:
        session = await w.open()
        await w.local.pay(session.id, PaymentScenario.BANK_TRANSFER)
        waiting = await w.checkout.retrieve_async(session.id)
        assert (waiting.status, waiting.payment_status) == ("complete", "unpaid")
        assert not w.local.charges
        await w.local.settled()
        paid = await w.checkout.retrieve_async(session.id)
        assert paid.payment_status == "paid"
        assert [charge["status"] for charge in w.local.charges.values()] == ["succeeded"]
        completed, later = reversed(
            await _events(w, "checkout.session.completed", "checkout.session.async_payment_succeeded")
        )
        assert completed.data.object.payment_status == "unpaid"
        assert later.data.object.payment_status == "paid"
        assert "checkout.session.async_payment_succeeded" in w.receiver.types


async def test_a_bank_transfer_can_fail_later() -> None:
    async with world() as w:
        session = await w.open(currency="eur")
        await w.local.pay(session.id, PaymentScenario.BANK_TRANSFER_FAILS)
        await w.local.settled()
        failed = await w.checkout.retrieve_async(session.id)
        assert (failed.status, failed.payment_status) == ("complete", "unpaid")
        assert "checkout.session.async_payment_failed" in w.receiver.types
        assert "checkout.session.async_payment_succeeded" not in w.receiver.types
        assert not any(charge["paid"] for charge in w.local.charges.values())


async def test_paying_twice_makes_one_payment() -> None:
    async with world() as w:
        session = await w.open()
        await w.local.pay(session.id)
        await w.local.pay(session.id)
        assert len(w.local.charges) == 1
        assert len(await _events(w, "checkout.session.completed")) == 1


async def test_a_total_of_zero_completes_without_a_payment() -> None:
    async with world() as w:
        session = await w.open(amount=0)
        await w.local.pay(session.id)
        done = await w.checkout.retrieve_async(session.id)
        assert (done.status, done.payment_status, done.payment_intent) == (
            "complete",
            "no_payment_required",
            None,
        )


async def test_a_session_that_expires_after_a_decline_cancels_its_intent() -> None:
    async with world() as w:
        session = await w.open()
        await w.local.pay(session.id, PaymentScenario.CARD_DECLINED)
        await w.local.expire(session.id)
        (intent,) = (await w.client.v1.payment_intents.list_async()).data
        assert (intent.status, intent.cancellation_reason) == ("canceled", "expired")


async def test_a_payment_intent_can_be_confirmed_without_a_session() -> None:
    async with world() as w:
        params: Any = {"amount": 700, "currency": "usd"}
        intent = await w.client.v1.payment_intents.create_async(params)
        confirm: Any = {"payment_method": "pm_card_chargeDeclined"}
        with pytest.raises(stripe.CardError) as declined:
            await w.client.v1.payment_intents.confirm_async(intent.id, confirm)
        assert (declined.value.http_status, declined.value.code) == (402, "card_declined")
        confirm = {"payment_method": "pm_card_visa"}
        paid = await w.client.v1.payment_intents.confirm_async(intent.id, confirm)
        assert (paid.status, paid.amount_received) == ("succeeded", 700)
        with pytest.raises(stripe.InvalidRequestError) as again:
            await w.client.v1.payment_intents.confirm_async(intent.id, confirm)
        assert again.value.code == "payment_intent_unexpected_state"


async def test_events_are_listed_by_type_time_and_cursor() -> None:
    async with world() as w:
        sessions = [await w.open() for _ in range(3)]
        for session in sessions:
            await w.local.pay(session.id)
        wanted: Any = {
            "types": ["checkout.session.completed"],
            "created": {"gte": sessions[0].created},
            "limit": 1,
        }
        newest = await w.client.v1.events.list_async(wanted)
        assert [e.data.object.id async for e in newest.auto_paging_iter()] == [
            s.id for s in reversed(sessions)
        ]
        first = w.local.events[0]["id"]
        after: Any = {**wanted, "ending_before": first}
        del after["types"]
        onward = await w.client.v1.events.list_async(after)
        assert [e.id async for e in onward.auto_paging_iter()] == [e["id"] for e in w.local.events[1:]]
        future: Any = {"created": {"gt": sessions[-1].created + 60}}
        assert (await w.client.v1.events.list_async(future)).data == []
        event: Any = await w.client.v1.events.retrieve_async(first)
        assert (event.object, event.type, event.livemode) == ("event", "product.created", False)
        assert event.api_version == stripe.api_version
        assert event.request.id.startswith("req_")


async def test_an_event_keeps_the_state_of_its_time() -> None:
    async with world() as w:
        session = await w.open()
        await w.local.pay(session.id, PaymentScenario.BANK_TRANSFER)
        await w.local.settled()
        (completed,) = await _events(w, "checkout.session.completed")
        assert completed.data.object.payment_status == "unpaid"
