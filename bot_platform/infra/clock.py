"""The clock of one process: code that waits, expires or measures asks it, so that a test can move time."""

import asyncio
import contextlib
import time
from contextvars import ContextVar
from datetime import UTC, datetime


class Clock:
    """The system's time; a subclass may shift it."""

    @property
    def offset_ms(self) -> int:
        """How many milliseconds to add to the database's own clock."""
        return 0

    def time(self) -> float:
        """Return the time in unix seconds."""
        return time.time()

    def now(self) -> datetime:
        """Return the time as an aware datetime in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def monotonic(self) -> float:
        """Return seconds for measuring spans; they never run backwards."""
        return time.monotonic()

    def timeout(self, seconds: float) -> asyncio.Timeout:
        """Make a context manager that raises TimeoutError after this many seconds."""
        return asyncio.timeout(seconds)

    async def sleep(self, seconds: float) -> None:
        """Wait this many seconds."""
        await self.wait(asyncio.Event(), seconds)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait for the event, but at most this many seconds; return whether it is set."""
        # Not `wait_for`: before Python 3.12 it loses a cancel that arrives together with the event.
        with contextlib.suppress(TimeoutError):
            async with self.timeout(seconds):
                await event.wait()
        return event.is_set()


_current: ContextVar[Clock] = ContextVar("clock")
_system = Clock()


def use(clock: Clock) -> None:
    """Use this clock in the current context, and in every task that is started from it."""
    _current.set(clock)


def current() -> Clock:
    """Return the clock of the current context; the system's when none was set."""
    return _current.get(_system)


def unix_time() -> float:
    """Return the unix seconds of the running code's clock."""
    return current().time()


def monotonic() -> float:
    """Return the monotonic seconds of the running code's clock."""
    return current().monotonic()


def now() -> datetime:
    """Return the current clock's time as an aware datetime in UTC."""
    return current().now()
