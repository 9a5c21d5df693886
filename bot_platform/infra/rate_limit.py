"""Per-key rate limiter (GCRA): a burst, then a steady rate; `delay_for` returns the seconds to wait."""

from collections.abc import Callable, Hashable

from bot_platform.infra.clock import monotonic

MAX_KEYS = 10_000  # remembered at once; beyond it, keys that have their whole burst again are forgotten


class RateLimiter:
    """Counts the calls of each key in this process; `clock` returns seconds that never run backwards."""

    def __init__(self, *, each_second: float, burst: int, clock: Callable[[], float] = monotonic) -> None:
        self._each_second, self._burst, self._clock = each_second, burst, clock
        self._free_at: dict[Hashable, float] = {}  # when the key has its whole burst again

    def delay_for(self, key: Hashable) -> float:
        """Return the seconds until this key may go on; 0 lets it pass, and counts."""
        now = self._clock()
        free_at = max(self._free_at.get(key, now), now) + 1 / self._each_second
        delay = free_at - now - self._burst / self._each_second
        if delay > 1e-9:  # noqa: PLR2004 -- sums of floats miss a whole number by less
            return delay
        if len(self._free_at) >= MAX_KEYS:
            self._free_at = {name: at for name, at in self._free_at.items() if at > now}
        self._free_at[key] = free_at
        return 0.0
