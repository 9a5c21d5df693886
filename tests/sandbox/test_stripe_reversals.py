"""Refunds, disputes and warnings in any order: the sums hold, and the events tell what is true."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bot_platform.sandbox.stripe import ApiError, DisputeStatus, LocalStripe, RefundEnd, RefundHow
from tests.sandbox.stripe_world import Receiver, World, world
from tests.waiting import moving_clock

_IN_VAIN = ("failed", "canceled")


def _moves(local: LocalStripe, chance: Random, paid: list[str]) -> list[Callable[[], Awaitable[Any]]]:
    """Make the moves of this moment; many of them are impossible."""
    some = [*local.refunds] or ["re_nobody"]
    disputes = [*local.disputes] or ["du_nobody"]
    warnings = [*local.warnings] or ["issfr_nobody"]
    amount = chance.choice([None, 1, 100, 250, 500, 501])
    return [
        lambda: local.refund(chance.choice(paid), amount, how=chance.choice(list(RefundHow))),
        lambda: local.finish_refund(chance.choice(some), chance.choice(list(RefundEnd))),
        lambda: local.dispute(chance.choice(paid), amount, inquiry=chance.random() < 0.5),
        lambda: local.move_dispute(chance.choice(disputes), chance.choice(list(DisputeStatus))),
        lambda: local.warn(chance.choice(paid)),
        lambda: local.clear_warning(chance.choice(warnings)),
    ]


async def _live(local: LocalStripe, chance: Random, moves: int) -> None:
    paid = list(local.sessions)
    for _ in range(moves):
        local.catch_up()
        before = _everything(local)
        try:
            await chance.choice(_moves(local, chance, paid))()
        except ApiError:
            assert _everything(local) == before
        _check(local)
        moving_clock().move(chance.choice([0, 20, 60]))
        await asyncio.sleep(0)


def _everything(local: LocalStripe) -> str:
    return str([dict(local.charges), dict(local.refunds), dict(local.disputes), dict(local.warnings)])


def _check(local: LocalStripe) -> None:
    for charge in local.charges.values():
        refunds = [row for row in local.refunds.values() if row["charge"] == charge["id"]]
        disputes = [row for row in local.disputes.values() if row["charge"] == charge["id"]]
        given = sum(row["amount"] for row in refunds if row["status"] not in _IN_VAIN)
        assert charge["amount_refunded"] == given <= charge["amount"]
        assert charge["refunded"] == (given == charge["amount"])
        assert charge["disputed"] == bool(disputes)
        for row in disputes:
            moved = sum(line["amount"] for line in row["balance_transactions"])
            kept = row["status"] in {"won", "prevented"} or row["status"].startswith("warning_")
            assert moved == (0 if kept else -row["amount"])
        if charge["disputed"]:
            warned = [row for row in local.warnings.values() if row["charge"] == charge["id"]]
            assert not any(row["actionable"] for row in warned)


def _check_events(w: World) -> None:
    """See that the last event about each object tells its state."""
    told = {event["data"]["object"]["id"]: event["data"]["object"] for event in w.local.events}
    for table in (w.local.refunds, w.local.disputes, w.local.warnings):
        for row in table.values():
            assert told[row["id"]] == row


@pytest.mark.parametrize("seed", range(8))
async def test_the_sums_hold_whatever_happens_in_whatever_order(seed: int, tmp_path: Path) -> None:
    chance = Random(seed)  # noqa: S311 - chance, not a secret
    options: dict[str, Any] = {"keep_in": tmp_path / "stripe.json"}
    async with world(**options, receiver=Receiver(statuses=[500] * 20)) as w:
        for _ in range(4):
            await w.local.pay((await w.open()).id)
        await _live(w.local, chance, 60)
        # Cut off with refunds that are still to fail and webhooks that are still to be sent.
        before = _everything(w.local)
    async with world(**options) as w:
        assert _everything(w.local) == before
        w.local.mischief.change(twice=True)
        await asyncio.gather(*(_live(w.local, chance, 20) for _ in range(3)))
        await w.local.settled()
        _check(w.local)
        _check_events(w)
        assert {event["pending_webhooks"] for event in w.local.events} == {0}
