"""An OpenAI-compatible endpoint on loopback that answers each request as a test says, and remembers them."""

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
        """The key that came with it."""
        return self.headers["Authorization"].removeprefix("Bearer ")


class Behaviour(Protocol):
    """What one request is answered."""

    async def to(self, request: web.Request, body: Json) -> web.StreamResponse:
        """Answer."""


class Ending(Enum):
    """How a stream ends."""

    DONE = auto()  # as it should
    CLOSED = auto()  # as if it were whole, but without `[DONE]`
    BROKEN = auto()  # the connection is closed amid it
    SILENT = auto()  # not at all: nothing more comes until the client leaves


def piece(text: object) -> Json:
    """Write a chunk with text."""
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}


def finish(reason: str = "stop") -> Json:
    """Write a chunk that ends the text."""
    return {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}


def usage(read: object, written: object) -> Json:
    """Write a chunk that counts tokens."""
    return {"choices": [], "usage": {"prompt_tokens": read, "completion_tokens": written}}


def error(message: str = "Made up.", **more: object) -> Json:
    """Write what endpoints say of an error: `type`, `code`, `param`."""
    return {"error": {"message": message, **more}}


class Events:
    """A stream of these events, `delay` seconds before each: JSON, or bytes as they are."""

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
        """List the events for a request."""
        del body
        return list(self._events)


class Answer(Events):
    """A whole answer as OpenAI streams it; its usage, (read, written), only for those who ask for it."""

    def __init__(
        self, *pieces: str, usage: tuple[int, int] | None = None, delay: float = 0, reason: str = "stop"
    ) -> None:
        super().__init__(*map(piece, pieces), finish(reason), delay=delay)
        self._usage = usage

    def events(self, body: Json) -> list[object]:
        """List the events, the count of tokens last."""
        wanted = (body.get("stream_options") or {}).get("include_usage")
        return super().events(body) + ([usage(*self._usage)] if self._usage and wanted else [])


class Cut(Events):
    """The first pieces of an answer, then the connection is closed."""

    def __init__(self, *pieces: str) -> None:
        super().__init__(*map(piece, pieces), ending=Ending.BROKEN)


class Silence:
    """The first pieces of an answer, or not even its beginning, and then nothing."""

    def __init__(self, *pieces: str) -> None:
        self._pieces = pieces

    async def to(self, request: web.Request, body: Json) -> web.StreamResponse:
        """Say nothing until the client leaves."""
        if not self._pieces:
            await take_time()
        return await Events(*map(piece, self._pieces), ending=Ending.SILENT).to(request, body)


@dataclass(frozen=True)
class Status:
    """A refusal. Clients are told to try again at once, so that a test need not wait for them."""

    status: int
    says: Json = field(default_factory=error)
    missing: int = 0  # bytes of the body that are promised and never come

    async def to(self, request: web.Request, body: Json) -> web.StreamResponse:
        """Refuse."""
        del body
        said = json.dumps(self.says).encode()
        response = web.StreamResponse(
            status=self.status, headers={"Content-Type": "application/json", "retry-after-ms": "1"}
        )
        response.content_length = len(said) + self.missing
        await response.prepare(request)
        await response.write(said)
        if self.missing and request.transport:
            request.transport.abort()
        return response


@dataclass(frozen=True)
class Refuses:
    """A refusal of every request with this parameter, in OpenAI's words; others are answered by `then`."""

    parameter: str
    then: Behaviour
    status: int = 400

    async def to(self, request: web.Request, body: Json) -> web.StreamResponse:
        """Refuse, or pass on."""
        if self.parameter not in body:
            return await self.then.to(request, body)
        said = error(
            f"Unsupported parameter: '{self.parameter}' is not supported with this model.",
            type="invalid_request_error",
            code="unsupported_parameter",
            param=self.parameter,
        )
        return await Status(self.status, said).to(request, body)


@dataclass(frozen=True)
class Rubbish:
    """A 200 with a body that is no stream."""

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
            # To close without lingering is to reset.
            connection = request.transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            request.transport.abort()
        return web.Response()


@dataclass
class ModelServer:
    """An endpoint that was started: its address, the requests it got, and what it will do."""

    url: str = ""
    requests: list[Received] = field(default_factory=list)
    _next: deque[Behaviour] = field(default_factory=deque)
    _else: Behaviour = field(default_factory=lambda: Answer("An answer."))

    def will(self, *behaviours: Behaviour) -> None:
        """Answer the next requests by these, one each."""
        self._next.extend(behaviours)

    def always(self, behaviour: Behaviour) -> None:
        """Answer by this when nothing else is planned."""
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
    # Silent answers wait for ever: they end with their clients, and with the server.
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        yield server
    finally:
        await runner.cleanup()
