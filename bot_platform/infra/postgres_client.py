"""Connections to PostgreSQL, single or in Tortoise's pool, that are given up when no answer comes."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient

from bot_platform.infra.database_errors import LOST_CONNECTION

CLOSE_SECONDS = 1.0  # for a polite end of the pool's connections
# The kernel reports a lost connection after 5 + 4 * 1 seconds of silence, or when what we sent is not
# confirmed for 9 s. Not every system knows every option.
KEEPALIVE = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 1, "TCP_KEEPCNT": 4, "TCP_USER_TIMEOUT": 9000}
# The same for the server, and the end of a transaction whose process hangs or was lost: without it the locks
# would be kept until the operating system closes the connection, which can take hours.
SERVER_SETTINGS = {
    "idle_in_transaction_session_timeout": "8s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "4",
}
OF_THE_POOL = ("maxsize", "minsize", "ports")
POOL: dict[str, Any] = {  # asyncpg's own, which its Pool does not know by itself
    "max_queries": 50_000,
    "max_inactive_connection_lifetime": 300.0,
    "record_class": asyncpg.Record,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """How many seconds one statement may take; None is no limit.

    The server ends a statement that waits `lock` seconds for a lock, or that runs for `statement` seconds. A
    connection on which no answer comes for `answer` seconds is given up, and another takes its place.
    """

    lock: float | None = 3.0
    statement: float | None = 5.0
    answer: float | None = 6.0

    def arguments(self, options: str = "") -> dict[str, Any]:
        """Return asyncpg's arguments; a setting that the URL's `options` name is the operator's."""
        settings = SERVER_SETTINGS | {
            "lock_timeout": f"{int((self.lock or 0) * 1000)}ms",
            "statement_timeout": f"{int((self.statement or 0) * 1000)}ms",
        }
        ours = {name: value for name, value in settings.items() if name not in options}
        return {"command_timeout": self.answer, "server_settings": ours}


STORIES = Limits()
READING = Limits(statement=60.0, answer=65.0)  # a range of rows in an audit, a chart, an export
PATIENT = Limits(
    lock=None, statement=None, answer=None
)  # a migration, and the wait for that of another replica


class PromptConnection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """A connection that is closed when an answer does not come in time.

    asyncpg itself asks the server to cancel the statement and keeps the connection until the server has
    answered: a server that hangs would keep the connection, and a pool of them, for ever.
    """

    def __init__(self, protocol: Any, transport: Any, *others: Any) -> None:
        super().__init__(protocol, transport, *others)
        keep_alive(transport.get_extra_info("socket"))

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> Any:  # noqa: ASYNC109 -- asyncpg's signature
        """Run SQL."""
        with self._closed_when_late():
            return await super().execute(query, *args, timeout=timeout)

    async def executemany(self, command: str, args: Any, *, timeout: float | None = None) -> Any:  # noqa: ASYNC109 -- as above
        """Run SQL for each of several rows of arguments."""
        with self._closed_when_late():
            return await super().executemany(command, args, timeout=timeout)

    async def fetch(self, query: str, *args: Any, **options: Any) -> Any:
        """Run SQL and return its rows."""
        with self._closed_when_late():
            return await super().fetch(query, *args, **options)

    async def fetchrow(self, query: str, *args: Any, **options: Any) -> Any:
        """Run SQL and return its first row."""
        with self._closed_when_late():
            return await super().fetchrow(query, *args, **options)

    @contextlib.contextmanager
    def _closed_when_late(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            self.terminate()
            raise


class PromptPool(asyncpg.Pool):  # type: ignore[misc]  # as above
    """A pool that gives and closes a connection within the time limit of an answer."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(None, **POOL | arguments)
        self._seconds: float | None = arguments.get("command_timeout")

    def acquire(self, *, timeout: float | None = None) -> Any:
        """Take a connection; raises TimeoutError."""
        return super().acquire(timeout=self._seconds if timeout is None else timeout)

    async def close(self) -> None:
        """Close the connections, those that do not answer by force."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await super().close()
        except TimeoutError:
            self.terminate()


async def connect(credentials: Mapping[str, Any], limits: Limits) -> Any:
    """Open a connection outside the pool with other limits; `credentials` are those of Tortoise's client."""
    options = credentials["server_settings"].get("options", "")
    given = limits.arguments(options)
    arguments = {key: value for key, value in credentials.items() if key not in OF_THE_POOL} | given
    arguments["server_settings"] = credentials["server_settings"] | given["server_settings"]
    arguments["port"] = credentials.get("ports") or credentials["port"]
    return await asyncpg.connect(**arguments, connection_class=PromptConnection)


async def end(server: Any) -> None:
    """Close a connection politely: the server cancels what still runs. One that hangs is closed by force."""
    with contextlib.suppress(*LOST_CONNECTION):
        await server.close(timeout=CLOSE_SECONDS)


class PostgresClient(AsyncpgDBClient):
    """Tortoise's client with our connections; it may be given several servers with a port each."""

    connection_class = PromptConnection

    async def create_pool(self, *, ports: Sequence[int] = (), **arguments: Any) -> Any:
        """Open the pool."""
        return await PromptPool(**arguments | ({"port": list(ports)} if ports else {}))


def keep_alive(connected: socket.socket | None) -> None:
    """Let the kernel find out that the other side is gone; a socket of this machine needs no help."""
    if connected is None or connected.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        option = getattr(socket, name, None)
        if option is not None:
            connected.setsockopt(socket.IPPROTO_TCP, option, value)


client_class = PostgresClient  # the name by which Tortoise finds it
