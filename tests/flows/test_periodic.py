"""A periodic job is run by one replica at a time, when it is due, and stores how far it came."""

import asyncio
from functools import partial

import pytest

from bot_platform.domain import schedules
from bot_platform.domain.schedules import Schedule
from bot_platform.flows import periodic
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from tests.costs import writes_nothing
from tests.waiting import moving_clock


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


AUDIT_SECONDS = 105  # as long as an audit of a million rows was seen to take


class AtWork:
    """A database whose transactions must end before the clock moves."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def in_transaction(self) -> bool:
        return not self._database.is_idle

    def in_hand(self) -> bool:
        return False


async def test_a_job_that_outlasts_its_lease_is_run_by_one_replica(database: Database) -> None:
    moving, begun = moving_clock(), []
    moving.parties.append(AtWork(database))

    async def audit(position: int) -> int:
        begun.append(position)
        await moving.sleep(AUDIT_SECONDS)
        return position + 1

    first = asyncio.create_task(periodic.run_if_due(database, "audit", audit, every=3600))
    await moving.eventually(lambda: begun, advance=False)
    looks = 0
    while not first.done():
        looks += 1
        assert first.done() or not await periodic.run_if_due(database, "audit", audit, every=3600)
        await moving.pass_time(5)
    assert await first
    assert begun == [0]
    assert looks > AUDIT_SECONDS / 5 / 2
    assert not await periodic.run_if_due(database, "audit", audit, every=3600)


async def test_a_job_of_a_replica_that_died_in_it_is_run_by_another(database: Database) -> None:
    moving, dies = moving_clock(), asyncio.Event()
    moving.parties.append(AtWork(database))

    async def hang(_: int) -> int:
        dies.set()
        await asyncio.Event().wait()
        return 0

    lost = asyncio.create_task(periodic.run_if_due(database, "audit", hang, every=3600))
    await dies.wait()
    await moving.pass_time(40)  # it lives, and renews
    assert not await periodic.run_if_due(database, "audit", Look(), every=3600)
    await query("UPDATE schedule SET lease_until = 1")  # as when its process has been gone for the lease
    assert await periodic.run_if_due(database, "audit", Look(), every=3600)
    lost.cancel()
    await asyncio.gather(lost, return_exceptions=True)


async def test_a_look_whether_a_job_is_due_writes_nothing(database: Database) -> None:
    await periodic.run_if_due(database, "r", Look(), every=3600)
    looks = {("r", False): False, ("r", True): True, ("never run", False): True}
    for (name, early), due in looks.items():
        assert (
            await writes_nothing(database, partial(schedules.may_be_claimed, name, 3_600_000, early=early))
            is due
        )
