"""A burst passes, then a steady rate; one key never delays another."""

from collections.abc import Iterator

import pytest

from bot_platform.infra import rate_limit
from bot_platform.infra.clock import Clock, use
from bot_platform.infra.rate_limit import RateLimiter


class StandingClock(Clock):
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def monotonic(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Iterator[StandingClock]:
    standing = StandingClock()
    use(standing)
    yield standing
    use(Clock())


def test_a_burst_passes_and_then_the_rate_holds(clock: StandingClock) -> None:
    paced = RateLimiter(each_second=5, burst=20)
    assert [paced.delay_for("a") for _ in range(20)] == [0.0] * 20
    assert 0 < paced.delay_for("a") < 0.21
    clock.at += 0.2
    assert paced.delay_for("a") == 0.0
    assert paced.delay_for("a") > 0


def test_a_caller_within_the_rate_never_waits(clock: StandingClock) -> None:
    paced = RateLimiter(each_second=5, burst=1)
    for _ in range(1_000):
        assert paced.delay_for("a") == 0.0
        clock.at += 0.2


def test_a_caller_who_waited_the_returned_time_passes(clock: StandingClock) -> None:
    paced = RateLimiter(each_second=3, burst=2)
    for _ in range(100):
        while wait := paced.delay_for("a"):
            clock.at += wait
    assert clock.at == 1_000 + 98 / 3 or abs(clock.at - 1_000 - 98 / 3) < 0.01


@pytest.mark.usefixtures("clock")
def test_one_key_does_not_delay_another() -> None:
    paced = RateLimiter(each_second=1, burst=1)
    assert paced.delay_for("a") == 0.0
    assert paced.delay_for("a") > 0
    assert paced.delay_for("b") == 0.0


def test_idle_keys_are_dropped_and_busy_ones_are_not(clock: StandingClock) -> None:
    paced = RateLimiter(each_second=1, burst=2)
    for n in range(rate_limit.MAX_KEYS - 1):
        paced.delay_for(n)
    clock.at += 60
    assert (paced.delay_for("a"), paced.delay_for("a")) == (0.0, 0.0)
    paced.delay_for("b")
    assert paced.delay_for("a") > 0
    assert len(vars(paced)["_free_at"]) < 10
