"""How tests wait: for a state and never for a time; while nothing is in hand, the clock is moved."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar, runtime_checkable

from quart import Blueprint, request

from bot_platform.infra import clock
from bot_platform.sandbox.movable_clock import MovableClock

TICK_SECONDS = 0.005  # of real time between two looks
REST_TICKS = 6  # looks in a row that must find nothing in hand before the clock is moved
DELAY_TICKS = 15  # the same while a stand-in takes its time: less is known then of what is in hand
STEP_SECONDS = 1.0  # a move of the clock: shorter than every lease and every interval of its renewal
LONG_STEP_SECONDS = 4.0  # while no row is held: only the lease of polling runs then, which lasts 6 s
PATIENCE_SECONDS = 20.0  # a wait that moved the clock so far goes on by long steps
# A wait that moved the clock so far is hopeless; pytest's own limit is about 10,000 moves away.
HOPELESS_SECONDS = 2 * 60 * 60

UNFINISHED: list[str] = []  # what this test waited for, and what there was, when a wait did not end

T = TypeVar("T")


class Hopeless(AssertionError):
    """Nothing is in hand, and hours of the clock brought nothing."""


class Party(Protocol):
    """Something that a test runs, and whose work must end before the clock may move."""

    def in_transaction(self) -> bool:
        """Whether its database is at work."""

    def in_hand(self) -> bool:
        """Whether anything else is at work: a row, a request, a webhook."""


@runtime_checkable
class Describes(Protocol):
    """A party that says what there is, for a wait that does not end."""

    def describe(self) -> str:
        """Say what is at work, and what people see."""

    async def describe_rows(self) -> str:
        """Say what its database holds, once nothing is at work."""


class TestClock(MovableClock):
    """A clock that moves by a step whenever nothing has been in hand for some looks."""

    __test__ = False  # not a class of tests

    def __init__(self) -> None:
        super().__init__()
        self.parties: list[Party] = []
        self._quiet = 0

    def at_rest(self) -> bool:
        """Whether nothing goes on that would end without the clock being moved."""
        return not self.delays and not self._in_transaction() and not self._in_hand()

    async def eventually(self, look: Callable[[], T | None], *, advance: bool = True, what: str = "") -> T:
        """Look again and again until there is something to see; at rest the clock is moved forward.

        Raises Hopeless after HOPELESS_SECONDS of the clock. A wait that anything else ends, as pytest's limit
        does, is described in UNFINISHED.
        """
        moved = 0.0
        try:
            while not (found := look()):
                await asyncio.sleep(TICK_SECONDS)
                step = self._step(long=moved >= PATIENCE_SECONDS)
                if advance and self.parties and self.tick(step):
                    moved += step
                if moved >= HOPELESS_SECONDS:
                    raise Hopeless(f"{moved / 3600:g} hours of the clock brought nothing")  # noqa: TRY301
        except BaseException as error:
            told = self._describe(what or _place(look), moved)
            if isinstance(error, Hopeless):
                rows = [await party.describe_rows() for party in self.parties if isinstance(party, Describes)]
                told = "\n".join([told, *rows])
            error.add_note(told)
            UNFINISHED.append(told)
            raise
        return found

    def _describe(self, what: str, moved: float) -> str:
        waited = f"waited for {what}; meanwhile the clock was moved by {moved:g} s"
        at_work = (
            f"in a transaction: {self._in_transaction()}, in hand: {self._in_hand()}, delays: {self.delays}"
        )
        seen = [party.describe() for party in self.parties if isinstance(party, Describes)]
        return "\n".join([waited, at_work, *seen])

    async def rest(self) -> None:
        """Wait until nothing is in hand any more, without moving the clock."""
        quiet = 0
        while quiet < REST_TICKS:
            await asyncio.sleep(TICK_SECONDS)
            quiet = quiet + 1 if self.at_rest() else 0

    async def pass_time(self, seconds: float) -> None:
        """Move so far, step by step, and let all end that comes of it."""
        while seconds > 0:
            await asyncio.sleep(TICK_SECONDS)
            step = min(seconds, self._step(long=True))
            if self.tick(step):
                seconds -= step
        await self.rest()

    def tick(self, step: float = STEP_SECONDS) -> bool:
        """Count a look, and move by the step after enough quiet ones; return whether it moved."""
        busy = self._in_transaction() or (self._in_hand() and not self.delays)
        self._quiet = 0 if busy else self._quiet + 1
        if self._quiet < (DELAY_TICKS if self.delays else REST_TICKS):
            return False
        self._quiet = 0
        self.move(step)
        return True

    def _step(self, *, long: bool) -> float:
        return LONG_STEP_SECONDS if long and self.at_rest() else STEP_SECONDS

    def _in_transaction(self) -> bool:
        return any(party.in_transaction() for party in self.parties)

    def _in_hand(self) -> bool:
        return any(party.in_hand() for party in self.parties)


def _place(look: Callable[[], object]) -> str:
    code = getattr(look, "__code__", None)
    return f"{Path(code.co_filename).name}:{code.co_firstlineno}" if code else repr(look)


def moving_clock() -> TestClock:
    """Return this test's clock; the first caller makes it, and all that is started later goes by it."""
    known = clock.current()
    if not isinstance(known, TestClock):
        known = TestClock()
        clock.use(known)
    return known


class RequestsInHand:
    """Counts the requests that an application is serving, by a blueprint without pages."""

    def __init__(self) -> None:
        self._served: set[int] = set()

    def __len__(self) -> int:
        return len(self._served)

    def blueprint(self) -> Blueprint:
        """Make the blueprint that counts."""
        hooks = Blueprint("requests_in_hand", __name__)

        @hooks.before_app_request
        async def begin() -> None:
            self._served.add(id(request._get_current_object()))  # type: ignore[attr-defined]  # noqa: SLF001 -- a proxy has no other name for it

        @hooks.teardown_app_request
        async def end(_: BaseException | None) -> None:
            self._served.discard(id(request._get_current_object()))  # type: ignore[attr-defined]  # noqa: SLF001 -- as above

        return hooks
