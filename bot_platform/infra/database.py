"""Opens the database, brings it to the newest schema, and is the one way to a transaction."""

import asyncio
import contextlib
import fcntl
import random
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

import aiosqlite
import asyncpg
from tortoise.backends.base.client import TransactionalDBClient
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext
from tortoise.exceptions import DBConnectionError, OperationalError
from tortoise.transactions import in_transaction

from bot_platform.infra import commit_events
from bot_platform.infra.commit_events import CommitEvent
from bot_platform.infra.sql import connection, numbered, query

T = TypeVar("T")
Args = TypeVarTuple("Args")

MIGRATIONS = Path(__file__).parents[2] / "migrations"
MODELS = (
    "bot_platform.domain.users",
    "bot_platform.domain.ledger",
    "bot_platform.domain.purchases",
    "bot_platform.domain.reversals",
    "bot_platform.domain.refunds",
    "bot_platform.domain.jobs",
    "bot_platform.domain.inbox",
    "bot_platform.domain.outbox",
    "bot_platform.domain.schedules",
    "bot_platform.domain.actions",
    "bot_platform.domain.broadcasts",
    "aerich.models",
)
SQLITE_PRAGMAS = {
    "synchronous": "FULL",  # a confirmed payment survives a power cut
    "busy_timeout": 5000,  # a command beside a running serve waits for its turn
    "recursive_triggers": "ON",  # REPLACE deletes: the ledger's trigger must see it
}
# A process that is stopped, or cut off from the server, in the middle of a transaction would hold its locks,
# and everybody else, until the system finds the connection dead: after hours.
POSTGRES_SETTINGS = {"idle_in_transaction_session_timeout": "15s"}
MIGRATION_LOCK = 7_205_759  # any number, the same in every replica
PAUSES = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)  # seconds before each new try; then the fault is the caller's

# What a database says when the same story may well succeed a moment later.
LOST_CONNECTION = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection cut in the middle of an answer
    asyncpg.OperatorInterventionError,  # the server is shutting down or starting
    asyncpg.TooManyConnectionsError,
    DBConnectionError,
    OSError,
)
UNREACHABLE = (
    *LOST_CONNECTION,
    asyncpg.PostgresError,
    OperationalError,
    sqlite3.Error,
)  # a wrong name or password too
CONTENTION = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.LockNotAvailableError)


def tortoise_config(url: str) -> dict[str, Any]:
    """Tortoise's configuration for one database URL (`sqlite://path` or `postgres://...`)."""
    connection = expand_db_url(url)
    if connection["engine"].endswith("sqlite"):
        connection["credentials"].update(SQLITE_PRAGMAS)
    else:
        connection["credentials"].setdefault("maxsize", 10)
        connection["credentials"]["server_settings"] = POSTGRES_SETTINGS
    # Tortoise caches its SQL by the connection's name: two dialects in one process need two names.
    name = connection["engine"].rpartition(".")[2]
    app = {"models": list(MODELS), "default_connection": name}
    return {"connections": {name: connection}, "apps": {"models": app}}


# `aerich migrate` reads this name; the process itself never does.
TORTOISE_ORM = tortoise_config("sqlite://data/bot.db")


