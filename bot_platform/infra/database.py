"""Connects to the database, migrates it, and runs transactions and long reads."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

from tortoise.backends.base.client import TransactionalDBClient
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext

from bot_platform.infra import clock, postgres_client, postgres_url, readers, sqlite_file, transactions
from bot_platform.infra.clock import Clock
from bot_platform.infra.commit_events import CommitEvent
from bot_platform.infra.database_errors import UNREACHABLE
from bot_platform.infra.postgres_client import PATIENT, STORIES, Limits
from bot_platform.infra.sql import Ask, connection, query

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
ANSWER_SECONDS, GIVE_UP_SECONDS = 2.0, 10.0  # for the answer to a probe, and until it may be asked anew
CLOSE_SECONDS = 3.0  # for the transactions that run when the database is closed
MIGRATION_LOCK = 7_205_759  # any number, the same in every replica


def tortoise_config(url: str, limits: Limits = STORIES) -> dict[str, Any]:
    """Return Tortoise's configuration for a database URL (`sqlite://path` or `postgres://...`).

    `limits` are those of a PostgreSQL. Raises UnusableUrl when its URL says what cannot be obeyed.
    """
    # Tortoise caches SQL by the connection's name, so two dialects in one process need two names.
    if url.startswith("sqlite://"):
        name, connection = "sqlite", expand_db_url(url)
        connection["credentials"].update(SQLITE_PRAGMAS)
    else:
        name, credentials = "asyncpg", postgres_url.parse(url).credentials()
        given = limits.arguments(credentials["server_settings"].get("options", ""))
        credentials["server_settings"] |= given.pop("server_settings")
        credentials |= given
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

    def __init__(self, url: str, clock: Clock | None = None, limits: Limits = STORIES) -> None:
        self._url, self._config = url, tortoise_config(url, limits)
        (only,) = self._config["connections"].values()
        self._credentials = only["credentials"]
        self.name = "SQLite" if "file_path" in self._credentials else "PostgreSQL"
        self.file: Path | None = None  # SQLite's file
        if self.name == "SQLite":
            self.file = Path(self._credentials["file_path"])
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
        if self.file:
            sqlite_file.prepare(self.file)
        self._context.__enter__()
        await self._context.init(config=self._config)

    async def close(self) -> None:
        """Wait for the running transactions, but not long for a server that hangs; then disconnect."""
        if self._question:
            self._question.cancel()
            await asyncio.gather(self._question, return_exceptions=True)
        if self._running:
            await asyncio.wait(self._running, timeout=CLOSE_SECONDS)
        while self._running:
            for task in self._running:
                task.cancel()
            await asyncio.wait(self._running)
        await self._context.close_connections()

    @property
    def is_idle(self) -> bool:
        """Whether no transaction of this process is running."""
        return not self._running

    async def migrate(self) -> list[str]:
        """Apply the migrations that the database lacks; return their names."""
        from aerich import Command  # noqa: PLC0415 -- the import takes half a second

        # Connections of its own, because a migration may take minutes.
        config = tortoise_config(self._url, PATIENT)
        async with self._one_migrator(), TortoiseContext() as context:
            await context.init(config=config)
            command = Command(config, location=str(MIGRATIONS))
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

    def reader(self) -> AbstractAsyncContextManager[Ask]:
        """Make a context with a function that runs SQL (written with `?`) on a connection of its own.

        It delays no transaction. Each query sees one state of the database, two queries may see two.
        """
        return readers.of_file(self.file) if self.file else readers.of_server(self._credentials)

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
        if self.file:
            with sqlite_file.locked_for_migration(self.file):
                yield
            return
        lock = await self._connect()  # the lock ends with this connection, even when the process is killed
        try:
            await lock.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
            yield
        finally:
            await postgres_client.end(lock)

    async def _connect(self) -> Any:
        """Open a connection to PostgreSQL outside the pool, on which any wait is fine."""
        return await postgres_client.connect(self._credentials, PATIENT)
