"""Transactions commit entirely or not at all, despite cancels, contention and lost connections."""

import asyncio
from typing import Any

import aiosqlite
import asyncpg
import pytest
from tortoise.exceptions import IntegrityError

from bot_platform.domain import inbox, ledger, users
from bot_platform.domain.ledger import EntryKind
from bot_platform.domain.users import User
from bot_platform.infra.database import Database
from bot_platform.infra.sql import advisory_lock, insert_if_new, query
from tests.makers import balance, person

WAITS_FOR_A_LOCK = """SELECT COUNT(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'"""


async def _give(user: User, amount: int, cause: str) -> None:
    account = await ledger.lock(user.id)
    await ledger.post(account, EntryKind.WELCOME, amount, cause)


async def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    user = await person(database)

    async def story() -> None:
        await _give(user, 100, "a")
        raise LookupError

    with pytest.raises(LookupError):
        await database.transact(story)
    assert await balance(user) == 0


async def test_the_transaction_of_a_cancelled_caller_is_completed(database: Database) -> None:
    user = await person(database)
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def story() -> None:
        await _give(user, 100, "a")
        begun.set()
        await cancelled.wait()

    caller = asyncio.create_task(database.transact(story))
    await begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    cancelled.set()
    await database.transact(_give, user, 1, "b")  # and the connection is free again
    assert await balance(user) == 101


async def test_callers_cancelled_at_any_moment_lose_no_connection(database: Database) -> None:
    user = await person(database)
    for n in range(60):
        caller = asyncio.create_task(database.transact(_give, user, 1, f"c{n}"))
        await asyncio.sleep(0.0001 * n)
        caller.cancel()
        await asyncio.gather(caller, return_exceptions=True)
    await database.transact(_give, user, 1, "last")
    account = await ledger.find_account(user.id)
    assert account.balance == account.seq


async def test_updates_under_the_lock_are_never_lost(database: Database) -> None:
    user = await person(database)
    await asyncio.gather(*(database.transact(_give, user, 1, f"c{n}") for n in range(100)))
    assert await balance(user) == 100


async def test_a_nested_transaction_is_refused(database: Database) -> None:
    async def inner() -> None:
        return None

    async def outer() -> None:
        await database.transact(inner)

    with pytest.raises(RuntimeError, match="already in a transaction"):
        await database.transact(outer)


async def test_a_listener_is_called_after_a_commit_unless_it_is_quiet(database: Database) -> None:
    heard = []
    database.on_commit.append(lambda: heard.append(1))

    async def fine() -> None:
        return None

    async def broken() -> None:
        raise LookupError

    await database.transact(fine)
    with pytest.raises(LookupError):
        await database.transact(broken)
    await database.transact(fine, notify=False)
    assert heard == [1]


async def test_closing_waits_for_running_transactions(database_url: str) -> None:
    database = Database(database_url)
    await database.open()
    user = await person(database)
    begun, released = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        await _give(user, 100, "a")
        begun.set()
        await released.wait()

    task = asyncio.create_task(database.transact(slow))
    await begun.wait()
    closing = asyncio.create_task(database.close())
    for _ in range(20):
        await asyncio.sleep(0)
    assert not closing.done()
    released.set()
    await asyncio.gather(closing, task)
    again = Database(database_url)
    await again.open()
    assert await balance(user) == 100
    await again.close()


async def test_concurrent_inserts_of_one_key_make_one_row(database: Database) -> None:
    async def story() -> bool:
        return await insert_if_new(User(telegram_id=5, language="en"))

    results = await asyncio.gather(*(database.transact(story) for _ in range(20)))
    assert results.count(True) == 1
    assert await User.filter(telegram_id=5).count() == 1


async def test_a_repeated_insert_waits_for_the_commit_of_the_first(postgres_url: str) -> None:
    database = Database(postgres_url)
    await database.open()
    order = []
    received = asyncio.Event()
    spy = await asyncpg.connect(postgres_url)

    async def first() -> None:
        await inbox.receive("stripe:evt_1", "t", {})
        received.set()
        while not await spy.fetchval(WAITS_FOR_A_LOCK):  # noqa: ASYNC110 -- the server changes it
            await asyncio.sleep(0.01)
        order.append("first")

    async def second() -> None:
        assert await inbox.receive("stripe:evt_1", "t", {}) is None
        order.append("second")

    one = asyncio.create_task(database.transact(first))
    await received.wait()
    await database.transact(second)
    await one
    assert order == ["first", "second"]
    await spy.close()
    await database.close()


