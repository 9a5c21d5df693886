"""Work is ordered while its credits come, in any order and at the same moment: it never stays parked."""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from bot_platform.domain import users
from bot_platform.flows import provider_events
from bot_platform.flows.grant import grant
from bot_platform.infra.sql import query
from tests.makers import FreshDatabase, payments
from tests.reliability.conftest import Size
from tests.reliability.report import Report
from tests.reliability.stateful.fake_provider import Desk, paid
from tests.reliability.stateful.fast_database import quick_url
from tests.reliability.workers import (
    CREDITS,
    Customer,
    Party,
    customers,
    order_all,
    party,
    proved,
    statements,
)

WINDOW = 0.02  # seconds between reading and writing
WORLD = 100  # races in one database
# SQLite has one writer, so its races run in many files side by side; those of PostgreSQL in one database.
WORLDS, RACERS = {"SQLite": 8, "PostgreSQL": 1}, {"SQLite": 1, "PostgreSQL": 8}
# What each order holds, and through which doors its credits come: together they just suffice.
RACES: Sequence[tuple[Sequence[int], Sequence[str]]] = (
    ([CREDITS], ["payment"]),
    ([CREDITS], ["grant"]),
    ([CREDITS // 2, CREDITS // 2], ["payment"]),
    ([2 * CREDITS], ["payment", "grant"]),
    ([CREDITS, CREDITS], ["payment", "payment"]),
)


async def _slow(_: Any, sql: str) -> None:
    """Widen the window after whoever reads an account, or what waits for it."""
    waiting = 'FROM "job"' in sql and '"state"=' in sql
    if sql.startswith("SELECT") and ('FROM "account"' in sql or waiting):
        await asyncio.sleep(WINDOW)


@dataclass
class World:
    """A database, and two parties at it: one takes orders, one takes money."""

    counter: Party
    cashier: Party
    random: Random

    async def race(self, one: Customer, holds: Sequence[int], doors: Sequence[str]) -> list[str]:
        """Let somebody order while they pay; says what is wrong afterwards."""
        money = payments(self.cashier.database, Desk())
        unpaid = iter(one.purchases)

        async def pay(door: str) -> None:
            await self._sometime()
            if door == "payment":
                await provider_events.apply(money, paid(next(unpaid), one.user_id))
            else:
                user = await users.get(one.user_id)
                await grant(money.database, user, CREDITS, "a race", f"race:{one.user_id}")

        async def order(n: int, needs: int) -> None:
            await self._sometime()
            await order_all(self.counter.database, [(one.user_id, f"{one.user_id}:{n}", needs)])

        said = await asyncio.gather(
            *(self.counter.do(order(n, needs)) for n, needs in enumerate(holds)),
            *(self.cashier.do(pay(door)) for door in doors),
            return_exceptions=True,
        )
        return [repr(fault) for fault in said if fault] + await self.counter.do(_wrong(one, holds))

    async def _sometime(self) -> None:
        await asyncio.sleep(self.random.uniform(0, 3 * WINDOW))


async def _wrong(one: Customer, holds: Sequence[int]) -> list[str]:
    """Look for a job that is stuck, and for a hold too many."""
    parked = await query("SELECT id FROM job WHERE user_id = ? AND state <> 'queued'", one.user_id)
    held = await query(
        """SELECT h.amount, a.balance - a.held AS available FROM hold h JOIN account a ON a.id = h.account_id
        WHERE a.user_id = ? AND h.state = 'held'""",
        one.user_id,
    )
    wrong = [f"job {row['id']} is stuck" for row in parked]
    if sorted(row["amount"] for row in held) != sorted(holds) or any(row["available"] for row in held):
        wrong.append(f"held {held} for {holds}")
    return wrong


@pytest.mark.timeout(3600)
async def test_what_is_ordered_while_its_credits_come_is_never_stuck(
    fresh_database: FreshDatabase, size: Size, report: Report
) -> None:
    wanted, random = size(small=100, full=10_000), Random(20)  # noqa: S311 -- to be repeated
    worlds, racers = WORLDS[report.database], RACERS[report.database]
    races, wrong = itertools.cycle(RACES), list[str]()
    report.plan(wanted, "races")

    async def in_a_world(number: int) -> None:
        async with (
            fresh_database() as made,
            quick_url(made) as url,
            party(url) as counter,
            party(url) as cashier,
        ):
            crowd = iter(await counter.do(customers(counter.database, number)))
            world = World(counter, cashier, random)

            async def racer() -> None:
                for one in crowd:
                    wrong.extend(await world.race(one, *next(races)))
                    report.did()

            await asyncio.gather(*(racer() for _ in range(racers)))
            wrong.extend(str(row) for row in await cashier.do(proved(cashier.database)))

    async def worlds_in_turn() -> None:
        for number in numbers:
            await in_a_world(number)

    each = max(1, min(WORLD, wanted // worlds))
    numbers = iter([each] * -(-wanted // each))
    with statements(after=_slow):
        await asyncio.gather(*(worlds_in_turn() for _ in range(worlds)))
    report.right(wrong)
