"""Opens the database, brings it to the newest schema, and is the one way to a transaction."""

import asyncio
import contextlib
import fcntl
import random
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import asyncpg
from tortoise.backends.base.client import BaseDBAsyncClient, TransactionalDBClient
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext, require_context
from tortoise.exceptions import DBConnectionError, OperationalError
from tortoise.models import Model
from tortoise.transactions import in_transaction

P = ParamSpec("P")
T = TypeVar("T")

MIGRATIONS = Path(__file__).parent.parent / "migrations"
MODELS = (
    "bot_platform.domain.users",
    "bot_platform.domain.ledger",
    "bot_platform.domain.purchases",
    "bot_platform.domain.inbox",
    "bot_platform.domain.notices",
    "aerich.models",
)
SQLITE_PRAGMAS = {
    "synchronous": "FULL",  # a confirmed payment survives a power cut
    "busy_timeout": 5000,  # a command beside a running serve waits for its turn
    "recursive_triggers": "ON",  # REPLACE deletes: the ledger's trigger must see it
}
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
        (connection,) = self._config["connections"].values()
        self._credentials = connection["credentials"]
        self.name = "SQLite" if "file_path" in self._credentials else "PostgreSQL"
        self._context = TortoiseContext()  # of our own: a process, or a test, may hold two databases
        self._running: set[asyncio.Task[Any]] = set()
        self.on_commit: list[Callable[[], None]] = []

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

    async def transact(self, story: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a story in one transaction; it may run again, so it touches nothing but the database.

        It runs in a task of its own: a caller who is cancelled (a client that hung up) leaves
        the story to its end, for a cancel between BEGIN and COMMIT would strand the connection.
        """
        return await asyncio.shield(self._start(partial(story, *args, **kwargs), self._wake))

    async def quietly(self, story: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do as `transact` does, and wake no loop: what the story writes gives nobody work."""
        return await asyncio.shield(self._start(partial(story, *args, **kwargs)))

    def _start(
        self,
        story: Callable[[], Awaitable[T]],
        on_commit: Callable[[asyncio.Task[Any]], None] | None = None,
    ) -> asyncio.Task[T]:
        if isinstance(_connection(), TransactionalDBClient):
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
                return await _alone(story)
            except (*LOST_CONNECTION, *CONTENTION, OperationalError) as fault:
                if not _passing(fault):
                    raise
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 -- spreads rivals, guards nothing
        return await _alone(story)

    @contextlib.asynccontextmanager
    async def _one_migrator(self) -> AsyncIterator[None]:
        if self.name == "SQLite":
            with _file_lock(Path(f"{self._credentials['file_path']}.migrating")):
                yield
            return
        # The lock lives as long as this connection: a killed migrator frees it.
        where = ("host", "port", "user", "password", "database", "ssl")
        lock = await asyncpg.connect(**{key: c for key in where if (c := self._credentials.get(key))})
        try:
            await lock.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
            yield
        finally:
            await lock.close()


def _connection() -> BaseDBAsyncClient:
    context = require_context()
    return context.db(context.default_connection)


async def _alone(story: Callable[[], Awaitable[T]]) -> T:
    """Try once, in a task of its own: one that breaks leaves its dead connection in the task's context."""
    return await asyncio.create_task(_once(story))


async def _once(story: Callable[[], Awaitable[T]]) -> T:
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
    return result


async def _give_back(context: Any) -> None:
    """Return a pooled connection whose BEGIN failed; Tortoise would keep it for ever."""
    client = getattr(context, "client", None)
    if client is not None and client._connection is not None:
        await client._parent._pool.release(client._connection)


def _passing(fault: BaseException) -> bool:
    if isinstance(fault, OperationalError):
        return "locked" in str(fault) or "busy" in str(fault)
    return True


@contextlib.contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def clock() -> str:
    """Write SQL for the database's own time in milliseconds: leases of all replicas use one clock."""
    if _connection().capabilities.dialect == "sqlite":
        return "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"


async def query(sql: str, *values: Any) -> list[dict[str, Any]]:
    """Run SQL written with `?` on the current connection; rows as dicts, RETURNING included."""
    connection = _connection()
    if connection.capabilities.dialect != "sqlite":
        parts = sql.split("?")
        sql = parts[0] + "".join(f"${n}{part}" for n, part in enumerate(parts[1:], start=1))
    return await connection.execute_query_dict(sql, list(values))


async def insert_once(row: Model) -> bool:
    """Insert the row unless one of its unique keys is taken; False for such a repeat.

    On PostgreSQL a rival's uncommitted insert of the same key is waited for.
    """
    connection = _connection()
    executor: Any = connection.executor_class(model=type(row), db=connection)
    columns = executor.regular_columns
    names = ", ".join(f'"{type(row)._meta.fields_db_projection[c]}"' for c in columns)
    marks = ", ".join("?" for _ in columns)
    table, key = row._meta.db_table, row._meta.db_pk_column
    inserted = await query(
        f'INSERT INTO "{table}" ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING RETURNING "{key}"',  # noqa: S608 -- names are the model's
        *(row._meta.fields_map[c].to_db_value(getattr(row, c), row) for c in columns),
    )
    if inserted:
        row.pk = inserted[0][key]
        row._saved_in_db = True
    return bool(inserted)


async def claim_heads(
    model: type[Model], *, waiting: str, lane: str, order: str, limit: int, lease_ms: int
) -> Sequence[int]:
    """Lease the first waiting row of each lane, `limit` at most, and return their ids.

    The table has `id`, `state`, `next_at`, `lease_until` and `attempts`; `order` names SQL
    expressions with `{t}` for the table, smallest first. Whoever leases a lane's first row holds
    the lane, so a lane is worked in order and by one worker.
    """
    table = model._meta.db_table
    mine, theirs = order.format(t="head"), order.format(t="other")
    lock = "" if _connection().capabilities.dialect == "sqlite" else "FOR UPDATE SKIP LOCKED"
    now = clock()
    rows = await query(
        f"""UPDATE "{table}" SET lease_until = {now} + ?, attempts = attempts + 1
            WHERE id IN (
                SELECT head.id FROM "{table}" head
                WHERE head.state = ? AND head.{lane} IS NOT NULL
                AND head.next_at <= {now} AND head.lease_until < {now}
                AND NOT EXISTS (
                    SELECT 1 FROM "{table}" other WHERE other.state = ?
                    AND other.{lane} = head.{lane} AND ({theirs}) < ({mine}))
                ORDER BY {mine} LIMIT {limit} {lock})
            RETURNING id""",  # noqa: S608 -- names are the code's own, values are bound
        lease_ms,
        waiting,
        waiting,
    )
    return [row["id"] for row in rows]


async def renew(model: type[Model], ids: Sequence[int], lease_ms: int) -> None:
    """Keep the leases of these rows while their work goes on."""
    if ids:
        marks = ", ".join("?" for _ in ids)
        await query(
            f'UPDATE "{model._meta.db_table}" SET lease_until = {clock()} + ? WHERE id IN ({marks})',  # noqa: S608 -- as above
            lease_ms,
            *ids,
        )


async def put_off(model: type[Model], row_id: int, ms: int) -> None:
    """End the lease of a row and let it wait `ms` milliseconds."""
    await query(
        f'UPDATE "{model._meta.db_table}" SET lease_until = 0, next_at = {clock()} + ? WHERE id = ?',  # noqa: S608 -- as above
        ms,
        row_id,
    )
