"""A process that works on jobs is killed at every boundary, and another goes on: each is charged once."""

import asyncio
import itertools
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import pytest

from bot_platform.domain import ledger
from bot_platform.domain.jobs import Job, JobState
from bot_platform.domain.ledger import Entry, Hold, HoldState
from bot_platform.domain.outbox import Notice
from bot_platform.flows.run_job import ANSWER
from bot_platform.infra.database import Database
from tests.makers import FreshDatabase
from tests.reliability.conftest import Size
from tests.reliability.platforms import in_database
from tests.reliability.report import Report
from tests.reliability.stateful.fast_database import quick_url
from tests.reliability.workers import (
    CHAPTER,
    CHAPTERS,
    KINDS,
    LEFT,
    PAGE,
    Customer,
    Doom,
    When,
    customers,
    pass_the_leases,
    process,
    proved,
    serve,
)

TOGETHER = 2  # worlds side by side
CHARGES = {"page": [PAGE], "book": [CHAPTER] * CHAPTERS}


@dataclass(frozen=True)
class Boundary:
    """Where to kill: at one of the statements with certain words, from so many to so many for each person.

    Without such numbers at the first. `working` counts only what happens once the work has begun.
    """

    words: str
    when: When
    last: int = 0
    above: int = 0
    working: bool = True

    def doom(self, people: int, random: Random) -> Doom:
        """Choose one of the statements."""
        at = random.randint(self.above * people + 1, max(1, self.last * people))
        return Doom(self.words, self.when, at, armed=not self.working)


# Everybody's two orders are parked; the first payment starts both; the page is written, the book waits for
# the second payment after its first chapter.
BOUNDARIES = {
    "after parking": Boundary('"expires_at"=', When.COMMITTED, 2, working=False),
    "after the payment": Boundary('INSERT INTO "entry"', When.COMMITTED, 1, working=False),
    "after the claim": Boundary("SET state = 'running'", When.COMMITTED),
    "during the work": Boundary('UPDATE "job" SET "done"', When.BEFORE, 3),
    "after the answer": Boundary('UPDATE "account" SET "seq"="seq"', When.BEFORE, 2),
    "before the capture": Boundary('UPDATE "hold"', When.BEFORE, 4),
    "after the capture, before its commit": Boundary('UPDATE "hold"', When.AFTER, 4),
    "after the capture": Boundary('UPDATE "hold"', When.COMMITTED, 3),
    "after parking at a checkpoint": Boundary('"expires_at"=', When.COMMITTED, 3, 2, working=False),
}


async def _wrong(database: Database, crowd: Sequence[Customer]) -> list[str]:
    """Look at everybody's two jobs after the end: what they cost, what came of them, what was said."""
    wrong = [str(row) for row in await proved(database)]
    for one in crowd:
        if (account := await ledger.find_account(one.user_id)).available != LEFT:
            wrong.append(f"{account.available} are left to {one}")
        for job in await Job.filter(user_id=one.user_id):
            holds = await Hold.filter(job_id=job.id)
            charges = await Entry.filter(job_id=job.id).order_by("seq")
            said = await Notice.filter(key=job.subject)
            right = {
                "state": job.state is JobState.DONE,
                "result": job.result == {"text": one.written(job.kind)},
                "charges": [-entry.amount for entry in charges] == CHARGES[job.kind],
                "holds": [hold.state for hold in holds] == [HoldState.CAPTURED] * len(charges),
                "message": [(n.text, n.text_values.get("page", {}).get("text")) for n in said]
                == [(ANSWER, one.written(job.kind))],
            }
            wrong += [f"{job.request_key}: {what}" for what, is_right in right.items() if not is_right]
    if (number := await Job.all().count()) != len(KINDS) * len(crowd):
        wrong.append(f"{number} jobs")
    return wrong


async def _interrupted(_: Database) -> int:
    """Count what was ordered and has not ended, and let the dead process's leases run out."""
    await pass_the_leases()
    return await Job.filter(ended_at=None).count()


# What a process is said to have ended with when two threads asked at once, as they do when one more
# starts meanwhile: the other has the answer. The books below tell the rest.
MISSED = 255


async def _killed(url: str, boundary: Boundary, people: int, random: Random) -> tuple[int, list[str]]:
    """Let a crowd be served by a process that dies, then by another; how many jobs that cut, and faults."""

    async def prepare(database: Database) -> list[Customer]:
        return await customers(database, people)

    async def look(database: Database) -> list[str]:
        return await _wrong(database, crowd)

    crowd = await in_database(url, prepare)
    first = process(serve, url, crowd, boundary.doom(people, random))
    await asyncio.to_thread(first.join)
    if first.exitcode not in {-signal.SIGKILL, MISSED}:
        return 0, [f"the first process was not killed, but ended with {first.exitcode}"]
    interrupted = await in_database(url, _interrupted)
    second = process(serve, url, crowd)
    await asyncio.to_thread(second.join)
    wrong = [] if second.exitcode in {0, MISSED} else [f"the second process ended with {second.exitcode}"]
    return interrupted, wrong + await in_database(url, look)


@pytest.mark.timeout(1800)
async def test_jobs_interrupted_by_a_kill_are_resumed_and_charged_once(
    fresh_database: FreshDatabase, size: Size, report: Report
) -> None:
    wanted, people = size(small=20, full=1000), size(small=2, full=8)
    turns, random = itertools.cycle(BOUNDARIES.items()), Random(19)  # noqa: S311 -- to be repeated
    report.plan(wanted, "jobs interrupted")
    kills, wrong = 0, list[str]()

    async def next_ones() -> None:
        nonlocal kills
        while kills < len(BOUNDARIES) or report.done < wanted:
            kills += 1
            name, boundary = next(turns)
            async with fresh_database() as made, quick_url(made) as url:
                interrupted, faults = await _killed(url, boundary, people, random)
            report.did(interrupted)
            wrong.extend(f"{name}: {fault}" for fault in faults)
            if wrong:
                return

    async with asyncio.TaskGroup() as group:
        for _ in range(TOGETHER):
            group.create_task(next_ones())
    report.note = f"{kills} kills at {len(BOUNDARIES)} boundaries"
    report.right(wrong)
