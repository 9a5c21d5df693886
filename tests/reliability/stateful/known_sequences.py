"""Short sequences of the stateful test's steps; each fails if one certain line of the flows is missing."""

from collections.abc import Callable

from bot_platform.domain.checkout import Stage
from bot_platform.domain.jobs import JobState
from tests.reliability.stateful.fake_provider import Mood
from tests.reliability.stateful.operator_steps import Shop

# The first of two people has 70 credits to spend, work for 20 in hand and twice 5 in line; the other nothing.
Step = Callable[[Shop], None]


def _orders(who: int, percent: int) -> Step:
    return lambda m: m.orders(who, percent, 1, begun=False)


def _gives(who: int, percent: int) -> Step:
    return lambda m: m.an_operator_gives_or_takes(who, percent, again=True)


COURSES: dict[str, tuple[Step, ...]] = {
    "a grant": (_orders(1, 100), _gives(1, 100)),
    "a purchase": (_orders(1, 100), lambda m: m.buys_of_the_mock(1, again=True)),
    "an end below the hold": (_orders(0, 101), lambda m: m.ends(0, JobState.DONE, 50)),
    "an end for nothing": (_orders(0, 101), lambda m: m.ends(0, JobState.FAILED, 0)),
    "an end beyond the hold": (lambda m: m.ends(0, JobState.DONE, 130),),
    "a checkpoint below the hold": (_orders(0, 101), lambda m: m.reaches_a_checkpoint(0, 0, 1)),
    "a checkpoint that waits": (lambda m: m.reaches_a_checkpoint(0, 50, 101), _gives(0, 100)),
    "a cancel": (_orders(0, 101), lambda m: m.cancels(1)),
    "a stop": (lambda m: m.cancels(0), lambda m: m.reaches_a_checkpoint(0, 50, 1)),
    "a first that goes": (_orders(0, 250), _orders(0, 101), _gives(0, 5), lambda m: m.waits_too_long(0)),
    "another first": (_orders(0, 250), _orders(0, 101), _gives(0, 5), lambda m: m.puts_first(4)),
    "a first in line": (
        lambda m: m.puts_first(2),
        lambda m: m.ends(0, JobState.DONE, 100),
        lambda m: m.takes_in_hand(1),
    ),
    "a dispute that is won": (
        lambda m: m.a_dispute(0, 500, Stage.DISPUTED, soon=True),
        _orders(0, 100),
        lambda m: m.it_goes_on(0, 1, soon=True),
    ),
    "a question that ends": (
        lambda m: m.a_warning(0, soon=True),
        _orders(0, 10),
        lambda m: m.it_goes_on(0, 0, soon=True),
    ),
    "a freeze that is lifted": (
        lambda m: m.a_warning(0, soon=True),
        _orders(0, 10),
        lambda m: m.an_operator_lifts_a_freeze(0),
    ),
    "a refund that is refused": (
        lambda m: m.a_refund_of_ours(0, 200, force=False),
        _orders(0, 150),
        lambda m: m.it_is_carried_out(0, Mood.REFUSES),
    ),
    "a share of workers": (lambda m: m.takes_in_hand(8), lambda m: m.takes_in_hand(8)),
    **{
        f"too late to {what}": (
            lambda m: m.is_lost(0, and_taken=True),
            lambda m, what=what: m.somebody_comes_too_late(0, what),  # type: ignore[misc]  # bound now
        )
        for what in ("finish", "checkpoint", "reach", "show", "give back")
    },
}
