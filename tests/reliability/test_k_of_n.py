"""Credits reach for exactly k of n orders at once: k are admitted, and no balance is ever negative."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from multiprocessing import Pipe
from random import Random
from typing import Any

import pytest

from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from tests.makers import person
from tests.reliability.conftest import Size
from tests.reliability.platforms import in_database
from tests.reliability.report import Report
from tests.reliability.stateful.fast_database import quick_url
from tests.reliability.workers import Wish, order_all, process, proved, take_orders

PROCESSES = {"SQLite": 2, "PostgreSQL": 4}
MOST = 8  # orders of one person at once
TOGETHER = 10  # people who order at once

# Refuses whatever would owe something, at any moment of any transaction.
NEVER_BELOW_ZERO = {
    "SQLite": (
        """CREATE TRIGGER never_below_zero BEFORE UPDATE ON account WHEN NEW.balance < NEW.held
        BEGIN SELECT RAISE(ABORT, 'below zero'); END""",
    ),
    "PostgreSQL": ("ALTER TABLE account ADD CONSTRAINT never_below_zero CHECK (balance >= held)",),
}

OrderAll = Callable[[Sequence[Wish]], Awaitable[None]]


async def _rounds(database: Database, order: OrderAll, number: int, report: Report) -> None:
    """Let people order more at once than they can pay for, some people at a time."""
    random = Random(21)  # noqa: S311 -- to be repeated
    report.plan(number, "rounds")
    for ddl in NEVER_BELOW_ZERO[database.name]:
        await query(ddl)
    while report.done < number:
        wishes: list[Wish] = []
        expected: dict[int, tuple[int, int, int]] = {}
        for n in range(report.done, min(number, report.done + TOGETHER)):
            orders, needs = random.randint(2, MOST), random.randint(1, 500)
            reach, rest = random.randint(0, orders - 1), random.randrange(needs)
            user = await person(database, 7_800_000_000 + n, reach * needs + rest)
            wishes += [(user.id, f"{n}:{order}", needs) for order in range(orders)]
            expected[user.id] = (reach, orders - reach, rest)
        random.shuffle(wishes)
        await order(wishes)
        found = await _found()
        report.right([f"{found[who]}, not {e}" for who, e in expected.items() if found[who] != e])
        report.did(len(expected))
    report.right([str(row) for row in await proved(database)])


async def _found() -> dict[int, tuple[int, int, int]]:
    """Count everybody's admitted jobs with their holds and parked ones, and read what is available."""
    rows = await query(
        """SELECT a.user_id, a.balance - a.held AS available,
            SUM(CASE WHEN j.state = 'queued' AND h.state = 'held' THEN 1 ELSE 0 END) AS admitted,
            SUM(CASE WHEN j.state = 'parked' AND h.id IS NULL THEN 1 ELSE 0 END) AS parked
        FROM account a JOIN job j ON j.user_id = a.user_id LEFT JOIN hold h ON h.job_id = j.id
        GROUP BY a.user_id, a.balance, a.held"""
    )
    return {row["user_id"]: (row["admitted"], row["parked"], row["available"]) for row in rows}


@pytest.mark.timeout(1200)
async def test_of_orders_at_once_so_many_are_admitted_as_the_credits_reach_for(
    database_url: str, size: Size, report: Report
) -> None:
    async with quick_url(database_url) as url:

        async def run(database: Database) -> None:
            async def order(wishes: Sequence[Wish]) -> None:
                await order_all(database, wishes)

            await _rounds(database, order, size(small=40, full=1000), report)

        await in_database(url, run)


@pytest.mark.timeout(1200)
async def test_of_orders_from_several_processes_so_many_are_admitted_as_the_credits_reach_for(
    database_url: str, size: Size, report: Report
) -> None:
    number = PROCESSES[report.database]
    async with quick_url(database_url) as url:
        wires: list[Any] = []
        for _ in range(number):
            ours, theirs = Pipe()
            process(take_orders, url, theirs)
            wires.append(ours)

        async def heard(word: str) -> None:
            said = await asyncio.gather(*(asyncio.to_thread(wire.recv) for wire in wires))
            assert said == [word] * number

        async def order(wishes: Sequence[Wish]) -> None:
            for turn, wire in enumerate(wires):
                wire.send(wishes[turn::number])
            await heard("done")

        async def run(database: Database) -> None:
            await _rounds(database, order, size(small=40, full=1000), report)

        await heard("ready")
        report.note = f"{number} processes"
        await in_database(url, run)
        for wire in wires:
            wire.send([])
