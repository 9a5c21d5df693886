"""How often one may: a burst at once, then so many a second; whoever is faster is told how long to wait."""

import time
from collections.abc import Callable, Hashable

MAX_KEYS = 10_000  # callers remembered; beyond it those are forgotten who may have their whole burst again


class RateLimiter:
    """Counts callers in this process, each by itself."""

    def __init__(
        self, *, each_second: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._each_second, self._burst, self._clock = each_second, burst, clock
        self._free_at: dict[Hashable, float] = {}  # when the caller has their whole burst again

    def wait(self, who: Hashable) -> float:
        """Tell for how many seconds this caller has to wait; 0 lets them through, and counts."""
        now = self._clock()
        free_at = max(self._free_at.get(who, now), now) + 1 / self._each_second
        wait = free_at - now - self._burst / self._each_second
        if wait > 1e-9:  # noqa: PLR2004 -- sums of floats miss a whole number by less
            return wait
        if len(self._free_at) >= MAX_KEYS:
            self._free_at = {name: at for name, at in self._free_at.items() if at > now}
        self._free_at[who] = free_at
        return 0.0
