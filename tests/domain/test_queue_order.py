"""What a claim takes is what a plain slow model of the rules takes, in queues of random histories."""

import random
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import pytest

from bot_platform.domain import inbox, job_leases, jobs, ledger, outbox, outbox_leases
from bot_platform.domain.inbox import UPDATES, Event, EventState
from bot_platform.domain.jobs import Job, JobState
from bot_platform.domain.outbox import BROADCAST, MONEY, OTHER, Notice, NoticeState
from bot_platform.infra import queues
from bot_platform.infra.database import Database
from bot_platform.infra.sql import DbClock, clock, query
from tests.makers import person

SEEDS = range(6)
STEPS = 60
PAUSE_MS = 600_000


@pytest.fixture(autouse=True)
def _small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a queue of a few rows need several looks."""
    monkeypatch.setattr(queues, "WINDOW", 1)
    monkeypatch.setattr(queues, "WIDE_WINDOW", 2)


class Notices:
    """A random history of the outbox, in four chats."""

    def __init__(self, database: Database, user_id: int, seed: int) -> None:
        self.user_id = user_id
        self.database, self.random = database, random.Random(seed)  # noqa: S311 -- a history that a number repeats
        self.count = 0

    async def run(self, story: Callable[[], Awaitable[Any]]) -> Any:
        """Run a story in a transaction that has locked an account, as all stories about users do."""

        async def guarded() -> Any:
            await ledger.lock(self.user_id)
            return await story()

        return await self.database.transact(guarded, notify=False)

    async def step(self) -> None:
        """Do one thing that may happen."""
        acts = [self.post, self.post, self.post, self.claim, self.claim, self.end, self.end, self.rewrite]
        await self.random.choice([*acts, self.withdraw, self.move_down, self.revive, self.lose, self.wait])()

    async def post(self) -> None:
        """Write a notice."""
        self.count += 1
        key, chat, rank = f"n{self.count}", self.random.randint(1, 4), self.random.choice((MONEY, OTHER))
        rank = self.random.choice((rank, rank, BROADCAST))
        await self.run(partial(outbox.post, key, chat, self.subject(), "help", rank=rank))

    async def claim(self) -> None:
        """Claim, and compare with the model."""
        limit = self.random.randint(1, 5)
        expected = await self.model(limit)
        claimed = await self.run(partial(outbox_leases.claim, limit))
        assert sorted(row.id for row in claimed) == sorted(expected)
        await Notice.filter(tried_at__gt=0).update(tried_at=DbClock(PAUSE_MS))
        await Notice.filter(lease_until__gt=1).update(lease_until=DbClock(outbox.LEASE_MS))

    async def model(self, limit: int) -> Sequence[int]:
        """Return what a claim must take."""
        now = await now_ms()
        rows = await Notice.all()
        silent = {row.chat_id for row in rows} - {row.chat_id for row in rows if row.tried_at > now - 1000}
        waiting = [row for row in rows if row.state is NoticeState.PENDING]
        heads = [
            min((row for row in waiting if row.chat_id == chat), key=_in_its_chat)
            for chat in {row.chat_id for row in waiting} & silent
        ]
        free = [row for row in heads if row.next_at <= now and row.lease_until < now]
        return [row.id for row in sorted(free, key=_between_chats)[:limit]]

    async def end(self) -> None:
        """End the work at a claimed notice in some way."""
        if (row := await self.any_of(lease_until__gt=1)) is None:
            return
        ends = (
            partial(outbox_leases.mark_sent, row, row.id),
            partial(outbox_leases.mark_dead, row, "Bad Request"),
            partial(outbox_leases.reschedule, row, self.random.choice((0, PAUSE_MS)), "flood"),
        )
        await self.run(self.random.choice(ends))

    async def rewrite(self) -> None:
        """Change a text."""
        self.count += 1
        await self.run(partial(outbox.rewrite, self.subject(), "help", n=self.count))

    async def withdraw(self) -> None:
        """Withdraw what is not sent."""
        await self.run(partial(outbox.withdraw, self.subject()))

    async def move_down(self) -> None:
        """Send a message again at the end of its chat."""
        self.count += 1
        await self.run(partial(outbox.move_down, self.subject(), f"d{self.count}", self.subject(), "help"))

    async def revive(self) -> None:
        """Send again what could not be sent."""
        await self.run(partial(outbox.revive, self.random.randint(1, 4)))

    async def lose(self) -> None:
        """Let a lease end by itself."""
        if row := await self.any_of(lease_until__gt=1):
            await Notice.filter(id=row.id).update(lease_until=1)

    async def wait(self) -> None:
        """Let the interval of each chat pass, and every pause."""
        await Notice.all().update(tried_at=0, next_at=0)

    async def any_of(self, **what: Any) -> Notice | None:
        """Pick a notice."""
        rows = await Notice.filter(**what).order_by("id")
        return self.random.choice(rows) if rows else None

    def subject(self) -> str:
        """Pick a subject."""
        return f"s{self.random.randint(1, 6)}"

    async def check(self) -> None:
        """Find no mark on the first notice of a chat."""
        waiting = await Notice.filter(state=NoticeState.PENDING)
        for chat in {row.chat_id for row in waiting}:
            assert not min((row for row in waiting if row.chat_id == chat), key=_in_its_chat).behind


def _in_its_chat(row: Notice) -> tuple[Any, ...]:
    return row.rank == BROADCAST, row.message_id is not None, row.id


def _between_chats(row: Notice) -> tuple[Any, ...]:
    return row.rank, row.message_id is not None, row.id


async def now_ms() -> int:
    """Read the database's clock."""
    (row,) = await query(f"SELECT {clock()} AS now")
    return int(row["now"])


