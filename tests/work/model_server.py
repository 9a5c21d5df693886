"""An OpenAI-compatible endpoint on loopback that records requests and answers as a test says."""

import asyncio
import json
import socket
import struct
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Protocol

from aiohttp import web

from bot_platform.sandbox.movable_clock import delay as take_time
from tests.waiting import moving_clock

Json = dict[str, Any]


@dataclass(frozen=True)
class Received:
    """A request: its JSON, its headers, and whether the client left before the answer had ended."""

    body: Json
    headers: Mapping[str, str]
    left: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def key(self) -> str:
        """Its API key."""
        return self.headers["Authorization"].removeprefix("Bearer ")


class Behaviour(Protocol):
    """How the endpoint answers one request."""

    async def to(self, request: web.Request, body: Json) -> web.StreamResponse:
        """Answer."""


class Ending(Enum):
    """How a stream ends."""

    DONE = auto()  # with `[DONE]`
    CLOSED = auto()  # complete, but without `[DONE]`
    BROKEN = auto()  # the connection is closed in the middle
    SILENT = auto()  # never: nothing more is sent until the client leaves


def piece(text: object) -> Json:
    """Make a chunk with text."""
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}


def finish(reason: str = "stop") -> Json:
    """Make a chunk that ends the text."""
    return {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}


def usage(read: object, written: object) -> Json:
    """Make a chunk with the usage."""
    return {"choices": [], "usage": {"prompt_tokens": read, "completion_tokens": written}}


def error(message: str = "Made up.", **more: object) -> Json:
    """Make the body of an error; `more` may have `type`, `code`, `param`."""
    return {"error": {"message": message, **more}}


class Events:
    """A stream of these events (JSON, or raw bytes), with `delay` seconds before each."""

    def __init__(self, *events: object, delay: float = 0, ending: Ending = Ending.DONE) -> None:
        self._events, self._delay, self._ending = events, delay, ending

    async def to(self, request: web.Request, body: Json) -> web.StreamResponse:
        """Stream them."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for event in self.events(body):
            await take_time(self._delay)
            data = event if isinstance(event, bytes) else json.dumps(event).encode()
            await response.write(b"data: " + data + b"\n\n")
        if self._ending is Ending.DONE:
            await response.write(b"data: [DONE]\n\n")
        if self._ending is Ending.SILENT:
            await take_time()
        if self._ending is Ending.BROKEN and request.transport:
            request.transport.abort()
        return response

    def events(self, body: Json) -> list[object]:
        """Return the events for a request."""
        del body
        return list(self._events)


class Answer(Events):
    """A complete answer as OpenAI streams it; `usage` (read, written) is sent only if requested."""

    def __init__(
        self, *pieces: str, usage: tuple[int, int] | None = None, delay: float = 0, reason: str = "stop"
    ) -> None:
        super().__init__(*map(piece, pieces), finish(reason), delay=delay)
        self._usage = usage

    def events(self, body: Json) -> list[object]:
        """Return the events, the usage last."""
        wanted = (body.get("stream_options") or {}).get("include_usage")
        return super().events(body) + ([usage(*self._usage)] if self._usage and wanted else [])


class Cut(Events):
    """The first pieces of an answer; then the connection is closed."""

    def __init__(self, *pieces: str) -> None:
        super().__init__(*map(piece, pieces), ending=Ending.BROKEN)


class Silence:
    """The first pieces of an answer, or not even its headers, and then nothing."""

    def __init__(self, *pieces: str) -> None:
        self._pieces = pieces

    async def to(self, request: web.Request, body: Json) -> web.StreamResponse:
        """Send nothing more until the client leaves."""
        if not self._pieces:
            await take_time()
        return await Events(*map(piece, self._pieces), ending=Ending.SILENT).to(request, body)


@dataclass(frozen=True)
class Status:
    """An error status. Clients may try again at once, so that no test waits."""

    status: int
    body: Json = field(default_factory=error)
    missing: int = 0  # bytes of the body that are announced and never sent

    async def to(self, request: web.Request, body: Json) -> web.StreamResponse:
        """Refuse."""
        del body
        content = json.dumps(self.body).encode()
        response = web.StreamResponse(
            status=self.status, headers={"Content-Type": "application/json", "retry-after-ms": "1"}
        )
        response.content_length = len(content) + self.missing
        await response.prepare(request)
        await response.write(content)
        if self.missing and request.transport:
            request.transport.abort()
        return response


@dataclass(frozen=True)
class Refuses:
    """OpenAI's error for every request with this parameter; `then` answers the others."""

    parameter: str
    then: Behaviour
    status: int = 400

    async def to(self, request: web.Request, body: Json) -> web.StreamResponse:
        """Refuse, or let `then` answer."""
        if self.parameter not in body:
            return await self.then.to(request, body)
        body_of_error = error(
            f"Unsupported parameter: '{self.parameter}' is not supported with this model.",
            type="invalid_request_error",
            code="unsupported_parameter",
            param=self.parameter,
        )
        return await Status(self.status, body_of_error).to(request, body)


@dataclass(frozen=True)
class Rubbish:
    """A status 200 with a body that is no stream."""

    body: bytes = b"<html><h1>It works!</h1></html>"
    content_type: str = "text/html"

    async def to(self, request: web.Request, body: Json) -> web.StreamResponse:
        """Send it."""
        del request, body
        return web.Response(body=self.body, content_type=self.content_type)


class Reset:
    """No answer: the connection is reset."""

    async def to(self, request: web.Request, body: Json) -> web.StreamResponse:
        """Reset it."""
        del body
        if request.transport:
            # Closing with a linger time of 0 resets the connection.
            connection = request.transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            request.transport.abort()
        return web.Response()


@dataclass
class ModelServer:
    """A running endpoint: its address, the requests that it got, and its next answers."""

    url: str = ""
    requests: list[Received] = field(default_factory=list)
    _next: deque[Behaviour] = field(default_factory=deque)
    _else: Behaviour = field(default_factory=lambda: Answer("An answer."))

    def will(self, *behaviours: Behaviour) -> None:
        """Answer the next requests with these, one each."""
        self._next.extend(behaviours)

    def always(self, behaviour: Behaviour) -> None:
        """Answer all other requests with this."""
        self._else = behaviour

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        received = Received(await request.json(), request.headers.copy())
        self.requests.append(received)
        behaviour = self._next.popleft() if self._next else self._else
        try:
            return await behaviour.to(request, received.body)
        except (asyncio.CancelledError, ConnectionError):
            received.left.set()
            raise


@asynccontextmanager
async def model_server() -> AsyncIterator[ModelServer]:
    """Run an endpoint; its delays go by the test's clock."""
    moving_clock()
    server, app = ModelServer(), web.Application()
    app.router.add_post("/v1/chat/completions", server.complete)
    # Silent answers never end by themselves: they end with their client or with the server.
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        yield server
    finally:
        await runner.cleanup()
