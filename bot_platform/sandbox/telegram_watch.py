"""One watcher's view of a chat: every change since it began to look, until the end."""

import asyncio
from collections.abc import Callable
from typing import Any, Self

Change = dict[str, Any]

# A watcher this far behind is cut off; it comes back and reads the whole state.
_BACKLOG = 1000


class Watch:
    """The changes of one chat, from now on: iterate over it, or ask for the next one."""

    def __init__(self, leave: "Callable[[Watch], None]") -> None:
        self._leave = leave
        self._queue: asyncio.Queue[Change | None] = asyncio.Queue()
        self._ended = False

    def tell(self, change: Change | None) -> None:
        """Add a change; `None`, or too many that nobody fetched, ends the watch."""
        if self._queue.qsize() >= _BACKLOG:
            change = None
        if not self._ended:
            self._ended = change is None
            self._queue.put_nowait(change)

    async def next(self, timeout: float | None = None) -> Change | None:  # noqa: ASYNC109
        """Wait for the next change; `None` when none came in time, StopAsyncIteration at the end."""
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
        assert change is not None  # noqa: S101 (without a timeout there is always one)
        return change

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._leave(self)
