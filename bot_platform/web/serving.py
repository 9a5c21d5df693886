"""Serves the application on one address until it is stopped, then lets running requests end."""

import asyncio
import contextlib
import errno
import logging
import resource
import socket
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, cast

import structlog
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.typing import ASGIFramework
from hypercorn.utils import repr_socket_addr

from bot_platform.infra import clock, safe_errors
from bot_platform.web.connections import HEALTH_PLACES, Connection, Connections
from bot_platform.web.health import PATHS
from bot_platform.web.http1 import stay_in_http1

log = structlog.get_logger()

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

SHUTDOWN_TIMEOUT_SECONDS = 4.0  # for running requests
HEAD_TIMEOUT_SECONDS = 5.0  # for the head of a request, and between two requests
SEND_TIMEOUT_SECONDS = 10.0  # for the client to take a part of an answer
BACKLOG = 2048  # connections that the kernel keeps until we take them
MAX_CONNECTIONS, MIN_CONNECTIONS = 1000, 16
MAX_FILES = 65_536  # to ask for at the start
OWN_FILES = 100  # for the database, calls to others, and files of work
NO_FILE_LEFT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
RETRY_SECONDS = 0.1  # after no file was left
BUSY = b'{"status":"busy"}\n'
BUSY_HEADERS = [
    (b"content-type", b"application/json"),
    (b"content-length", str(len(BUSY)).encode()),
    (b"retry-after", b"1"),
    (b"connection", b"close"),
]


def listen(host: str, port: int) -> socket.socket:
    """Bind the address; raises OSError if another process has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


def raise_file_limit() -> None:
    """Let the process open as many files as the system allows it; each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # macOS has a lower limit than it tells
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def room() -> int:
    """Return how many connections leave enough files for everything else."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max(MIN_CONNECTIONS, min(MAX_CONNECTIONS, soft - OWN_FILES - HEALTH_PLACES))


async def serve_until(
    stop: asyncio.Event,
    app: ASGIFramework,
    listener: socket.socket,
    *,
    on_ready: Callable[[int], None] | None,
    stopping: Callable[[], None] | None,
    connections: Connections | None = None,
) -> None:
    """Serve until `stop` is set; `on_ready` gets the port, `stopping` is called before the requests end."""
    stay_in_http1()
    server = _Server(app, Connections(room()) if connections is None else connections)
    listener.settimeout(0)
    serving = asyncio.create_task(server.accept(listener))
    if on_ready:
        on_ready(listener.getsockname()[1])
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
    for task in (serving, stopped):
        task.cancel()
    await asyncio.gather(serving, stopped, return_exceptions=True)
    listener.close()
    if stopping:
        stopping()
    await server.finish(SHUTDOWN_TIMEOUT_SECONDS)


class _Server:
    """Takes connections itself and lets hypercorn speak HTTP on them: hypercorn alone takes any number."""

    def __init__(self, app: ASGIFramework, connections: Connections) -> None:
        self._app, self._connections = app, connections
        self._config, self._context = Config(), WorkerContext(None)
        self._config.keep_alive_timeout = HEAD_TIMEOUT_SECONDS
        self._config.include_server_header = False
        self._config.errorlog = logging.getLogger("hypercorn.error")
        self._tasks: set[asyncio.Task[None]] = set()

    async def accept(self, listener: socket.socket) -> None:
        """Take connections until cancelled."""
        loop = asyncio.get_running_loop()
        address = repr_socket_addr(listener.family, listener.getsockname())
        await self._config.log.info("Running on http://%s (CTRL + C to quit)", address)
        while True:
            try:
                accepted, peer = await loop.sock_accept(listener)
            except OSError as error:
                if error.errno in NO_FILE_LEFT:
                    log.warning("web.no_file_left", connections=len(self._connections))
                    self._connections.close_oldest()
                    await clock.current().sleep(RETRY_SECONDS)
                continue
            connection = self._connections.admit(peer[0], partial(_abort, accepted))
            if connection is None:
                accepted.close()
                continue
            task = asyncio.create_task(self._converse(accepted, connection))
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    async def finish(self, seconds: float) -> None:
        """Close idle connections, and wait for running requests; those that take longer are cancelled."""
        await self._context.terminated.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        late = list(self._tasks)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _converse(self, accepted: socket.socket, connection: Connection) -> None:
        try:
            reader, writer = await asyncio.open_connection(sock=accepted)
            connection.close = writer.transport.abort
            app = ASGIWrapper(cast("ASGIFramework", partial(self._answer, connection)))
            loop = asyncio.get_running_loop()
            await TCPServer(app, loop, self._config, self._context, {}, reader, writer)
        finally:
            self._connections.leave(connection)

    async def _answer(self, connection: Connection, scope: Any, receive: Receive, send: Send) -> None:
        """Answer a request; it is in work from its last byte on."""
        arrived = False

        async def receive_and_note() -> Any:
            nonlocal arrived
            message = await receive()
            if not arrived and message["type"] == "http.request" and not message.get("more_body", False):
                arrived = True
                self._connections.begin(connection)
            return message

        async def send_in_time(message: Any) -> None:
            try:
                async with clock.current().timeout(SEND_TIMEOUT_SECONDS):
                    await send(message)
            except TimeoutError:
                connection.close()  # hypercorn would wait until the client has read the rest
                raise

        try:
            if connection.only_health and scope.get("path") not in PATHS:
                await send_in_time({"type": "http.response.start", "status": 503, "headers": BUSY_HEADERS})
                await send_in_time({"type": "http.response.body", "body": BUSY, "more_body": False})
            else:
                await self._app(scope, receive_and_note, send_in_time)
        finally:
            if arrived:
                self._connections.end(connection)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("web.connection_failed", **safe_errors.describe(error))
            log.debug("web.traceback", exc_info=error)


def _abort(accepted: socket.socket) -> None:
    """End a connection that was taken a moment ago; its task finds it closed."""
    with contextlib.suppress(OSError):
        accepted.shutdown(socket.SHUT_RDWR)
