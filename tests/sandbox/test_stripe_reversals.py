"""Refunds, disputes and warnings in random order: amounts and events stay consistent with the objects."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bot_platform.sandbox.stripe import (
    ApiError,
    DisputeStatus,
    FinalRefundStatus,
    LocalStripe,
    RefundScenario,
)
from tests.sandbox.stripe_world import Receiver, World, world
from tests.waiting import moving_clock

_UNDONE = ("failed", "canceled")


def _possible_actions(
    local: LocalStripe, random: Random, paid: list[str]
) -> list[Callable[[], Awaitable[Any]]]:
    """Return one action of each kind with random arguments; many of them will be refused."""
    refunds = [*local.refunds] or ["re_nobody"]
    disputes = [*local.disputes] or ["du_nobody"]
    warnings = [*local.warnings] or ["issfr_nobody"]
    amount = random.choice([None, 1, 100, 250, 500, 501])
    return [
        lambda: local.refund(random.choice(paid), amount, scenario=random.choice(list(RefundScenario))),
        lambda: local.finish_refund(random.choice(refunds), random.choice(list(FinalRefundStatus))),
        lambda: local.dispute(random.choice(paid), amount, inquiry=random.random() < 0.5),
        lambda: local.move_dispute(random.choice(disputes), random.choice(list(DisputeStatus))),
        lambda: local.warn(random.choice(paid)),
        lambda: local.clear_warning(random.choice(warnings)),
    ]


async def _run_random_actions(local: LocalStripe, random: Random, count: int) -> None:
    paid = list(local.sessions)
    for _ in range(count):
        local.run_due_actions()
        before = _snapshot(local)
        try:
            await random.choice(_possible_actions(local, random, paid))()
        except ApiError:
            assert _snapshot(local) == before
        _check(local)
        moving_clock().move(random.choice([0, 20, 60]))
        await asyncio.sleep(0)


def _snapshot(local: LocalStripe) -> str:
    return str([dict(local.charges), dict(local.refunds), dict(local.disputes), dict(local.warnings)])


def _check(local: LocalStripe) -> None:
    for charge in local.charges.values():
        refunds = [row for row in local.refunds.values() if row["charge"] == charge["id"]]
        disputes = [row for row in local.disputes.values() if row["charge"] == charge["id"]]
        refunded = sum(row["amount"] for row in refunds if row["status"] not in _UNDONE)
        assert charge["amount_refunded"] == refunded <= charge["amount"]
        assert charge["refunded"] == (refunded == charge["amount"])
        assert charge["disputed"] == bool(disputes)
        for row in disputes:
            withdrawn = sum(line["amount"] for line in row["balance_transactions"])
            reinstated = row["status"] in {"won", "prevented"} or row["status"].startswith("warning_")
            assert withdrawn == (0 if reinstated else -row["amount"])
        if charge["disputed"]:
            warned = [row for row in local.warnings.values() if row["charge"] == charge["id"]]
            assert not any(row["actionable"] for row in warned)


def _check_events(w: World) -> None:
    """Check that the last event of each object has its current state."""
    last_seen = {event["data"]["object"]["id"]: event["data"]["object"] for event in w.local.events}
    for table in (w.local.refunds, w.local.disputes, w.local.warnings):
        for row in table.values():
            assert last_seen[row["id"]] == row


@pytest.mark.parametrize("seed", range(8))
async def test_the_sums_hold_whatever_happens_in_whatever_order(seed: int, tmp_path: Path) -> None:
    random = Random(seed)  # noqa: S311 - no secret
    options: dict[str, Any] = {"state_file": tmp_path / "stripe.json"}
    async with world(**options, receiver=Receiver(statuses=[500] * 20)) as w:
        for _ in range(4):
            await w.local.pay((await w.open()).id)
        await _run_random_actions(w.local, random, 60)
        # Cut off with refunds that are still to fail and webhooks that are still to be sent.
        before = _snapshot(w.local)
    async with world(**options) as w:
        assert _snapshot(w.local) == before
        w.local.fault_switches.change(twice=True)
        await asyncio.gather(*(_run_random_actions(w.local, random, 20) for _ in range(3)))
        await w.local.settled()
        _check(w.local)
        _check_events(w)
        assert {event["pending_webhooks"] for event in w.local.events} == {0}
