"""A worker that stopped past its lease comes back when another has its job: nothing that it does counts."""

import asyncio
import contextlib
import itertools
import os
import signal
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from bot_platform.domain.jobs import Job, JobState
from bot_platform.domain.ledger import Account, Entry, EntryKind, Hold
from bot_platform.domain.outbox import Notice
from bot_platform.domain.users import User
from bot_platform.flows import order_work, run_job
from bot_platform.flows.context import WorkContext
from bot_platform.flows.grant import grant
from bot_platform.flows.run_job import LeaseLost
from tests.makers import FreshDatabase, context, eventually, orders, person
from tests.reliability.conftest import Size
from tests.reliability.report import Report
from tests.reliability.stateful.fast_database import quick_url
from tests.reliability.workers import (
    PAGE,
    Party,
    order_all,
    page,
    party,
    pass_the_leases,
    process,
    proved,
    stop_in_the_middle,
)

NEEDS, COST, TOO_MUCH = 100, 70, 90  # what is held, what the second worker charges, and the first tries to

Books = Sequence[object]


@dataclass(frozen=True)
class Shift:
    """Two workers at connections of their own, and the person whose job passes from one to the other."""

    first: Party
    second: Party
    user: User
    random: Random

    @property
    def slow(self) -> WorkContext:
        """Where the first worker works."""
        return context(self.first.database)

    @property
    def quick(self) -> WorkContext:
        """Where the second worker works."""
        return context(self.second.database)

    async def begin(self) -> Job:
        """Let a job be ordered, and the first worker hold it past its lease."""
        key = f"job of {self.user.id}"
        await self.first.do(order_all(self.first.database, [(self.user.id, key, NEEDS)]))
        (job,) = await self.first.do(run_job.claim(self.slow, 1))
        await self.first.do(pass_the_leases())
        return job

    async def take(self) -> Job:
        """Let the second worker take whatever waits."""
        (job,) = await self.second.do(run_job.claim(self.quick, 1))
        return job

    async def finish(self, job: Job) -> None:
        """Let the second worker finish."""
        answer = "of the second"
        await self.second.do(
            run_job.finish(
                self.quick, job, JobState.DONE, {"text": answer}, cost=COST, text="work-done", answer=answer
            )
        )

    def late(self, job: Job) -> Sequence[Awaitable[str]]:
        """Do all that the first worker could do, in any order; each says what is wrong with how it went."""
        slow, cost = self.slow, TOO_MUCH
        done = {"text": "of the first"}
        refused: list[tuple[str, Callable[[], Awaitable[object]]]] = [
            ("show", lambda: run_job.show(slow, job, "work-draft", page={"text": "late"}, more=0)),
            ("reach", lambda: run_job.set_progress(slow, job, 9, 9, "late")),
            ("checkpoint", lambda: run_job.checkpoint(slow, job, done, cost=cost, most=NEEDS, needs=NEEDS)),
            ("stop", lambda: run_job.checkpoint(slow, job, done, cost=0, most=10**9, needs=10**9)),
            ("finish", lambda: run_job.finish(slow, job, JobState.DONE, done, cost=cost, text="work-done")),
            ("fail", lambda: run_job.finish(slow, job, JobState.FAILED, None, cost=0, text="work-failed")),
        ]
        ignored = [
            ("release", lambda: run_job.release(slow, job)),
            ("renew", lambda: run_job.renew(slow, {job.id: job.fence})),
        ]
        acts = [self._refused(*one) for one in refused] + [self._ignored(*one) for one in ignored]
        self.random.shuffle(acts)
        return acts

    async def _refused(self, name: str, act: Callable[[], Awaitable[object]]) -> str:
        try:
            await self.first.do(_begun(act))
        except LeaseLost:
            return ""
        return f"{name} was taken"

    async def _ignored(self, name: str, act: Callable[[], Awaitable[object]]) -> str:
        try:
            await self.first.do(_begun(act))
        except LeaseLost:
            return f"{name} was refused aloud"
        return ""

    async def late_and_alone(self, job: Job) -> list[str]:
        """Do all of it, one after the other, and see whether anything changed."""
        before = await self.second.do(self._books())
        wrong = [await act for act in self.late(job)]
        after = await self.second.do(self._books())
        return wrong + [
            f"{was} became {now}" for was, now in itertools.zip_longest(before, after) if was != now
        ]

    async def _books(self) -> Books:
        account = await Account.get(user_id=self.user.id)
        rows: Iterable[object] = [
            account,
            *await Entry.filter(account_id=account.id).order_by("id"),
            *await Hold.filter(account_id=account.id).order_by("id"),
            *await Job.filter(user_id=self.user.id).order_by("id"),
            *await Notice.filter(chat_id=self.user.telegram_id).order_by("id"),
        ]
        return [sorted((k, v) for k, v in vars(row).items() if not k.startswith("_")) for row in rows]


