"""Killed by SIGKILL between any two steps of a purchase and started again: nothing lost, nothing doubled."""

import asyncio
import itertools
from contextlib import suppress

import pytest

from bot_platform.domain import ledger, users
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from tests.makers import BUYER, FreshDatabase, eventually, link_of
from tests.reliability import books
from tests.reliability.conftest import Size
from tests.reliability.platforms import Surroundings, in_database, let_leases_run_out, surroundings
from tests.reliability.report import Report

TOGETHER = 4  # worlds side by side
FEWEST_STEPS = 40  # a sale has many more; fewer would mean that nothing is killed


async def _keep_alive(w: Surroundings, kill_at: int) -> None:
    """Start the platform; when it dies, let its leases run out and start it for good."""
    first = w.start(kill_at)
    await eventually(lambda: not first.is_alive())
    await let_leases_run_out(w.database_url)
    w.start()


async def _books(url: str) -> tuple[int, int, int]:
    """Read the buyer's balance, their entries, and the paid purchases."""

    async def read(_: Database) -> tuple[int, int, int]:
        user = await users.find(BUYER.id)
        assert user
        account = await ledger.find_account(user.id)
        (paid,) = await query("SELECT COUNT(*) AS n FROM purchase WHERE state = 'paid'")
        return account.balance, account.seq, paid["n"]

    return await in_database(url, read)


async def _buy_through_a_kill(url: str, kill_at: int, *, mock: bool) -> bool:
    """Buy once from a platform that dies at the given step; False when it lived to the end."""
    async with surroundings(url, mock_stripe_payments=mock) as w:
        keeper = asyncio.create_task(_keep_alive(w, kill_at))
        try:
            w.telegram.say(BUYER, "/start")
            shop = await w.said("Welcome")
            w.telegram.press(BUYER, shop["message_id"], "buy_100")
            if mock:
                receipt = "Success! Your MOCK purchase was processed. New balance: 100.00"
            else:
                receipt = "Payment received: 100.00 credits added. Balance: 100.00 credits."
                linked = await w.said("Please complete your purchase")
                await w.stripe.pay(link_of(linked).rpartition("/")[2])
            await w.said(receipt)
            w.telegram.say(BUYER, "/balance")
            await w.said("Balance: 100.00 credits")
            assert await _books(url) == (10_000, 1, 1), f"killed at step {kill_at}"
            assert not await books.faults(url), f"killed at step {kill_at}"
            died = len(w.processes) > 1
        finally:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper
        told = [m for m in w.telegram.messages(BUYER.id) if m["text"] == receipt]
        assert 1 <= len(told) <= 1 + died, "a message may be said twice only if its sending was cut"
        return died


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("mock", [True, False], ids=["mock", "live"])
async def test_a_purchase_survives_a_kill_at_any_step(
    fresh_database: FreshDatabase, size: Size, report: Report, *, mock: bool
) -> None:
    every = size(small=20, full=1)
    steps = itertools.count(1, every)
    report.plan(FEWEST_STEPS // every, "steps of a sale killed")

    async def next_steps() -> None:
        for step in steps:
            async with fresh_database() as url:
                if not await _buy_through_a_kill(url, step, mock=mock):
                    return
            report.did()

    async with asyncio.TaskGroup() as group:
        for _ in range(TOGETHER):
            group.create_task(next_steps())
    assert report.done > FEWEST_STEPS // every
