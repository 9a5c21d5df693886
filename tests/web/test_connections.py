"""Clients that connect and send nothing, half a request, or take no answer keep nobody else out."""

import asyncio
import os
import resource
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from quart import Blueprint, Quart, request
from quart.typing import ResponseReturnValue

from bot_platform.web.connections import HEALTH_PLACES, Connection, Connections
from bot_platform.web.health import health
from bot_platform.web.server import BODY_TIMEOUT_SECONDS, finishing, server
from bot_platform.web.serving import (
    MAX_CONNECTIONS,
    MAX_FILES,
    MIN_CONNECTIONS,
    OWN_FILES,
    SEND_TIMEOUT_SECONDS,
    listen,
    raise_file_limit,
    room,
    serve_until,
)
from tests.waiting import moving_clock

PROXY, PUBLIC = "127.0.0.1", "93.184.216.34"
HALF = b"POST /echo HTTP/1.1\r\nHost: bot\r\nContent-Length: 9\r\n\r\nhalf"
WHOLE = b"POST /echo HTTP/1.1\r\nHost: bot\r\nContent-Length: 5\r\nConnection: close\r\n\r\nwhole"
LARGE_BYTES = 30_000_000  # more than any buffer of the kernel


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n\r\n".encode()


@dataclass
class Served:
    """An application on a port, with pages that take their time."""

    app: Quart
    connections: Connections
    port: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def send(self, sent: bytes) -> asyncio.StreamReader:
        """Send bytes over a connection of their own, which stays open."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers.append(writer)
        writer.write(sent)
        await writer.drain()
        return reader

    async def status(self, sent: bytes) -> int:
        """Send a request and read the status of its answer, 0 without one."""
        reader = await self.send(sent)
        try:
            line = await reader.readline()
        except ConnectionError:
            return 0
        return int(line.split(b" ")[1]) if line else 0

    async def until_connected(self, number: int) -> None:
        """Wait until so many connections are counted."""
        while len(self.connections) != number:  # noqa: ASYNC110 -- seen from outside alone
            await asyncio.sleep(0.005)

    async def until(self, in_work: int) -> None:
        """Wait until so many requests are in work."""
        while self.connections.requests != in_work:  # noqa: ASYNC110 -- as above
            await asyncio.sleep(0.005)


@asynccontextmanager
async def served(most: int, body_seconds: float = 60) -> AsyncIterator[Served]:
    """Serve pages with room for `most` connections."""
    pages = Blueprint("pages", __name__)

    @pages.post("/echo")
    async def echo() -> ResponseReturnValue:
        return await request.get_data()

    @pages.get("/slow")
    async def slow() -> ResponseReturnValue:
        await it.released.wait()
        return {}

    @pages.get("/large")
    async def large() -> ResponseReturnValue:
        return b"x" * LARGE_BYTES

    it = Served(server([pages, health({}, _well)]), Connections(most))
    it.app.config["BODY_TIMEOUT"] = body_seconds
    stop, ports = asyncio.Event(), list[int]()
    serving = asyncio.create_task(
        serve_until(
            stop,
            finishing(it.app),
            listen("127.0.0.1", 0),
            on_ready=ports.append,
            stopping=None,
            connections=it.connections,
        )
    )
    while not ports:  # noqa: ASYNC110 -- as above
        await asyncio.sleep(0)
    (it.port,) = ports
    try:
        yield it
    finally:
        for writer in it.writers:
            writer.transport.abort()
        it.released.set()
        stop.set()
        await serving


async def _well() -> None:
    return None


async def test_half_sent_requests_keep_nobody_out() -> None:
    async with served(most=20) as it:
        halves = [await it.send(HALF) for _ in range(80)]
        assert await it.status(get("/healthz")) == 200
        assert await it.status(WHOLE) == 200
        assert await it.status(get("/payment")) == 404
        assert len(it.connections) <= 20
        assert await halves[0].read() == b"", "the oldest had to go"


async def test_connections_that_send_nothing_keep_nobody_out() -> None:
    async with served(most=20) as it:
        for _ in range(80):
            await it.send(b"")
        for _ in range(5):
            assert await it.status(WHOLE) == 200
            assert await it.status(get("/readyz")) == 200


async def test_health_is_answered_while_every_connection_has_a_request_in_work() -> None:
    async with served(most=3) as it:
        waiting = [asyncio.create_task(it.status(get("/slow"))) for _ in range(3)]
        await it.until(in_work=3)
        for _ in range(3 * HEALTH_PLACES):
            await it.send(b"")
        assert await it.status(get("/healthz")) == 200
        assert await it.status(get("/livez")) == 200
        assert await it.status(WHOLE) == 503
        it.released.set()
        assert await asyncio.gather(*waiting) == [200, 200, 200]
        await it.until(in_work=0)
        assert await it.status(WHOLE) == 200


async def test_a_body_that_does_not_come_is_refused_and_its_connection_ends() -> None:
    async with served(most=20, body_seconds=0.05) as it:
        reader = await it.send(HALF)
        assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
        trickle = await it.send(HALF)
        it.writers[-1].write(b"f")
        assert (await trickle.read()).startswith(b"HTTP/1.1 408 ")
    assert BODY_TIMEOUT_SECONDS == 10
    assert server([]).config["BODY_TIMEOUT"] == BODY_TIMEOUT_SECONDS


async def test_a_client_that_takes_no_answer_is_let_go() -> None:
    clock = moving_clock()
    async with served(most=20) as it:
        reader = await it.send(get("/large"))
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        await it.until(in_work=1)
        while len(it.connections):
            clock.move(SEND_TIMEOUT_SECONDS / 5)
            await asyncio.sleep(0.01)


async def test_without_a_file_left_connections_wait_and_are_taken_later() -> None:
    # A server that takes such an error for its end, or tries again without a pause, stays silent for ever.
    loop, before = asyncio.get_running_loop(), resource.getrlimit(resource.RLIMIT_NOFILE)
    async with served(most=20) as it:
        await it.send(HALF)
        await it.until_connected(1)
        with socket.create_connection(("127.0.0.1", it.port)) as client:  # the kernel has it, we have not
            client.sendall(get("/healthz"))
            client.settimeout(0)
            taken = _take_every_file(before[1])
            try:
                while len(it.connections):  # noqa: ASYNC110 -- as above
                    await asyncio.sleep(0)
            finally:
                for descriptor in taken:
                    os.close(descriptor)
                resource.setrlimit(resource.RLIMIT_NOFILE, before)
            assert (await loop.sock_recv(client, 65536)).startswith(b"HTTP/1.1 200 ")


def _take_every_file(hard: int) -> list[int]:
    taken = [os.dup(0)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken[0] + 50, hard))
    while True:
        try:
            taken.append(os.dup(0))
        except OSError:
            return taken


async def test_very_many_connections_one_after_the_other_leave_nothing_behind() -> None:
    async with served(most=20) as it:
        for _ in range(300):
            assert await it.status(get("/healthz")) == 200
        await it.until_connected(0)


def test_a_public_address_has_its_own_limit_and_the_proxy_has_none() -> None:
    closed: list[str] = []
    places = Connections(most=100, each=3)

    def come(peer: str, name: str) -> Connection | None:
        return places.admit(peer, lambda: closed.append(name))

    first, *others = [come(PUBLIC, name) for name in "123"]
    assert first
    places.begin(first)
    others += [come(PUBLIC, name) for name in "45"]
    assert closed == ["2", "3"], "the one that is in work stays"
    for connection in others[-2:]:
        assert connection
        places.begin(connection)
    assert come(PUBLIC, "6") is None
    assert all(come(PROXY, "proxy") for _ in range(50))
    for last in range(4):
        assert come(f"2606:4700:0:1::{last}", f"v6-{last}")
    assert closed == ["2", "3", "v6-0"], "an IPv6 customer has a whole network"
    places.end(first)
    assert come(PUBLIC, "7")
    assert closed[-1] == "1"


def test_a_connection_that_ends_gives_its_place_back() -> None:
    places = Connections(most=2, each=2)
    for _ in range(10):
        one = places.admit(PUBLIC, lambda: None)
        assert one
        places.begin(one)
        places.end(one)
        places.leave(one)
        places.leave(one)
    assert len(places) == 0
    assert not places._waiting  # noqa: SLF001 -- a leak is seen nowhere else
    assert not places._of  # noqa: SLF001 -- as above


def test_the_connections_leave_files_for_the_rest_of_the_process() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        assert MIN_CONNECTIONS < room() + HEALTH_PLACES + OWN_FILES <= 256
        raise_file_limit()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert hard == before[1]
        assert soft in {MAX_FILES, hard} or hard == resource.RLIM_INFINITY
        assert MIN_CONNECTIONS < room() <= MAX_CONNECTIONS
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize("files", [10, 100, 120])
def test_few_files_still_leave_some_connections(files: int) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, before[1]))
        assert room() == MIN_CONNECTIONS
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
