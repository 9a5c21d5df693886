"""The events of an answer, also of an endpoint that ignores `stream` and sends one JSON object."""

from collections.abc import AsyncIterator
from typing import Any

import openai

JSON_STARTS = (b"{", b"[")


class Events(openai.AsyncStream[object]):
    """Yields each event as plain JSON.

    `done` says that `[DONE]` came, which the library swallows, or the whole answer at once.
    """

    done = False

    @property
    def is_stream(self) -> bool:
        """Whether the endpoint says that it sends events."""
        return "text/event-stream" in self._content_type

    @property
    def _content_type(self) -> str:
        return str(self.response.headers.get("Content-Type", "")).lower()

    async def _iter_events(self) -> AsyncIterator[Any]:
        if "json" in self._content_type:
            await self.response.aread()  # whatever reads it afterwards gets the same bytes
            if self.response.content.lstrip().startswith(JSON_STARTS):
                self.done = True
                async for event in self._decoder.aiter_bytes(_as_event(self.response.content)):
                    yield event
                return
        async for event in super()._iter_events():
            self.done |= event.data.startswith("[DONE]")
            yield event


async def _as_event(body: bytes) -> AsyncIterator[bytes]:
    yield b"data: " + body.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n\n"
