"""A clock that tests and the demo move forward: what waits for that moment wakes at once."""

import asyncio
import math
from weakref import WeakSet

from bot_platform.infra.clock import Clock, current


class MovableClock(Clock):
    """The system's clock plus an offset; the database's clock of this process moves with it."""

    def __init__(self) -> None:
        self._offset = self._set = 0.0
        self.delays = 0  # how many stand-ins take their time: only a move of the clock ends that
        self._timeouts: WeakSet[asyncio.Timeout] = WeakSet()

    @property
    def offset_ms(self) -> int:
        """How far the clock was moved and set, in milliseconds."""
        return int((self._offset + self._set) * 1000)

    def time(self) -> float:
        """Return the moved time in unix seconds."""
        return super().time() + self._offset + self._set

    def monotonic(self) -> float:
        """Return the moved monotonic time in seconds."""
        return super().monotonic() + self._offset

    def set_by(self, seconds: float) -> None:
        """Set the clock forward, or back by a negative number, as a time server does: no time passes."""
        self._set += seconds

    def timeout(self, seconds: float) -> asyncio.Timeout:
        """Make a timeout that ends earlier when the clock is moved."""
        timeout = super().timeout(seconds)
        self._timeouts.add(timeout)
        return timeout

    def move(self, seconds: float) -> None:
        """Move the clock forward; raises ValueError for a step backward."""
        if seconds < 0:
            raise ValueError("the clock moves forward only")
        self._offset += seconds
        for timeout in list(self._timeouts):
            if (when := timeout.when()) is not None and not timeout.expired():
                try:
                    timeout.reschedule(when - seconds)
                except RuntimeError:  # it was left, or not entered yet
                    self._timeouts.discard(timeout)


async def delay(seconds: float = math.inf) -> None:
    """Let a stand-in for an outside service take its time, for ever by default."""
    clock = current()
    if seconds <= 0:
        await asyncio.sleep(0)
        return
    if isinstance(clock, MovableClock):
        clock.delays += 1
    try:
        await (clock.sleep(seconds) if seconds < math.inf else asyncio.Event().wait())
    finally:
        if isinstance(clock, MovableClock):
            clock.delays -= 1
