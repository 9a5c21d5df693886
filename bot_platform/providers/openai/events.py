"""The events of an answer, also of an endpoint that ignores `stream` and sends one JSON object."""

from collections.abc import AsyncIterator
from typing import Any

import openai

JSON_BEGINS = (b"{", b"[")
EVENT_BEGINS = (b":", b"data", b"event", b"id", b"retry")
DONE = "[DONE]"


class Events(openai.AsyncStream[object]):
    """Yields each event as plain JSON; what they are is seen in the body, whatever its header says.

    `done` says that `[DONE]` came, which the library swallows, or the whole answer at once. `is_stream` says
    that the body is one of events; while nothing has come, that it is announced as one.
    """

    done = False
    _begin = b""

    @property
    def is_stream(self) -> bool:
        """Whether this is a stream of events, and not a web page or something else."""
        if self._begin:
            return self._begin.startswith(EVENT_BEGINS)
        return "text/event-stream" in self.response.headers.get("Content-Type", "").lower()

    async def _iter_events(self) -> AsyncIterator[Any]:
        body = self.response.aiter_bytes()
        async for piece in body:
            self._begin = (self._begin + piece).lstrip()
            if self._begin:
                break
        whole = _joined(self._begin, body)
        if self._begin.startswith(JSON_BEGINS):
            self.done = True
            whole = _as_event(b"".join([piece async for piece in whole]))
        async for event in self._decoder.aiter_bytes(whole):
            self.done |= event.data.startswith(DONE)
            yield event


async def _joined(begin: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield begin
    async for piece in rest:
        yield piece


async def _as_event(whole: bytes) -> AsyncIterator[bytes]:
    """Write JSON as one event; some endpoints write the end of a stream behind it."""
    line = whole.replace(b"\r", b" ").replace(b"\n", b" ").rstrip()
    yield b"data: " + line.removesuffix(b"data: [DONE]") + b"\n\n"
