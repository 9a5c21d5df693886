"""Disputes and inquiries: their transitions, their money, their events and evidence."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import stripe
from stripe.params import DisputeListParams, DisputeUpdateParams, DisputeUpdateParamsEvidence

from bot_platform.sandbox.stripe import ApiError, DisputeStatus, schemas
from bot_platform.sandbox.stripe.disputes import TRANSITIONS
from tests.sandbox.stripe_world import KEY, World, world

OPTIONS = set(stripe.RequestOptions.__annotations__)
WITHDRAWN, REINSTATED = "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated"
UPDATED, CLOSED = "charge.dispute.updated", "charge.dispute.closed"


async def _paid(w: World) -> str:
    session = await w.open()
    await w.local.pay(session.id)
    return str(session.id)


async def _confirm(w: World, method: str) -> str:
    params: Any = {"amount": 500, "currency": "usd", "payment_method": method, "confirm": True}
    return str((await w.client.v1.payment_intents.create_async(params)).id)


def _events(w: World, since: int = 0) -> list[str]:
    return [event["type"] for event in w.local.events[since:]]


def _moved(dispute: Any) -> list[int]:
    return [line["amount"] for line in dispute["balance_transactions"]]


async def test_a_dispute_withdraws_the_money_and_emits_events() -> None:
    async with world() as w:
        paid = await _paid(w)
        since = len(w.local.events)
        made = await w.local.dispute(paid, reason="product_not_received")
        dispute: Any = await w.client.v1.disputes.retrieve_async(made["id"], {"expand": ["charge"]})
        assert (dispute.status, dispute.amount, dispute.reason) == (
            "needs_response",
            500,
            "product_not_received",
        )
        assert dispute.charge.disputed
        assert dispute.payment_intent == w.local.sessions[paid]["payment_intent"]
        assert dispute.is_charge_refundable is False
        assert [line.net for line in dispute.balance_transactions] == [-2000]
        assert _events(w, since) == ["charge.dispute.created", WITHDRAWN]
        await w.local.settled()
        assert WITHDRAWN in w.receiver.types


async def test_an_inquiry_takes_no_money() -> None:
    async with world() as w:
        since = len(w.local.events)
        paid = await _paid(w)
        inquiry = await w.local.dispute(paid, inquiry=True)
        assert (inquiry["status"], _moved(inquiry)) == ("warning_needs_response", [])
        assert inquiry["payment_method_details"]["card"]["case_type"] == "inquiry"
        assert _events(w, since)[-1] == "charge.dispute.created"
        assert WITHDRAWN not in _events(w)


@pytest.mark.parametrize(
    ("inquiry", "way", "events", "moved"),
    [
        (False, ["won"], [REINSTATED, CLOSED], [-500, 500]),
        (False, ["lost"], [CLOSED], [-500]),
        (False, ["prevented"], [REINSTATED, CLOSED], [-500, 500]),
        (False, ["under_review", "won"], [UPDATED, REINSTATED, CLOSED], [-500, 500]),
        (False, ["under_review", "lost"], [UPDATED, CLOSED], [-500]),
        (True, ["warning_closed"], [CLOSED], []),
        (True, ["prevented"], [CLOSED], []),
        (True, ["warning_under_review", "warning_closed"], [UPDATED, CLOSED], []),
        (True, ["needs_response"], [UPDATED, WITHDRAWN], [-500]),
        (
            True,
            ["warning_under_review", "needs_response", "under_review", "won"],
            [UPDATED, UPDATED, WITHDRAWN, UPDATED, REINSTATED, CLOSED],
            [-500, 500],
        ),
        (
            False,
            ["lost", "appeal_needs_response", "appeal_under_review", "won"],
            [CLOSED, UPDATED, UPDATED, REINSTATED, CLOSED],
            [-500, 500],
        ),
        (False, ["lost", "appeal_needs_response", "lost"], [CLOSED, UPDATED, CLOSED], [-500]),
    ],
)
async def test_every_transition_of_a_dispute_moves_its_money(
    inquiry: bool, way: Sequence[str], events: Sequence[str], moved: Sequence[int]
) -> None:
    async with world() as w:
        dispute = await w.local.dispute(await _paid(w), inquiry=inquiry)
        since = len(w.local.events)
        for status in way:
            assert (await w.local.move_dispute(dispute["id"], status))["status"] == status
        assert _events(w, since) == events
        assert _moved(dispute) == moved


async def test_every_event_shows_the_dispute_at_that_time() -> None:
    async with world() as w:
        dispute = await w.local.dispute(await _paid(w), inquiry=True)
        await w.local.move_dispute(dispute["id"], "needs_response")
        await w.local.move_dispute(dispute["id"], "won")
        told = [e for e in w.local.events if e["type"].startswith("charge.dispute")]
        assert [e["data"]["object"]["status"] for e in told] == [
            "warning_needs_response",
            "needs_response",
            "needs_response",
            "won",
            "won",
        ]
        assert told[1]["data"]["previous_attributes"] == {"status": "warning_needs_response"}


@pytest.mark.parametrize("status", list(DisputeStatus))
async def test_other_transitions_are_refused(status: DisputeStatus) -> None:
    async with world() as w:
        for ways, inquiry in _ways_to(status):
            dispute = await w.local.dispute(await _paid(w), inquiry=inquiry)
            for step in ways:
                await w.local.move_dispute(dispute["id"], step)
            before, since = str(dispute), len(w.local.events)
            for other in set(DisputeStatus) - TRANSITIONS.get(status, set()):
                with pytest.raises(ApiError, match="cannot become"):
                    await w.local.move_dispute(dispute["id"], other)
            assert (str(dispute), len(w.local.events)) == (before, since)


def _ways_to(status: DisputeStatus) -> list[tuple[list[str], bool]]:
    """Return a shortest path to each status from both initial ones."""
    found = []
    for start in (DisputeStatus.WARNING_NEEDS_RESPONSE, DisputeStatus.NEEDS_RESPONSE):
        ways: list[list[str]] = [[start]]
        while ways and ways[0][-1] != status:
            way = ways.pop(0)
            ways += [[*way, step] for step in TRANSITIONS.get(way[-1], ()) if step not in way]
        if ways:
            found.append((ways[0][1:], start is DisputeStatus.WARNING_NEEDS_RESPONSE))
    assert found
    return found


async def test_an_unknown_status_is_refused() -> None:
    async with world() as w:
        dispute = await w.local.dispute(await _paid(w))
        with pytest.raises(ValueError, match="charge_refunded"):
            await w.local.move_dispute(dispute["id"], "charge_refunded")
        with pytest.raises(ApiError, match="No such dispute"):
            await w.local.move_dispute("du_nobody", "won")
        with pytest.raises(ApiError, match="Invalid reason"):
            await w.local.dispute(await _paid(w), reason="boredom")


async def test_no_more_than_the_payment_can_be_disputed() -> None:
    async with world() as w:
        paid = await _paid(w)
        for amount in (501, 0, -1):
            with pytest.raises(ApiError, match="cannot be disputed"):
                await w.local.dispute(paid, amount)
        assert (await w.local.dispute(paid, 300))["amount"] == 300
        assert (await w.local.dispute(paid))["amount"] == 200
        with pytest.raises(ApiError, match="cannot be disputed"):
            await w.local.dispute(paid)
        with pytest.raises(ApiError, match="has no payment"):
            await w.local.dispute((await w.open()).id)


async def test_refunded_money_can_be_disputed() -> None:
    async with world() as w:
        paid = await _paid(w)
        await w.local.refund(paid)
        with pytest.raises(ApiError, match="cannot be disputed"):
            await w.local.dispute(paid)
        assert _moved(await w.local.dispute(paid, 500)) == [-500]


async def test_a_refunded_inquiry_cannot_take_money_any_more() -> None:
    async with world() as w:
        paid = await _paid(w)
        inquiry = await w.local.dispute(paid, inquiry=True)
        refund = await w.local.refund(paid)
        with pytest.raises(ApiError, match="no money can be withdrawn"):
            await w.local.move_dispute(inquiry["id"], "needs_response")
        assert _moved(inquiry) == []
        await w.local.finish_refund(refund["id"], "failed")
        assert inquiry["is_charge_refundable"]
        await w.local.move_dispute(inquiry["id"], "needs_response")
        assert _moved(inquiry) == [-500]


async def test_closing_a_dispute_loses_it_once() -> None:
    async with world() as w:
        dispute = await w.local.dispute(await _paid(w))
        assert (await w.client.v1.disputes.close_async(dispute["id"])).status == "lost"
        assert _events(w)[-1] == CLOSED
        with pytest.raises(stripe.InvalidRequestError, match="already closed"):
            await w.client.v1.disputes.close_async(dispute["id"])
        assert _events(w).count(CLOSED) == 1


async def test_evidence_is_kept_or_submitted() -> None:
    async with world() as w:
        dispute = await w.local.dispute(await _paid(w))
        draft: Any = {"evidence": {"customer_name": "Ada"}, "submit": False, "metadata": {"case": "7"}}
        kept = await w.client.v1.disputes.update_async(dispute["id"], draft)
        assert (kept.status, kept.evidence_details.has_evidence) == ("needs_response", True)
        assert kept.evidence_details.submission_count == 0
        sent: Any = {"evidence": {"uncategorized_text": "It was delivered."}}
        told = await w.client.v1.disputes.update_async(dispute["id"], sent)
        assert (told.status, told.evidence_details.submission_count) == ("under_review", 1)
        assert (told.evidence.customer_name, told.metadata["case"]) == ("Ada", "7")
        assert _events(w)[-2:] == [UPDATED, UPDATED]
        with pytest.raises(stripe.InvalidRequestError, match="under_review"):
            await w.client.v1.disputes.update_async(dispute["id"], sent)


@pytest.mark.parametrize(
    ("inquiry", "text", "status"),
    [
        (False, "winning_evidence", "won"),
        (False, "losing_evidence", "lost"),
        (True, "escalate_inquiry_evidence", "needs_response"),
        (True, "winning_evidence", "warning_closed"),
        (True, "losing_evidence", "warning_closed"),
        (False, "escalate_inquiry_evidence", "under_review"),
    ],
)
async def test_evidence_of_the_test_mode_decides(inquiry: bool, text: str, status: str) -> None:
    async with world() as w:
        dispute = await w.local.dispute(await _paid(w), inquiry=inquiry)
        evidence: Any = {"evidence": {"uncategorized_text": text}}
        sent = await w.client.v1.disputes.update_async(dispute["id"], evidence)
        assert sent.status.endswith("under_review")
        assert (await w.client.v1.disputes.retrieve_async(dispute["id"])).status == status
        await w.local.settled()


async def test_deciding_evidence_after_another_decision_has_no_effect() -> None:
    async with world() as w:
        paid = await _paid(w)
        inquiry = await w.local.dispute(paid, inquiry=True)
        await w.local.refund(paid)
        evidence: Any = {"evidence": {"uncategorized_text": "escalate_inquiry_evidence"}}
        await w.client.v1.disputes.update_async(inquiry["id"], evidence)
        await w.local.settled()
        assert inquiry["status"] == "warning_under_review"


@pytest.mark.parametrize(
    ("method", "status"),
    [("pm_card_createDispute", "needs_response"), ("pm_card_createDisputeInquiry", "warning_needs_response")],
)
async def test_test_cards_open_disputes_after_payment(method: str, status: str) -> None:
    async with world() as w:
        intent = await _confirm(w, method)
        (dispute,) = (await w.client.v1.disputes.list_async({"payment_intent": intent})).data
        assert (dispute.status, dispute.amount) == (status, 500)
        await w.local.settled()
        types = _events(w)
        assert types.index("payment_intent.succeeded") < types.index("charge.dispute.created")


async def test_a_disputing_card_on_the_payment_page_disputes_after_the_checkout_completes() -> None:
    async with world() as w:
        session = await w.open()
        card: Any = {"type": "card", "card": {"number": "4000000000000259"}}
        method = await w.client.v1.payment_methods.create_async(card)
        url = f"{w.url}/v1/payment_pages/{session.id}/confirm"
        headers = {"Authorization": f"Bearer {KEY}"}
        async with w.http.post(url, data={"payment_method": method.id}, headers=headers) as answer:
            assert answer.status == 200
        await w.local.settled()
        types = _events(w)
        assert types.index("checkout.session.completed") < types.index("charge.dispute.created")


async def test_disputes_are_listed_by_payment_and_time() -> None:
    async with world() as w:
        one, two = await _paid(w), await _paid(w)
        made = [(await w.local.dispute(one, 100))["id"] for _ in range(3)]
        other = await w.local.dispute(two)
        intent = w.local.sessions[one]["payment_intent"]
        found = await w.client.v1.disputes.list_async({"payment_intent": intent, "limit": 2})
        assert [row.id async for row in found.auto_paging_iter()] == list(reversed(made))
        found = await w.client.v1.disputes.list_async({"charge": other["charge"]})
        assert [row.id for row in found.data] == [other["id"]]
        later: Any = {"created": {"gt": other["created"] + 60}}
        assert (await w.client.v1.disputes.list_async(later)).data == []


async def test_concurrent_decisions_win_a_dispute_once() -> None:
    async with world() as w:
        dispute = await w.local.dispute(await _paid(w))
        moves = (w.local.move_dispute(dispute["id"], "won") for _ in range(5))
        answers = await asyncio.gather(*moves, return_exceptions=True)
        assert sum(isinstance(answer, ApiError) for answer in answers) == 4
        assert _moved(dispute) == [-500, 500]


async def test_a_restart_in_the_middle_keeps_a_dispute_and_its_money(tmp_path: Path) -> None:
    kept = tmp_path / "stripe.json"
    async with world(state_file=kept) as w:
        intent = await _confirm(w, "pm_card_createDispute")
        (dispute,) = (await w.client.v1.disputes.list_async()).data
        await w.local.move_dispute(dispute.id, "under_review")
    async with world(state_file=kept) as w:
        with pytest.raises(stripe.InvalidRequestError, match="has been charged back"):
            await w.client.v1.refunds.create_async({"payment_intent": intent})
        await w.local.move_dispute(dispute.id, "won")
        await w.local.settled()
    async with world(state_file=kept) as w:
        assert [row["status"] for row in w.local.disputes.values()] == ["won"]
        assert (await w.client.v1.refunds.create_async({"payment_intent": intent})).amount == 500


def test_every_parameter_of_the_client_is_known() -> None:
    assert set(DisputeListParams.__annotations__) - OPTIONS == set(schemas.LIST_DISPUTES.fields)
    assert set(DisputeUpdateParams.__annotations__) - OPTIONS == set(schemas.UPDATE_DISPUTE.fields)
    evidence: Any = schemas.UPDATE_DISPUTE.fields["evidence"]
    assert set(DisputeUpdateParamsEvidence.__annotations__) == set(evidence.fields)


async def test_a_dispute_has_every_field_of_the_clients_type() -> None:
    async with world() as w:
        dispute = await w.local.dispute(await _paid(w))
        fields = {name for name in stripe.Dispute.__annotations__ if not name.startswith(("_", "OBJECT"))}
        assert set(dispute) == fields
        details = {name for name in stripe.Dispute.EvidenceDetails.__annotations__ if name[0] != "_"}
        assert set(dispute["evidence_details"]) == details
        evidence = {name for name in stripe.Dispute.Evidence.__annotations__ if name[0] != "_"}
        assert set(dispute["evidence"]) == evidence