async def _begun(act: Callable[[], Awaitable[object]]) -> object:
    return await act()


async def _works(shift: Shift, mine: Job) -> list[str]:
    """Come back while the other works on it."""
    theirs = await shift.take()
    wrong = await shift.late_and_alone(mine)
    await shift.finish(theirs)
    return wrong


async def _finished(shift: Shift, mine: Job) -> list[str]:
    """Come back when the other has finished."""
    await shift.finish(await shift.take())
    return await shift.late_and_alone(mine)


async def _finishes(shift: Shift, mine: Job) -> list[str]:
    """Come back at the moment when the other finishes."""
    theirs = await shift.take()
    *wrong, _ = await asyncio.gather(*shift.late(mine), _said(shift.finish(theirs)))
    return wrong


async def _paused(shift: Shift, mine: Job) -> list[str]:
    """Come back when the other was paused at a checkpoint, and when credits have come."""
    theirs = await shift.take()
    goes_on = await shift.second.do(
        run_job.checkpoint(shift.quick, theirs, {"n": 1}, cost=0, most=5 * NEEDS, needs=5 * NEEDS)
    )
    wrong = ["it was not paused"] if goes_on else []
    wrong += await shift.late_and_alone(mine)
    await shift.second.do(grant(shift.second.database, shift.user, 4 * NEEDS, "more", f"{shift.user.id}"))
    wrong += await shift.late_and_alone(mine)
    await shift.finish(await shift.take())
    return wrong


async def _given_back(shift: Shift, mine: Job) -> list[str]:
    """Come back when the other gave it back, and it waits for its turn."""
    theirs = await shift.take()
    await shift.second.do(run_job.release(shift.quick, theirs))
    wrong = await shift.late_and_alone(mine)
    await shift.finish(await shift.take())
    return wrong


async def _stopping(shift: Shift, mine: Job) -> list[str]:
    """Come back when its person wants it to end, and the other has yet to hear of it."""
    theirs = await shift.take()
    await shift.second.do(order_work.cancel(shift.quick, shift.user, mine.id))
    wrong = await shift.late_and_alone(mine)
    await shift.finish(theirs)
    return wrong


async def _takes(shift: Shift, mine: Job) -> list[str]:
    """Finish at the moment when the other takes it: one of both has it."""

    async def finish_late() -> None:
        with contextlib.suppress(LeaseLost):
            done = {"text": "of the first"}
            await shift.first.do(
                run_job.finish(shift.slow, mine, JobState.DONE, done, cost=COST, text="work-done")
            )

    _, taken = await asyncio.gather(finish_late(), shift.second.do(run_job.claim(shift.quick, 1)))
    for theirs in taken:
        await shift.finish(theirs)
    return []


async def _queued(shift: Shift, mine: Job) -> list[str]:
    """Come back when it waits for its turn, and nobody has taken it."""
    await shift.second.do(run_job.claim(shift.quick, 0))
    wrong = await shift.late_and_alone(mine)
    await shift.finish(await shift.take())
    return wrong


async def _ended_itself(shift: Shift, mine: Job) -> list[str]:
    """Come back to what the first worker itself has finished."""
    await shift.first.do(
        run_job.finish(
            shift.slow, mine, JobState.DONE, None, cost=COST, text="work-done", answer="of the first"
        )
    )
    return await shift.late_and_alone(mine)


