"""A periodic job is run by one replica at a time, when it is due, and stores how far it came."""

import asyncio
from functools import partial

import pytest

from bot_platform.domain import schedules
from bot_platform.domain.schedules import Schedule
from bot_platform.flows import periodic
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query


class Look:
    """A job that records the marks it gets."""

    def __init__(self, *, breaks: bool = False, lasts: float = 0.0) -> None:
        self.positions: list[int] = []
        self.breaks, self.lasts = breaks, lasts

    async def __call__(self, position: int) -> int:
        self.positions.append(position)
        await asyncio.sleep(self.lasts)
        if self.breaks:
            raise RuntimeError("down")
        return position + 1


async def test_a_job_runs_when_it_is_due_and_not_before(database: Database) -> None:
    look = Look()
    assert await periodic.run_if_due(database, "r", look, every=60)
    assert not await periodic.run_if_due(database, "r", look, every=60)
    await query("UPDATE schedule SET next_at = 0")
    assert await periodic.run_if_due(database, "r", look, every=0.0)
    assert await periodic.run_if_due(database, "r", look, every=60)
    assert look.positions == [0, 1, 2]


async def test_an_early_job_runs_before_it_is_due(database: Database) -> None:
    look = Look()
    assert await periodic.run_if_due(database, "r", look, every=60)
    assert await periodic.run_if_due(database, "r", look, every=60, early=True)
    assert look.positions == [0, 1]


@pytest.mark.parametrize("early", [False, True])
async def test_replicas_that_start_a_job_at_once_run_it_once(database: Database, *, early: bool) -> None:
    look = Look(lasts=0.3)
    made = await asyncio.gather(
        *(periodic.run_if_due(database, "r", look, every=60, early=early) for _ in range(10))
    )
    assert made.count(True) == 1
    assert look.positions == [0]


async def test_a_job_that_fails_keeps_its_mark_and_is_due_at_once(database: Database) -> None:
    await periodic.run_if_due(database, "r", Look(), every=0.0)
    with pytest.raises(RuntimeError):
        await periodic.run_if_due(database, "r", Look(breaks=True), every=60)
    look = Look()
    assert await periodic.run_if_due(database, "r", look, every=60)
    assert look.positions == [1]


async def test_a_job_that_is_cancelled_is_due_at_once(database: Database) -> None:
    look = Look(lasts=30)
    making = asyncio.create_task(periodic.run_if_due(database, "r", look, every=60))
    while not look.positions:  # noqa: ASYNC110 -- a loop of the test's own
        await asyncio.sleep(0.01)
    making.cancel()
    await asyncio.gather(making, return_exceptions=True)
    assert await periodic.run_if_due(database, "r", Look(), every=60)


async def test_a_job_whose_replica_died_is_due_when_its_lease_has_ended(database: Database) -> None:
    assert await database.transact(partial(schedules.claim, "r", 60_000, early=False), notify=False) == 0
    assert await database.transact(partial(schedules.claim, "r", 60_000, early=True), notify=False) is None
    await query("UPDATE schedule SET lease_until = 0")
    assert await database.transact(partial(schedules.claim, "r", 60_000, early=False), notify=False) == 0


async def test_jobs_of_different_names_do_not_wait_for_each_other(database: Database) -> None:
    looks = [Look(lasts=0.2) for _ in range(3)]
    made = await asyncio.gather(
        *(periodic.run_if_due(database, f"r{n}", look, every=60) for n, look in enumerate(looks))
    )
    assert made == [True] * 3
    assert await Schedule.all().count() == 3
