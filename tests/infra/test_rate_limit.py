"""A burst passes, then so many a second; nobody's haste is another's wait."""

from bot_platform.infra import rate_limit
from bot_platform.infra.rate_limit import RateLimiter


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_passes_and_then_the_pace_holds() -> None:
    clock = Clock()
    paced = RateLimiter(each_second=5, burst=20, clock=clock)
    assert [paced.delay_for("a") for _ in range(20)] == [0.0] * 20
    assert 0 < paced.delay_for("a") < 0.21
    clock.now += 0.2
    assert paced.delay_for("a") == 0.0
    assert paced.delay_for("a") > 0


def test_who_keeps_to_the_pace_never_waits() -> None:
    clock = Clock()
    paced = RateLimiter(each_second=5, burst=1, clock=clock)
    for _ in range(1_000):
        assert paced.delay_for("a") == 0.0
        clock.now += 0.2


def test_who_waited_as_told_passes() -> None:
    clock = Clock()
    paced = RateLimiter(each_second=3, burst=2, clock=clock)
    for _ in range(100):
        while wait := paced.delay_for("a"):
            clock.now += wait
    assert clock.now == 1_000 + 98 / 3 or abs(clock.now - 1_000 - 98 / 3) < 0.01


def test_one_s_haste_is_not_another_s_wait() -> None:
    paced = RateLimiter(each_second=1, burst=1, clock=Clock())
    assert paced.delay_for("a") == 0.0
    assert paced.delay_for("a") > 0
    assert paced.delay_for("b") == 0.0


def test_callers_who_left_are_forgotten_and_those_who_hurry_are_not() -> None:
    clock = Clock()
    paced = RateLimiter(each_second=1, burst=2, clock=clock)
    for n in range(rate_limit.MAX_KEYS - 1):
        paced.delay_for(n)
    clock.now += 60
    assert (paced.delay_for("a"), paced.delay_for("a")) == (0.0, 0.0)
    paced.delay_for("b")
    assert paced.delay_for("a") > 0
    assert len(vars(paced)["_free_at"]) < 10