async def _said(act: Awaitable[None]) -> str:
    await act
    return ""


CASES = {
    case.__name__.strip("_"): case
    for case in (
        _works,
        _finished,
        _finishes,
        _paused,
        _given_back,
        _stopping,
        _takes,
        _queued,
        _ended_itself,
    )
}


async def _ended(user: User) -> list[str]:
    """Look whether the job was done and charged once."""
    (job,) = await Job.filter(user_id=user.id)
    charges = [entry.amount for entry in await Entry.filter(job_id=job.id)]
    right = {"done": job.state is JobState.DONE, "charged once": charges == [-COST]}
    return [f"{user.id}: not {what}" for what, is_right in right.items() if not is_right]


@pytest.mark.timeout(900)
async def test_a_worker_that_lost_its_lease_cannot_charge_finish_show_or_give_back(
    database_url: str, size: Size, report: Report
) -> None:
    number, random = size(small=36, full=500), Random(22)  # noqa: S311 -- to be repeated
    report.plan(number, "leases lost")
    async with quick_url(database_url) as url, party(url) as first, party(url) as second:
        turns = itertools.islice(itertools.cycle(CASES.items()), number)
        for n, (name, case) in enumerate(turns):
            user = await first.do(person(first.database, 7_900_000_000 + n, NEEDS))
            shift = Shift(first, second, user, random)
            wrong = [fault for fault in await case(shift, await shift.begin()) if fault]
            wrong += await second.do(_ended(user))
            report.right([f"{name}: {fault}" for fault in wrong])
            report.did()
        report.right([str(row) for row in await second.do(proved(second.database))])


def _has_stopped(pid: int) -> bool:
    return "\nState:\tT" in Path(f"/proc/{pid}/status").read_text()


async def _through_a_stop(url: str, number: int, *, wakes_early: bool) -> list[str]:
    """Let a process stop with so many jobs in hand, another take them, and the first go on."""
    async with party(url) as second:
        counter, runner = orders(second.database, page, jobs_at_once=number)

        async def prepare() -> None:
            for n in range(number):
                user = await person(second.database, 7_950_000_000 + n, PAGE + 1)
                await counter.order(user, "page", f"{n}", f"{n}")

        async def work() -> None:
            await asyncio.gather(*(runner.work(job) for job in claimed))

        await second.do(prepare())
        first = process(stop_in_the_middle, url, number)
        try:
            await eventually(lambda: _has_stopped(first.pid))
            await second.do(pass_the_leases())
            claimed = await second.do(runner.claim(number))
            working = second.do(work())
            if not wakes_early:
                await working
            os.kill(first.pid, signal.SIGCONT)
            await working
            await asyncio.to_thread(first.join)
        finally:
            first.kill()
        wrong = [] if first.exitcode == 0 else [f"the first ended with {first.exitcode}"]
        return wrong + await second.do(_taken_once(second, number))


async def _taken_once(second: Party, number: int) -> list[str]:
    wrong = [str(row) for row in await proved(second.database)]
    entries = await Entry.filter(kind=EntryKind.CHARGE).order_by("job_id")
    done = await Job.filter(state=JobState.DONE).order_by("id")
    if [(e.job_id, e.amount) for e in entries] != [(job.id, -PAGE) for job in done] or len(done) != number:
        wrong.append(f"{len(done)} jobs done with {len(entries)} charges")
    said = {job.request_key: job.result["text"] for job in done}
    return wrong + [f"{key} says {text}" for key, text in said.items() if text != f"Written: {key}"]


@pytest.mark.timeout(900)
async def test_a_process_that_was_stopped_past_its_leases_goes_on_and_changes_nothing(
    fresh_database: FreshDatabase, size: Size, report: Report
) -> None:
    stops, jobs = size(small=2, full=25), size(small=5, full=20)
    report.plan(stops * jobs, "leases lost")
    for turn in range(stops):
        async with fresh_database() as made, quick_url(made) as url:
            report.right(await _through_a_stop(url, jobs, wakes_early=bool(turn % 2)))
        report.did(jobs)
    report.note = f"{stops} stops"
