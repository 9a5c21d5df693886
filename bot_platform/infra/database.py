"""Connects to the database, migrates it, and runs transactions and snapshots."""

import asyncio
import contextlib
import fcntl
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

from bot_platform.infra import clock, postgres_url, transactions
from bot_platform.infra.clock import Clock
from bot_platform.infra.commit_events import CommitEvent
from bot_platform.infra.database_errors import UNREACHABLE
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
    "bot_platform.domain.leases",
    "bot_platform.domain.outages",
    "bot_platform.domain.book_checks",
    "bot_platform.domain.actions",
    "bot_platform.domain.broadcasts",
    "bot_platform.domain.installation",
    "aerich.models",
)
RETIRED_TABLES = ("round",)  # the version before may still use them; see docs/upgrade.md
SQLITE_PRAGMAS = {
    "synchronous": "FULL",  # a confirmed payment survives a power cut
    "busy_timeout": 5000,  # milliseconds that a command waits for a transaction of the running service
    "recursive_triggers": "ON",  # REPLACE deletes: the ledger's trigger must see it
}
# Without this a process that hangs, or loses the server, in the middle of a transaction would keep its locks
# until the operating system closes the connection, which can take hours.
POSTGRES_SETTINGS = {"idle_in_transaction_session_timeout": "15s"}
ANSWER_SECONDS, GIVE_UP_SECONDS = 2.0, 10.0  # for the answer to a probe, and until it may be asked anew
OF_THE_POOL = ("maxsize", "minsize", "ports")
MIGRATION_LOCK = 7_205_759  # any number, the same in every replica


def tortoise_config(url: str) -> dict[str, Any]:
    """Return Tortoise's configuration for a database URL (`sqlite://path` or `postgres://...`).

    Raises UnusableUrl when the URL of a server says what cannot be obeyed.
    """
    # Tortoise caches SQL by the connection's name, so two dialects in one process need two names.
    if url.startswith("sqlite://"):
        name, connection = "sqlite", expand_db_url(url)
        connection["credentials"].update(SQLITE_PRAGMAS)
    else:
        name, credentials = "asyncpg", postgres_url.parse(url).credentials()
        credentials["server_settings"] |= POSTGRES_SETTINGS
        connection = {"engine": "bot_platform.infra.postgres_client", "credentials": credentials}
    app = {"models": list(MODELS), "default_connection": name}
    return {"connections": {name: connection}, "apps": {"models": app}}


# Only `aerich migrate` reads this name.
TORTOISE_ORM = tortoise_config("sqlite://data/bot.db")


class Database:
    """One database with its connections; every transaction runs through `transact`.

    `on_commit` is called after each commit that may have left work for a worker; `on_commit_event` gets
    every event that a committed transaction recorded.
    """

    def __init__(self, url: str, clock: Clock | None = None) -> None:
        self._config = tortoise_config(url)
        (only,) = self._config["connections"].values()
        self._credentials = only["credentials"]
        self.name = "SQLite" if "file_path" in self._credentials else "PostgreSQL"
        self.file: Path | None = None  # SQLite's file
        if self.name == "SQLite":
            self.file = Path(self._credentials["file_path"])
            self._read_only = f"{self.file.resolve().as_uri()}?mode=ro"
        self._clock = clock
        self._context = TortoiseContext()  # an own one, because a process may open two databases
        self._question: asyncio.Task[bool] | None = None  # that of `answers`
        self._running: set[asyncio.Task[Any]] = set()
        self.on_commit: list[Callable[[], None]] = []
        self.on_commit_event: list[Callable[[CommitEvent], None]] = []

    async def open(self) -> None:
        """Connect in the caller's context: every task that is started later finds the connection.

        They also get the clock, if one was given. Raises OSError or sqlite3.Error when the file cannot be
        opened.
        """
        if self._clock:
            clock.use(self._clock)
        if self.name == "SQLite":
            path = Path(self._credentials["file_path"])
            path.parent.mkdir(parents=True, exist_ok=True)
            # Opened here first, because aiosqlite hangs when the file cannot be opened.
            with contextlib.closing(sqlite3.connect(path)) as probe:
                probe.execute("PRAGMA schema_version")
        self._context.__enter__()
        await self._context.init(config=self._config)

    async def close(self) -> None:
        """Wait for the running transactions, then disconnect."""
        if self._question:
            self._question.cancel()
            await asyncio.gather(self._question, return_exceptions=True)
        while self._running:
            await asyncio.wait(self._running)
        await self._context.close_connections()

    @property
    def is_idle(self) -> bool:
        """Whether no transaction of this process is running."""
        return not self._running

    async def migrate(self) -> list[str]:
        """Apply the migrations that the database lacks; return their names."""
        from aerich import Command  # noqa: PLC0415 -- the import takes half a second

        async with self._one_migrator():
            command = Command(self._config, location=str(MIGRATIONS))
            await command.init()
            return await command.upgrade(run_in_transaction=True)

    async def answers(self) -> bool:
        """Whether the database answers a question within ANSWER_SECONDS.

        One question is under way at a time, however many ask; it takes none of the pool's connections.
        """
        if self._question is None or self._question.done():
            self._question = asyncio.create_task(self._ask())
        try:
            async with clock.current().timeout(ANSWER_SECONDS):
                return await asyncio.shield(self._question)
        except TimeoutError:
            return False

    async def _ask(self) -> bool:
        try:
            async with clock.current().timeout(GIVE_UP_SECONDS):
                if self.name == "SQLite":
                    await query("SELECT 1")
                    return True
                server = await self._connect()
                try:
                    await server.execute("SELECT 1")
                finally:
                    server.terminate()  # a polite end would wait for a server that hangs
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
        if isinstance(connection(), TransactionalDBClient):
            raise RuntimeError("A story is already in a transaction: call its parts directly.")  # noqa: TRY004 -- it is about the state, not a type
        task = asyncio.create_task(self._commit(partial(story, *args), notify=notify))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    @contextlib.asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Callable[..., Awaitable[Sequence[dict[str, Any]]]]]:
        """Yield a function that runs SQL (written with `?`) on one consistent snapshot of the database.

        It has its own connection, so it delays no transaction, and sees none that commits meanwhile.
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

    async def _commit(self, story: Callable[[], Awaitable[T]], *, notify: bool) -> T:
        result, events = await transactions.run(story)
        for report in self.on_commit_event:
            for event in events:
                report(event)
        if notify:
            for wake in self.on_commit:
                wake()
        return result

    @contextlib.asynccontextmanager
    async def _one_migrator(self) -> AsyncIterator[None]:
        if self.name == "SQLite":
            with _file_lock(Path(f"{self._credentials['file_path']}.migrating")):
                yield
            return
        lock = await self._connect()  # the lock ends with this connection, even when the process is killed
        try:
            await lock.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
            yield
        finally:
            await lock.close()

    async def _connect(self) -> Any:
        """Open a connection to PostgreSQL outside the pool."""
        arguments = {key: c for key, c in self._credentials.items() if key not in OF_THE_POOL}
        return await asyncpg.connect(
            **arguments | {"port": self._credentials.get("ports") or arguments["port"]}
        )


@contextlib.contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
