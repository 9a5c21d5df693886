"""A watch: the stream of a chat's changes for one reader."""

import asyncio
from collections.abc import Callable
from typing import Any, Self

Change = dict[str, Any]

# A reader with more unread changes is cut off. It reconnects and reads the whole state.
_MAX_BACKLOG = 1000


class Watch:
    """The changes of one chat from now on; iterate over it or call `next`."""

    def __init__(self, on_exit: "Callable[[Watch], None]") -> None:
        self._on_exit = on_exit
        self._queue: asyncio.Queue[Change | None] = asyncio.Queue()
        self._ended = False

    def notify(self, change: Change | None) -> None:
        """Add a change. None, or too many unread changes, ends the watch."""
        if self._queue.qsize() >= _MAX_BACKLOG:
            change = None
        if not self._ended:
            self._ended = change is None
            self._queue.put_nowait(change)

    async def next(self, timeout: float | None = None) -> Change | None:  # noqa: ASYNC109
        """Return the next change; None after `timeout` seconds. StopAsyncIteration at the end."""
        try:
            async with asyncio.timeout(timeout):
                change = await self._queue.get()
        except TimeoutError:
            return None
        if change is None:
            self._queue.put_nowait(None)
            raise StopAsyncIteration
        return change

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Change:
        change = await self.next()
        assert change is not None  # noqa: S101 (None only comes from a timeout)
        return change

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._on_exit(self)