async def test_a_deadlocked_transaction_runs_again(postgres_url: str) -> None:
    database = Database(postgres_url)
    await database.open()
    one, two = await person(database, 1), await person(database, 2)
    tries = []
    both_locked = asyncio.Barrier(2)

    async def story(first: User, second: User) -> None:
        tries.append(1)
        await ledger.lock(first.id)
        if len(tries) <= 2:
            await both_locked.wait()
        await ledger.lock(second.id)

    await asyncio.gather(database.transact(story, one, two), database.transact(story, two, one))
    assert len(tries) > 2
    await database.close()


async def test_a_transaction_that_stops_loses_its_locks_and_runs_again(
    postgres_url: str,
) -> None:
    database = Database(postgres_url)
    await database.open()
    tries: list[Any] = []

    async def stops() -> None:
        tries.append(await query("SHOW idle_in_transaction_session_timeout"))
        await advisory_lock("jobs")
        await query("SET LOCAL idle_in_transaction_session_timeout = '300ms'")  # a test waits no 8 seconds
        if len(tries) == 1:
            await rival.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", "jobs")
        await query("SELECT 1")

    rival = await asyncpg.connect(postgres_url)
    await database.transact(stops)
    assert tries == [[{"idle_in_transaction_session_timeout": "8s"}]] * 2
    await rival.close()
    await database.close()


async def test_cut_connections_are_replaced_and_none_is_lost(postgres_url: str) -> None:
    database = Database(postgres_url)
    await database.open()
    user = await person(database)
    cutter = await asyncpg.connect(postgres_url)
    done = 0

    async def work() -> None:
        nonlocal done
        for n in range(15):
            await database.transact(_give, user, 1, f"{id(asyncio.current_task())}:{n}")
            done += 1

    async def cut() -> None:
        for cuts in range(8):
            while done < 20 * cuts:  # noqa: ASYNC110 -- the workers change it
                await asyncio.sleep(0.001)
            await cutter.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    await asyncio.gather(cut(), *(work() for _ in range(12)))
    await cutter.close()
    assert done == 180
    account = await ledger.find_account(user.id)
    assert (account.balance, account.seq) == (180, 180)
    await database.close()


async def test_a_lock_of_another_process_is_waited_for(sqlite_url: str) -> None:
    database, rival = Database(sqlite_url), Database(sqlite_url)
    await database.open()
    user = await person(database)
    held = asyncio.Event()

    async def hold_on() -> None:
        await rival.open()

        async def story() -> None:
            await users.mark_blocked(user.telegram_id, blocked=False)
            held.set()
            await asyncio.sleep(0.1)  # the lock is waited for in SQLite, where no test can look

        await rival.transact(story)
        await rival.close()

    other = asyncio.create_task(hold_on())  # its own context: a second connection to the same file
    await held.wait()
    await database.transact(_give, user, 5, "a")
    await other
    assert await balance(user) == 5
    await database.close()


async def test_sqlite_survives_a_power_cut_after_a_commit(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    await database.open()
    pragmas = {name: (await query(f"PRAGMA {name}"))[0] for name in ("journal_mode", "synchronous")}
    await database.close()
    assert pragmas == {"journal_mode": {"journal_mode": "wal"}, "synchronous": {"synchronous": 2}}


async def test_an_unreachable_database_is_reported(postgres_url: str) -> None:
    database = Database(postgres_url.rpartition("?")[0] + "?host=/nowhere")
    await database.open()
    assert not await database.answers()
    await database.close()


async def test_a_violated_constraint_is_not_retried(database: Database) -> None:
    user = await person(database)
    tries = []

    async def story() -> None:
        tries.append(1)
        await query("UPDATE account SET held = -1 WHERE user_id = ?", user.id)

    with pytest.raises((IntegrityError, asyncpg.CheckViolationError)):
        await database.transact(story)
    assert len(tries) == 1


async def test_a_failed_begin_does_not_block_the_next_transaction(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    library: Any = aiosqlite.Connection
    execute = library.execute
    left = [OSError("the disk is away")]

    def stumble(self: Any, sql: str, *args: Any) -> Any:
        if left and sql == "BEGIN":
            raise left.pop()
        return execute(self, sql, *args)

    database = Database(sqlite_url)
    await database.open()
    monkeypatch.setattr(library, "execute", stumble)
    try:
        assert await database.transact(_one) == 1
        assert not left
    finally:
        await database.close()


async def _one() -> int:
    return int((await query("SELECT 1 AS one"))[0]["one"])
