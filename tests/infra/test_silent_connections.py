"""Connections on which nothing passes any more are given up and replaced; nothing is lost or doubled."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from bot_platform.domain import ledger
from bot_platform.domain.ledger import EntryKind
from bot_platform.domain.users import User
from bot_platform.infra import transactions
from bot_platform.infra.database import Database
from bot_platform.infra.database_errors import UNREACHABLE
from bot_platform.infra.postgres_client import KEEPALIVE, STORIES, Limits, keep_alive
from bot_platform.infra.sql import query
from tests.infra.freezing_relay import FreezingRelay, freezing_relay
from tests.makers import person

SHORT = Limits(answer=0.5)
LONG_WAITS = """SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()
    AND wait_event_type = 'Lock' AND clock_timestamp() - query_start > interval '1 second'"""
SLEEPS = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%sleep(6%'"


@asynccontextmanager
async def behind(
    url: str, parameters: str = "", limits: Limits = SHORT
) -> AsyncIterator[tuple[FreezingRelay, Database]]:
    """Open a database behind a relay."""
    async with freezing_relay(url, f"sslmode=disable{parameters}") as relay:
        database = Database(relay.url, limits=limits)
        await database.open()
        try:
            yield relay, database
        finally:
            await database.close()


async def give(user: User, cause: str) -> bool:
    account = await ledger.lock(user.id)
    return await ledger.post(account, EntryKind.WELCOME, 1, cause)


async def books(user: User) -> tuple[int, int]:
    account = await ledger.find_account(user.id)
    return account.balance, account.seq


async def test_a_pool_of_silent_connections_is_replaced(postgres_url: str) -> None:
    async with behind(postgres_url) as (relay, database):
        user = await person(database)
        full = asyncio.Barrier(10)

        async def together() -> None:
            await query("SELECT 1")
            await full.wait()

        await asyncio.gather(*(database.transact(together) for _ in range(10)))
        relay.freeze()
        before = len(relay.links)
        assert before >= 10
        await asyncio.gather(*(database.transact(give, user, f"c{n}") for n in range(30)))
        assert len(relay.links) > before
        assert await books(user) == (30, 30)


async def test_a_connection_that_falls_silent_in_a_transaction_is_given_up_with_its_locks(
    postgres_url: str,
) -> None:
    async with behind(postgres_url) as (relay, database):
        user = await person(database)
        tries = []

        async def story() -> bool:
            tries.append(1)
            await query(
                "SET LOCAL idle_in_transaction_session_timeout = '300ms'"
            )  # a test waits no 8 seconds
            given = await give(user, "a")
            if len(tries) == 1:
                relay.freeze()
                await query("SELECT 1")
            return given

        assert await database.transact(story)
        assert len(tries) == 2
        assert await books(user) == (1, 1)


async def test_a_commit_that_arrives_late_is_counted_once(postgres_url: str) -> None:
    async with behind(postgres_url) as (relay, database):
        user = await person(database)
        results: list[bool] = []

        async def story() -> None:
            if results:
                relay.thaw()  # the server gets the COMMIT of the first try now
            results.append(await give(user, "a"))
            if len(results) == 1:
                relay.freeze()

        await database.transact(story)
        assert results == [True, False]
        assert await books(user) == (1, 1)


async def test_a_commit_whose_answer_is_lost_is_counted_once(postgres_url: str) -> None:
    async with behind(postgres_url) as (relay, database):
        user = await person(database)
        server = await asyncpg.connect(postgres_url)
        results: list[bool] = []

        async def story() -> None:
            results.append(await give(user, "a"))
            if len(results) == 1:
                relay.freeze_answers()

        await database.transact(story)
        assert results == [True, False]
        assert await server.fetchval("SELECT COUNT(*) FROM entry") == 1
        await server.close()


async def test_a_server_that_stays_silent_ends_every_story_and_lets_the_service_stop(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "MAX_SECONDS", 1.0)
    async with behind(postgres_url, "&maxsize=2&connect_timeout=1") as (relay, database):
        user = await person(database)
        relay.freeze()
        relay.takes_new = False
        stories = (database.transact(give, user, f"c{n}") for n in range(8))
        ended = await asyncio.gather(*stories, return_exceptions=True)
        assert all(isinstance(error, UNREACHABLE) for error in ended), ended
        assert not await database.answers()


async def test_a_query_outside_of_a_transaction_is_given_up_too(postgres_url: str) -> None:
    async with behind(postgres_url) as (relay, _):
        await query("SELECT 1")
        relay.freeze()
        with pytest.raises(TimeoutError):
            await query("SELECT 1")
        assert await query("SELECT 2 AS n") == [{"n": 2}]


async def test_the_server_ends_what_takes_too_long(postgres_url: str) -> None:
    database = Database(f"{postgres_url}&options=-c%20statement_timeout%3D7s")
    await database.open()
    try:
        names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
        shown = [(await query(f"SHOW {name}"))[0][name] for name in names]
        assert shown == ["3s", "7s", "8s"], "what the operator's `options` name is theirs"
    finally:
        await database.close()
    assert (STORIES.lock, STORIES.statement, STORIES.answer) == (3, 5, 6)


async def test_a_migration_may_take_longer_than_any_limit(postgres_url: str) -> None:
    other = await asyncpg.connect(postgres_url)
    database = Database(postgres_url, limits=Limits(lock=0.1, statement=0.1, answer=0.2))
    await database.open()
    try:
        await other.execute("BEGIN; LOCK TABLE aerich IN ACCESS EXCLUSIVE MODE")
        migrating = asyncio.create_task(database.migrate())
        watch = await asyncpg.connect(postgres_url)
        while not await watch.fetchval(LONG_WAITS):  # noqa: ASYNC110 -- the server changes it
            await asyncio.sleep(0.02)
        await other.execute("ROLLBACK")
        assert await migrating == []
        await watch.close()
    finally:
        await database.close()
        await other.close()


async def test_a_cancelled_read_ends_at_once_here_and_on_the_server(database: Database) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"
    slow = endless if database.file else "SELECT pg_sleep(60)"

    async def read() -> None:
        async with database.reader() as ask:
            await ask("SELECT 1")
            reading.set()
            await ask(slow)

    for pause in (0.0, 0.05):
        reading = asyncio.Event()
        task = asyncio.create_task(read())
        await reading.wait()
        await asyncio.sleep(pause)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    while not database.file and (await query(SLEEPS))[0]["count"] > 1:  # noqa: ASYNC110 -- as above
        await asyncio.sleep(0.02)


def test_the_kernel_watches_a_connection_of_the_network() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as ours,
    ):
        keep_alive(ours)
        assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        for name, value in KEEPALIVE.items():
            if hasattr(socket, name):
                assert ours.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) == value
    with socket.socket(socket.AF_UNIX) as local:
        keep_alive(local)
    keep_alive(None)
