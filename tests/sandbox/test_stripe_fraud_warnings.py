"""Early fraud warnings."""

from pathlib import Path
from typing import Any

import pytest
import stripe
from stripe.params.radar import EarlyFraudWarningListParams
from stripe.radar import EarlyFraudWarning

from bot_platform.sandbox.stripe import ApiError, schemas
from tests.sandbox.stripe_world import World, world

CREATED, UPDATED = "radar.early_fraud_warning.created", "radar.early_fraud_warning.updated"


async def _paid(w: World) -> str:
    session = await w.open()
    await w.local.pay(session.id)
    return str(session.id)


def _events(w: World) -> list[str]:
    return [event["type"] for event in w.local.events if event["type"].startswith("radar.")]


async def test_a_warning_names_its_payment_and_emits_an_event() -> None:
    async with world() as w:
        paid = await _paid(w)
        made = await w.local.warn(paid)
        warning: Any = await w.client.v1.radar.early_fraud_warnings.retrieve_async(
            made["id"], {"expand": ["charge"]}
        )
        assert warning.actionable
        assert warning.payment_intent == w.local.sessions[paid]["payment_intent"]
        assert warning.charge.amount == 500
        await w.local.settled()
        assert w.receiver.types.count(CREATED) == 1


async def test_a_full_refund_clears_a_warning_and_a_partial_one_does_not() -> None:
    async with world() as w:
        paid = await _paid(w)
        warning = await w.local.warn(paid)
        await w.local.refund(paid, 100)
        assert warning["actionable"]
        await w.local.refund(paid)
        assert not warning["actionable"]
        assert _events(w) == [CREATED, UPDATED]
        assert w.local.events[-1]["data"]["previous_attributes"] == {"actionable": True}


@pytest.mark.parametrize("inquiry", [True, False])
async def test_a_dispute_clears_only_the_warnings_of_its_payment(inquiry: bool) -> None:
    async with world() as w:
        paid, other = await _paid(w), await _paid(w)
        warned = [await w.local.warn(paid), await w.local.warn(paid)]
        unconcerned = await w.local.warn(other)
        await w.local.dispute(paid, inquiry=inquiry)
        assert [warning["actionable"] for warning in warned] == [False, False]
        assert unconcerned["actionable"]
        assert _events(w).count(UPDATED) == 2


async def test_a_warning_after_a_refund_or_dispute_is_not_actionable() -> None:
    async with world() as w:
        refunded, disputed = await _paid(w), await _paid(w)
        await w.local.refund(refunded)
        await w.local.dispute(disputed)
        assert not (await w.local.warn(refunded))["actionable"]
        assert not (await w.local.warn(disputed))["actionable"]
        assert not (await w.local.warn(await _paid(w), actionable=False))["actionable"]


async def test_a_warning_is_cleared_once() -> None:
    async with world() as w:
        warning = await w.local.warn(await _paid(w))
        for _ in range(2):
            assert not (await w.local.clear_warning(warning["id"]))["actionable"]
        assert _events(w) == [CREATED, UPDATED]
        with pytest.raises(ApiError, match="No such"):
            await w.local.clear_warning("issfr_nobody")
        with pytest.raises(ApiError, match="has no payment"):
            await w.local.warn((await w.open()).id)


async def test_the_card_with_a_fraud_warning() -> None:
    async with world() as w:
        params: Any = {"amount": 500, "currency": "usd", "confirm": True}
        params["payment_method"] = "pm_card_createIssuerFraudRecord"
        intent = await w.client.v1.payment_intents.create_async(params)
        found = await w.client.v1.radar.early_fraud_warnings.list_async({"payment_intent": intent.id})
        assert [warning.actionable for warning in found.data] == [True]


async def test_warnings_are_listed_by_payment_and_time() -> None:
    async with world() as w:
        one, two = await _paid(w), await _paid(w)
        made = [(await w.local.warn(one))["id"] for _ in range(3)]
        other = await w.local.warn(two)
        warnings = w.client.v1.radar.early_fraud_warnings
        intent = w.local.sessions[one]["payment_intent"]
        found = await warnings.list_async({"payment_intent": intent, "limit": 2})
        assert [row.id async for row in found.auto_paging_iter()] == list(reversed(made))
        assert [row.id for row in (await warnings.list_async({"charge": other["charge"]})).data] == [
            other["id"]
        ]
        later: Any = {"created": {"gt": other["created"] + 60}}
        assert (await warnings.list_async(later)).data == []


async def test_a_restart_keeps_a_warning(tmp_path: Path) -> None:
    kept = tmp_path / "stripe.json"
    async with world(state_file=kept) as w:
        paid = await _paid(w)
        warning = await w.local.warn(paid)
    async with world(state_file=kept) as w:
        await w.local.refund(paid)
        assert not w.local.warnings[warning["id"]]["actionable"]


def test_every_parameter_of_the_client_is_known() -> None:
    options = set(stripe.RequestOptions.__annotations__)
    assert set(EarlyFraudWarningListParams.__annotations__) - options == set(schemas.LIST_WARNINGS.fields)


async def test_a_warning_has_every_field_of_the_clients_type() -> None:
    async with world() as w:
        warning = await w.local.warn(await _paid(w))
        fields = {name for name in EarlyFraudWarning.__annotations__ if not name.startswith(("_", "OBJECT"))}
        assert set(warning) == fields