class Database:
    """One database with its connections; every money story runs through `transact`."""

    def __init__(self, url: str) -> None:
        self._config = tortoise_config(url)
        (only,) = self._config["connections"].values()
        self._credentials = only["credentials"]
        self.name = "SQLite" if "file_path" in self._credentials else "PostgreSQL"
        self.file: Path | None = None  # where SQLite keeps everything
        if self.name == "SQLite":
            self.file = Path(self._credentials["file_path"])
            self._read_only = f"{self.file.resolve().as_uri()}?mode=ro"
        self._context = TortoiseContext()  # of our own: a process, or a test, may hold two databases
        self._running: set[asyncio.Task[Any]] = set()
        self.on_commit: list[Callable[[], None]] = []
        self.on_fact: list[
            Callable[[CommitEvent], None]
        ] = []  # hears what each transaction did, once it holds

    async def open(self) -> None:
        """Connect in the caller's context, so that every task started later finds the connection.

        Raises OSError or sqlite3.Error for a path where no database can be.
        """
        if self.name == "SQLite":
            path = Path(self._credentials["file_path"])
            path.parent.mkdir(parents=True, exist_ok=True)
            # Asked here, because aiosqlite would wait for ever on a file that cannot be opened.
            with contextlib.closing(sqlite3.connect(path)) as probe:
                probe.execute("PRAGMA schema_version")
        self._context.__enter__()
        await self._context.init(config=self._config)

    async def close(self) -> None:
        """Let running transactions end, then disconnect."""
        while self._running:
            await asyncio.wait(self._running)
        await self._context.close_connections()

    async def migrate(self) -> list[str]:
        """Apply what `migrations/` holds and the database lacks; returns the names applied."""
        from aerich import Command  # noqa: PLC0415 -- half a second that only a migration should pay

        async with self._one_migrator():
            command = Command(self._config, location=str(MIGRATIONS))
            await command.init()
            return await command.upgrade(run_in_transaction=True)

    async def answers(self) -> bool:
        """Whether the database answers a question within two seconds."""
        try:
            async with asyncio.timeout(2):
                await query("SELECT 1")
        except UNREACHABLE:  # TimeoutError is an OSError
            return False
        return True

    async def transact(self, story: Callable[[*Args], Awaitable[T]], *args: *Args, notify: bool = True) -> T:
        """Run a story in one transaction; after a deadlock or a lost connection it runs again.

        So a story has no effect outside the database. `notify=False` wakes no worker: use it when the
        story leaves no work for one. The story runs in a task of its own: when the caller is cancelled
        (its client hung up), the story still runs to its end, because a cancel between BEGIN and COMMIT
        would leak the connection.
        """
        return await asyncio.shield(self._start(partial(story, *args), self._wake if notify else None))

    @contextlib.asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Callable[..., Awaitable[Sequence[dict[str, Any]]]]]:
        """Give a way to ask SQL (with `?`) of the database as it is now, on a connection of its own.

        However long the asking takes, it delays no transaction and sees none of them.
        """
        if self.name == "SQLite":
            async with aiosqlite.connect(self._read_only, uri=True) as file:
                file.row_factory = sqlite3.Row
                await file.execute("BEGIN")

                async def ask_file(sql: str, *values: Any) -> Sequence[dict[str, Any]]:
                    return [dict(row) for row in await file.execute_fetchall(sql, values)]

                yield ask_file
            return
        server = await self._connect()
        try:
            async with server.transaction(isolation="repeatable_read", readonly=True):

                async def ask_server(sql: str, *values: Any) -> Sequence[dict[str, Any]]:
                    return [dict(row) for row in await server.fetch(numbered(sql), *values)]

                yield ask_server
        finally:
            await server.close()

    def _start(
        self,
        story: Callable[[], Awaitable[T]],
        on_commit: Callable[[asyncio.Task[Any]], None] | None = None,
    ) -> asyncio.Task[T]:
        if isinstance(connection(), TransactionalDBClient):
            raise RuntimeError("A story is already in a transaction: call its parts directly.")  # noqa: TRY004 -- about the moment, not a value
        task = asyncio.create_task(self._until_it_holds(story))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        if on_commit:
            task.add_done_callback(on_commit)
        return task

    def _wake(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and task.exception() is None:
            for listener in self.on_commit:
                listener()

    async def _until_it_holds(self, story: Callable[[], Awaitable[T]]) -> T:
        for pause in PAUSES:
            try:
                return self._told(await _alone(story))
            except (*LOST_CONNECTION, *CONTENTION, OperationalError) as fault:
                if not _passing(fault):
                    raise
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 -- spreads rivals, guards nothing
        return self._told(await _alone(story))

    def _told(self, done: tuple[T, Sequence[CommitEvent]]) -> T:
        result, noted = done
        for listener in self.on_fact:
            for fact in noted:
                listener(fact)
        return result

    @contextlib.asynccontextmanager
    async def _one_migrator(self) -> AsyncIterator[None]:
        if self.name == "SQLite":
            with _file_lock(Path(f"{self._credentials['file_path']}.migrating")):
                yield
            return
        lock = await self._connect()  # the lock lives as long as this: a killed migrator frees it
        try:
            await lock.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
            yield
        finally:
            await lock.close()

    async def _connect(self) -> Any:
        """Connect to PostgreSQL beside the pool."""
        where = ("host", "port", "user", "password", "database", "ssl")
        return await asyncpg.connect(**{key: c for key in where if (c := self._credentials.get(key))})


async def _alone(story: Callable[[], Awaitable[T]]) -> tuple[T, Sequence[CommitEvent]]:
    """Try once, in a task of its own: one that breaks leaves its dead connection in the task's context."""
    return await asyncio.create_task(_once(story))


async def _once(story: Callable[[], Awaitable[T]]) -> tuple[T, Sequence[CommitEvent]]:
    noted = commit_events.collect()
    context = in_transaction()
    try:
        transaction = await context.__aenter__()
    except BaseException:
        await _give_back(context)
        raise
    try:
        result = await story()
        # Committed here, not on leaving: a commit that fails must be rolled back too.
        await transaction.commit()
    except BaseException as fault:
        # Over a lost connection the rollback fails as well, and says less.
        with contextlib.suppress(*LOST_CONNECTION):
            await context.__aexit__(type(fault), fault, fault.__traceback__)
        raise
    await context.__aexit__(None, None, None)
    return result, noted


async def _give_back(context: Any) -> None:
    """Return what a BEGIN that failed had taken, a pooled connection or SQLite's turn; Tortoise keeps it."""
    client = getattr(context, "client", None)
    if client is not None and client._connection is not None:
        await client._parent._pool.release(client._connection)
    if hasattr(context, "_trxlock") and hasattr(context, "token"):
        context._trxlock.release()


def _passing(fault: BaseException) -> bool:
    if isinstance(fault, OperationalError):
        return "locked" in str(fault) or "busy" in str(fault)
    return True


@contextlib.contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