@pytest.mark.parametrize("seed", SEEDS)
async def test_notices_are_claimed_as_the_rules_say(database: Database, seed: int) -> None:
    history = Notices(database, (await person(database)).id, seed)
    for _ in range(STEPS):
        await history.step()
        await history.check()


@pytest.mark.parametrize("seed", SEEDS)
async def test_updates_are_claimed_as_the_rules_say(database: Database, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 -- as above
    for n in range(STEPS):
        act = chance.choice(("receive", "receive", "receive", "claim", "claim", "end", "end", "lose"))
        in_hand = await Event.filter(lease_until__gt=1).order_by("id")
        if act == "receive":
            story = partial(inbox.receive, f"tg:{n}", "telegram", {}, chance.randint(1, 4))
            await database.transact(story, notify=False)
        elif act == "claim":
            limit, now = chance.randint(1, 4), await now_ms()
            waiting = await Event.filter(state=EventState.RECEIVED).order_by("id")
            heads = {row.lane: row for row in reversed(waiting)}.values()
            free = sorted(row.id for row in heads if row.next_at <= now and row.lease_until < now)
            claimed = await database.transact(inbox.claim, UPDATES, limit, notify=False)
            assert [row.id for row in claimed] == free[:limit]
            await Event.filter(lease_until__gt=1).update(lease_until=DbClock(inbox.LEASE_MS))
        elif in_hand and act == "end":
            row, pause = chance.choice(in_hand), chance.choice((0, PAUSE_MS))
            await Event.filter(id=row.id).update(lease_until=0)
            ends = partial(inbox.finish, row, EventState.HANDLED), partial(inbox.reschedule, row, pause)
            await database.transact(chance.choice(ends), notify=False)
        elif in_hand:
            await Event.filter(id=chance.choice(in_hand).id).update(lease_until=1)


@pytest.mark.parametrize("seed", SEEDS)
async def test_jobs_are_claimed_as_the_rules_say(database: Database, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 -- as above
    users = [await person(database, number) for number in range(1, 4)]
    for n in range(STEPS):
        act = chance.choice(("order", "order", "order", "claim", "claim", "end", "release", "first", "lose"))
        if act == "order":
            submit = partial(jobs.submit, chance.choice(users).id, f"{n}", "ask", {}, most=1, needs=1)
            job = await database.transact(submit, notify=False)
            await database.transact(jobs.queue, job, notify=False)
        elif act == "claim":
            limit, for_one, in_all = chance.randint(1, 4), chance.randint(1, 3), chance.randint(2, 6)
            expected = await _jobs_to_claim(limit, for_one, in_all)
            story = partial(job_leases.claim, limit, for_one=for_one, in_all=in_all)
            claimed = await database.transact(story, notify=False)
            assert [job.id for job in claimed] == sorted(expected)
            await Job.filter(lease_until__gt=1).update(lease_until=DbClock(job_leases.LEASE_MS))
        else:
            found = await Job.filter(state=JobState.QUEUED if act == "first" else JobState.RUNNING).order_by(
                "id"
            )
            if not found:
                continue
            job = chance.choice(found)
            acts: dict[str, Callable[[], Awaitable[object]]] = {
                "end": partial(jobs.end, job, JobState.DONE),
                "release": partial(job_leases.release, job),
                "first": partial(jobs.put_first, job),
                "lose": partial(query, "UPDATE job SET lease_until = 1 WHERE id = ?", job.id),
            }
            await database.transact(acts[act], notify=False)


async def _jobs_to_claim(limit: int, for_one: int, in_all: int) -> Sequence[int]:
    """Return what a claim must take: of each user the first jobs, and the first of each before any second."""
    now = await now_ms()
    rows = await Job.filter(state__in=[JobState.QUEUED, JobState.RUNNING])
    running = [job for job in rows if job.state is JobState.RUNNING and job.lease_until >= now]
    queued = sorted((job for job in rows if job not in running), key=lambda job: (job.rank, job.id))
    ahead = {
        job.id: sum(one.user_id == job.user_id for one in [*running, *queued[:place]])
        for place, job in enumerate(queued)
    }
    free = sorted((before, id_) for id_, before in ahead.items() if before < for_one)
    return [id_ for _, id_ in free[: max(0, min(limit, in_all - len(running)))]]
