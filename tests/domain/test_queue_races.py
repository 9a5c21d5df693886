"""PostgreSQL: a row that is marked while the one before it ends is unmarked, whichever commits first."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import pytest

from bot_platform.domain import outbox, outbox_leases
from bot_platform.domain.outbox import QUEUE, Notice
from bot_platform.infra import queues
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query

BLOCKED = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


@pytest.fixture
async def postgres(postgres_url: str) -> AsyncIterator[Database]:
    """Open a database in which a notice is in hand, and another one waits behind it, not marked yet."""
    database = Database(postgres_url)
    await database.open()
    await write(database, "head")
    assert await claim(database) == ["head"]
    await write(database, "next")
    yield database
    await database.close()


async def write(database: Database, *keys: str) -> None:
    for key in keys:
        await database.transact(partial(outbox.post, key, 1, f"about:{key}", "help"))


async def claim(database: Database) -> list[str]:
    """Claim in a chat whose interval has passed."""

    async def story() -> list[str]:
        rows = await outbox_leases.claim(9)
        if rows:
            await Notice.filter(id__in=[row.id for row in rows]).update(tried_at=0)
        return [row.key for row in rows]

    return await database.transact(story, notify=False)


async def marks() -> dict[str, bool]:
    return {row.key: row.behind for row in await Notice.all()}


async def send(key: str) -> None:
    await outbox_leases.mark_sent(await Notice.get(key=key), 7)


class Held:
    """A transaction that has run its story, and commits when it is let."""

    def __init__(self, database: Database, story: Callable[[], Awaitable[object]]) -> None:
        self._done, self._let = asyncio.Event(), asyncio.Event()
        self._story = story
        self.task = asyncio.create_task(database.transact(self._run, notify=False))

    async def _run(self) -> None:
        await self._story()
        self._done.set()
        await self._let.wait()

    async def done(self) -> None:
        """Wait until the story has run."""
        await self._done.wait()

    async def commit(self) -> None:
        """Let it commit, and wait until it has."""
        self._let.set()
        await self.task


async def someone_waits() -> None:
    """Wait until a transaction waits for the lock of another."""
    while not await query(BLOCKED):  # noqa: ASYNC110 -- PostgreSQL gives no notice of it
        await asyncio.sleep(0.01)


async def test_what_ends_while_a_claim_looks_is_no_reason_for_a_mark(postgres: Database) -> None:
    sending = Held(postgres, partial(send, "head"))
    await sending.done()
    assert await claim(postgres) == []
    await sending.commit()
    assert await marks() == {"head": False, "next": False}
    assert await claim(postgres) == ["next"]


async def test_the_end_of_a_row_waits_for_a_claim_that_marks_the_next(postgres: Database) -> None:
    claiming = Held(postgres, partial(outbox_leases.claim, 9))
    await claiming.done()
    sending = asyncio.create_task(postgres.transact(send, "head", notify=False))
    await someone_waits()
    await claiming.commit()
    await sending
    assert await marks() == {"head": False, "next": False}
    assert await claim(postgres) == ["next"]


async def test_a_row_written_while_the_one_before_it_ends_is_claimed(postgres: Database) -> None:
    await postgres.transact(partial(outbox.withdraw, "about:next"), notify=False)
    sending = Held(postgres, partial(send, "head"))
    await sending.done()
    await write(postgres, "late")  # the end of the head has looked for a next one before
    assert await claim(postgres) == []
    await sending.commit()
    assert await claim(postgres) == ["late"]


async def test_two_rows_that_end_together_leave_no_mark_behind_them(postgres: Database) -> None:
    await write(postgres, "last")
    assert await claim(postgres) == []
    assert await marks() == {"head": False, "next": True, "last": True}
    withdrawing = Held(postgres, partial(outbox.withdraw, "about:next"))
    await withdrawing.done()
    sending = asyncio.create_task(postgres.transact(send, "head", notify=False))
    await someone_waits()
    await withdrawing.commit()
    await sending
    assert await claim(postgres) == ["last"]


async def test_a_change_of_the_next_row_does_not_wait_for_a_mark(postgres: Database) -> None:
    rewriting = Held(postgres, partial(outbox.rewrite, "about:next", "terms"))
    await rewriting.done()
    assert await claim(postgres) == []  # it neither waits nor marks
    await rewriting.commit()
    assert await marks() == {"head": False, "next": False}


async def test_marks_that_a_replica_of_the_version_before_left_are_removed(database: Database) -> None:
    await write(database, "head", "next", "last")
    await database.transact(partial(outbox.post, "other", 2, "about:other", "help"))
    assert await claim(database) == ["head", "other"]
    await query("UPDATE notice SET state = 'sent', lease_until = 0 WHERE key = 'head'")
    assert await claim(database) == []
    assert await database.transact(queues.any_behind, QUEUE, notify=False)
    assert await database.transact(queues.unmark_firsts, QUEUE, notify=False) == 1
    assert await marks() == {"head": False, "next": False, "last": True, "other": False}
    assert await claim(database) == ["next"]
    assert await database.transact(queues.unmark_firsts, QUEUE, notify=False) == 0
