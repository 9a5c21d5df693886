"""Refunds over the API and by the dashboard, pending and failing ones."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import stripe
from stripe.params import RefundCreateParams, RefundListParams, RefundUpdateParams

from bot_platform.sandbox.stripe import ApiError, FinalRefundStatus, PaymentScenario, schemas
from tests.sandbox.stripe_world import World, world

OPTIONS = set(stripe.RequestOptions.__annotations__)


async def _paid(w: World, **params: Any) -> Any:
    session = await w.open(**params)
    await w.local.pay(session.id)
    return w.local.sessions[session.id]


def _charge(w: World) -> Any:
    return list(w.local.charges.values())[-1]


def _events(w: World, since: int = 0) -> list[str]:
    return [event["type"] for event in w.local.events[since:]]


async def _confirm(w: World, method: str, amount: int = 500) -> str:
    params: Any = {"amount": amount, "currency": "usd", "payment_method": method, "confirm": True}
    return str((await w.client.v1.payment_intents.create_async(params)).id)


async def test_a_refund_returns_the_whole_amount_and_emits_events() -> None:
    async with world() as w:
        paid = await _paid(w)
        since = len(w.local.events)
        params: Any = {"payment_intent": paid["payment_intent"], "metadata": {"why": "asked"}}
        refund = await w.client.v1.refunds.create_async(params)
        charge: Any = await w.client.v1.charges.retrieve_async(str(refund.charge), {"expand": ["refunds"]})
        assert (refund.status, refund.amount, refund.currency) == ("succeeded", 500, "usd")
        assert refund.payment_intent == paid["payment_intent"]
        assert refund.metadata is not None
        assert refund.metadata["why"] == "asked"
        assert (charge.refunded, charge.amount_refunded) == (True, 500)
        assert [row.id for row in charge.refunds.data] == [refund.id]
        assert _events(w, since) == ["refund.created", "charge.refunded"]
        await w.local.settled()
        (refunded,) = [e for e in w.receiver.got if e["type"] == "charge.refunded"]
        assert refunded["data"]["object"]["amount_refunded"] == 500
        assert refunded["data"]["previous_attributes"] == {"amount_refunded": 0, "refunded": False}
        assert refunded["request"]["id"].startswith("req_")


async def test_parts_are_refunded_until_nothing_is_left() -> None:
    async with world() as w:
        await _paid(w)
        charge = _charge(w)
        params: Any = {"charge": charge["id"], "amount": 200}
        await w.client.v1.refunds.create_async(params)
        assert (charge["refunded"], charge["amount_refunded"]) == (False, 200)
        too_much: Any = {**params, "amount": 301}
        with pytest.raises(stripe.InvalidRequestError) as refused:
            await w.client.v1.refunds.create_async(too_much)
        expected = "Refund amount ($3.01) is greater than unrefunded amount on charge ($3.00)"
        assert (refused.value.user_message, refused.value.param) == (expected, "amount")
        rest = await w.client.v1.refunds.create_async({"charge": charge["id"]})
        assert (rest.amount, charge["refunded"]) == (300, True)
        with pytest.raises(stripe.InvalidRequestError, match="already been refunded") as refused:
            await w.client.v1.refunds.create_async(params)
        assert refused.value.code == "charge_already_refunded"


@pytest.mark.parametrize("amount", [0, -1])
async def test_an_amount_of_zero_or_less_is_refused(amount: int) -> None:
    async with world() as w:
        paid = await _paid(w)
        params: Any = {"payment_intent": paid["payment_intent"], "amount": amount}
        with pytest.raises(stripe.InvalidRequestError, match="Invalid positive integer") as refused:
            await w.client.v1.refunds.create_async(params)
        assert (refused.value.code, refused.value.param) == ("parameter_invalid_integer", "amount")
        with pytest.raises(ApiError):
            await w.local.refund(paid["id"], amount)
        assert not w.local.refunds


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "One of the following params"),
        ({"payment_intent": "pi_nobody"}, "No such payment_intent"),
        ({"charge": "ch_nobody"}, "No such charge"),
        ({"charge": "ch_1", "payment_intent": "pi_1"}, "only specify one"),
        ({"payment_intent": "pi_1", "reason": "boredom"}, "must be one of"),
        ({"payment_intent": "pi_1", "reverse_transfer": True}, "does not support"),
        ({"payment_intent": "pi_1", "colour": "red"}, "unknown parameter"),
    ],
)
async def test_an_invalid_refund_is_refused(params: Any, message: str) -> None:
    async with world() as w:
        with pytest.raises(stripe.InvalidRequestError, match=message):
            await w.client.v1.refunds.create_async(params)


async def test_an_unpaid_session_cannot_be_refunded() -> None:
    async with world() as w:
        session = await w.open()
        with pytest.raises(ApiError, match="has no payment"):
            await w.local.refund(session.id)
        await w.local.pay(session.id, PaymentScenario.CARD_DECLINED)
        intent = w.local.sessions[session.id]["payment_intent"]
        with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge to refund"):
            await w.client.v1.refunds.create_async({"payment_intent": intent})
        with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge to refund"):
            await w.client.v1.refunds.create_async({"charge": _charge(w)["id"]})
        with pytest.raises(ApiError, match="No such payment_intent"):
            await w.local.refund("cs_test_nobody")


async def test_a_refund_in_another_currency_is_refused() -> None:
    async with world() as w:
        paid = await _paid(w)
        params: Any = {"payment_intent": paid["payment_intent"], "currency": "eur"}
        with pytest.raises(stripe.InvalidRequestError) as refused:
            await w.client.v1.refunds.create_async(params)
        assert refused.value.param == "currency"


async def test_disputed_money_cannot_be_refunded() -> None:
    async with world() as w:
        paid = await _paid(w)
        dispute = await w.local.dispute(paid["id"], 400)
        with pytest.raises(stripe.InvalidRequestError, match=r"charge \(\$1.00\)"):
            await w.client.v1.refunds.create_async({"payment_intent": paid["payment_intent"], "amount": 500})
        await w.local.refund(paid["id"], 100)
        with pytest.raises(stripe.InvalidRequestError, match="has been charged back") as refused:
            await w.client.v1.refunds.create_async({"payment_intent": paid["payment_intent"]})
        assert refused.value.code == "charge_disputed"
        await w.local.move_dispute(dispute["id"], "won")
        assert (await w.local.refund(paid["id"]))["amount"] == 400


async def test_a_charge_with_an_inquiry_can_be_refunded() -> None:
    async with world() as w:
        paid = await _paid(w)
        inquiry = await w.local.dispute(paid["id"], inquiry=True)
        assert inquiry["is_charge_refundable"]
        await w.local.refund(paid["id"])
        assert not inquiry["is_charge_refundable"]
        assert _events(w)[-1] == "charge.dispute.updated"


async def test_a_pending_refund_is_counted_and_then_succeeds() -> None:
    async with world() as w:
        paid = await _paid(w)
        refund = await w.local.refund(paid["id"], scenario="pending")
        assert (refund["status"], refund["pending_reason"]) == ("pending", "processing")
        assert _charge(w)["refunded"]
        await w.local.settled()
        since = len(w.local.events)
        await w.local.finish_refund(refund["id"], "succeeded")
        assert _events(w, since) == ["refund.updated", "charge.refund.updated"]
        assert {e["data"]["object"]["object"] for e in w.local.events[since:]} == {"refund"}
        assert w.local.events[-1]["data"]["previous_attributes"] == {"status": "pending"}
        assert (refund["status"], _charge(w)["refunded"]) == ("succeeded", True)


async def test_a_failed_refund_is_undone_and_can_be_made_again() -> None:
    async with world() as w:
        paid = await _paid(w)
        refund = await w.local.refund(paid["id"], 200)
        since = len(w.local.events)
        await w.local.finish_refund(refund["id"], FinalRefundStatus.FAILED)
        assert _events(w, since) == ["refund.failed", "refund.updated", "charge.refund.updated"]
        assert refund["failure_reason"]
        assert (_charge(w)["refunded"], _charge(w)["amount_refunded"]) == (False, 0)
        assert (await w.local.refund(paid["id"]))["amount"] == 500


async def test_a_pending_refund_can_be_canceled_through_the_api_once() -> None:
    async with world() as w:
        paid = await _paid(w)
        refund = await w.local.refund(paid["id"], scenario="pending")
        canceled = await w.client.v1.refunds.cancel_async(refund["id"])
        assert canceled.status == "canceled"
        assert _events(w)[-2:] == ["refund.updated", "charge.refund.updated"]
        assert _charge(w)["amount_refunded"] == 0
        with pytest.raises(stripe.InvalidRequestError, match="can no longer be canceled"):
            await w.client.v1.refunds.cancel_async(refund["id"])


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("succeeded", "succeeded"),
        ("succeeded", "canceled"),
        ("failed", "succeeded"),
        ("failed", "failed"),
        ("canceled", "failed"),
    ],
)
async def test_a_finished_refund_stays_as_it_is(first: str, then: str) -> None:
    async with world() as w:
        paid = await _paid(w)
        refund = await w.local.refund(paid["id"], scenario="pending")
        await w.local.finish_refund(refund["id"], first)
        before, since = dict(_charge(w)), len(w.local.events)
        with pytest.raises(ApiError, match="cannot become"):
            await w.local.finish_refund(refund["id"], then)
        assert (dict(_charge(w)), len(w.local.events)) == (before, since)


async def test_a_refund_that_fails_succeeds_first() -> None:
    async with world() as w:
        paid = await _paid(w)
        refund = await w.local.refund(paid["id"], scenario="fails")
        assert (refund["status"], _charge(w)["refunded"]) == ("succeeded", True)
        await w.local.settled()
        assert (refund["status"], _charge(w)["refunded"]) == ("failed", False)
        assert "refund.failed" in w.receiver.types


async def test_the_card_whose_refunds_wait() -> None:
    async with world() as w:
        intent = await _confirm(w, "pm_card_pendingRefund")
        refund = await w.client.v1.refunds.create_async({"payment_intent": intent})
        assert refund.status == "pending"
        await w.local.settled()
        assert (await w.client.v1.refunds.retrieve_async(refund.id)).status == "succeeded"


async def test_the_card_whose_refunds_fail_afterwards() -> None:
    async with world() as w:
        intent = await _confirm(w, "pm_card_refundFail")
        refund = await w.client.v1.refunds.create_async({"payment_intent": intent})
        assert refund.status == "succeeded"
        await w.local.settled()
        assert (await w.client.v1.refunds.retrieve_async(refund.id)).status == "failed"
        assert _charge(w)["amount_refunded"] == 0


async def test_a_bank_account_gets_its_money_later() -> None:
    async with world() as w:
        session = await w.open()
        await w.local.pay(session.id, PaymentScenario.BANK_TRANSFER)
        await w.local.settled()
        intent = w.local.sessions[session.id]["payment_intent"]
        refund = await w.client.v1.refunds.create_async({"payment_intent": intent})
        assert refund.status == "pending"
        await w.local.settled()
        assert w.local.refunds[refund.id]["status"] == "succeeded"


async def test_somebody_faster_than_the_delay_is_not_overruled() -> None:
    async with world() as w:
        intent = await _confirm(w, "pm_card_pendingRefund")
        refund = await w.client.v1.refunds.create_async({"payment_intent": intent})
        await w.local.finish_refund(refund.id, "failed")
        await w.local.settled()
        assert w.local.refunds[refund.id]["status"] == "failed"
        assert w.receiver.types.count("refund.updated") == 1


async def test_refunds_are_listed_by_payment_and_time() -> None:
    async with world() as w:
        one, two = await _paid(w), await _paid(w)
        made = [(await w.local.refund(one["id"], 100))["id"] for _ in range(3)]
        other = await w.local.refund(two["id"])
        everything = await w.client.v1.refunds.list_async()
        assert [row.id for row in everything.data] == [other["id"], *reversed(made)]
        found = await w.client.v1.refunds.list_async({"payment_intent": one["payment_intent"], "limit": 2})
        assert [row.id async for row in found.auto_paging_iter()] == list(reversed(made))
        found = await w.client.v1.refunds.list_async({"charge": other["charge"]})
        assert [row.id for row in found.data] == [other["id"]]
        later: Any = {"created": {"gt": other["created"] + 60}}
        assert (await w.client.v1.refunds.list_async(later)).data == []


async def test_metadata_of_a_refund_is_merged_and_unset() -> None:
    async with world() as w:
        paid = await _paid(w)
        refund = await w.local.refund(paid["id"], metadata={"a": "1", "b": "2"})
        since = len(w.local.events)
        update: Any = {"metadata": {"a": "", "c": "3"}}
        await w.client.v1.refunds.update_async(refund["id"], update)
        assert refund["metadata"] == {"b": "2", "c": "3"}
        assert _events(w, since) == ["refund.updated", "charge.refund.updated"]
        await w.client.v1.refunds.update_async(refund["id"], {"metadata": ""})
        assert refund["metadata"] == {}


async def test_concurrent_refunds_never_exceed_the_payment() -> None:
    async with world() as w:
        paid = await _paid(w)
        params: Any = {"payment_intent": paid["payment_intent"], "amount": 200}
        ask = w.client.v1.refunds.create_async
        answers = await asyncio.gather(*(ask(params) for _ in range(6)), return_exceptions=True)
        assert sum(not isinstance(answer, BaseException) for answer in answers) == 2
        assert _charge(w)["amount_refunded"] == 400
        assert _events(w).count("charge.refunded") == 2


async def test_a_repeated_request_refunds_once() -> None:
    async with world() as w:
        paid = await _paid(w)
        params: Any = {"payment_intent": paid["payment_intent"], "amount": 100}
        options: Any = {"idempotency_key": "k"}
        first, again = [await w.client.v1.refunds.create_async(params, options) for _ in range(2)]
        assert first.id == again.id
        assert list(w.local.refunds) == [first.id]


async def test_a_retry_gets_the_refund_of_a_lost_answer() -> None:
    async with world(max_network_retries=1) as w:
        paid = await _paid(w)
        w.local.faults.drop_connection("/v1/refunds", after_execution=True)
        refund = await w.client.v1.refunds.create_async({"payment_intent": paid["payment_intent"]})
        assert list(w.local.refunds) == [refund.id]


async def test_a_restart_in_the_middle_finishes_refunds(tmp_path: Path) -> None:
    kept = tmp_path / "stripe.json"
    async with world(state_file=kept) as w:
        intent = await _confirm(w, "pm_card_refundFail")
        card = await w.client.v1.refunds.create_async({"payment_intent": intent})
        paid = await _paid(w)
        waiting = await w.local.refund(paid["id"], scenario="pending")
    async with world(state_file=kept) as w:
        assert w.local.refunds[waiting["id"]]["status"] == "pending"
        await w.local.settled()
        assert w.local.refunds[card.id]["status"] == "failed"
        await w.local.finish_refund(waiting["id"], "canceled")
        await w.local.settled()
        assert {charge["amount_refunded"] for charge in w.local.charges.values()} == {0}
    async with world(state_file=kept) as w:
        assert {charge["amount_refunded"] for charge in w.local.charges.values()} == {0}
        assert {row["status"] for row in w.local.refunds.values()} == {"failed", "canceled"}


async def test_the_charge_and_intent_of_a_refund_can_be_expanded() -> None:
    async with world() as w:
        paid = await _paid(w)
        refund = await w.local.refund(paid["id"])
        expand = ["charge", "payment_intent"]
        found: Any = await w.client.v1.refunds.retrieve_async(refund["id"], {"expand": expand})
        assert found.charge.amount_refunded == 500
        assert found.payment_intent.status == "succeeded"
        with pytest.raises(stripe.InvalidRequestError, match="No such refund"):
            await w.client.v1.refunds.retrieve_async("re_nobody")


def test_every_parameter_of_the_client_is_known() -> None:
    assert set(RefundCreateParams.__annotations__) - OPTIONS == set(schemas.CREATE_REFUND.fields)
    assert set(RefundListParams.__annotations__) - OPTIONS == set(schemas.LIST_REFUNDS.fields)
    assert set(RefundUpdateParams.__annotations__) - OPTIONS == set(schemas.UPDATE_REFUND.fields)


async def test_a_refund_has_every_field_of_the_clients_type() -> None:
    async with world() as w:
        refund = await w.local.refund((await _paid(w))["id"])
        # Only present in refunds of payments with a presentment currency.
        absent = {"presentment_details"}
        fields = {name for name in stripe.Refund.__annotations__ if not name.startswith(("_", "OBJECT"))}
        assert set(refund) == fields - absent
