"""Per-key rate limiter (GCRA): a burst, then a steady rate; `delay_for` returns the seconds to wait."""

from collections.abc import Hashable

from bot_platform.infra.clock import current

MAX_KEYS = 10_000  # with more, the keys that have their whole burst again are dropped


class RateLimiter:
    """Counts the calls of each key in this process."""

    def __init__(self, *, each_second: float, burst: int) -> None:
        self._each_second, self._burst = each_second, burst
        self._free_at: dict[Hashable, float] = {}  # when the key has its whole burst again

    def delay_for(self, key: Hashable) -> float:
        """Return the seconds until this key may pass; 0 lets it pass now and counts it."""
        now = current().monotonic()
        free_at = max(self._free_at.get(key, now), now) + 1 / self._each_second
        delay = free_at - now - self._burst / self._each_second
        if delay > 1e-9:  # noqa: PLR2004 -- sums of floats miss a whole number by less
            return delay
        if len(self._free_at) >= MAX_KEYS:
            self._free_at = {name: at for name, at in self._free_at.items() if at > now}
        self._free_at[key] = free_at
        return 0.0
