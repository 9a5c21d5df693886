"""The model of one user's credits and paid work: docs/money.md written once more in plain Python."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot_platform.domain.jobs import OPEN, Job, JobState
from bot_platform.domain.users import User

FOR_ONE, AT_ONCE = 2, 3  # jobs of one person, and of all, that run at the same time


@dataclass
class Work:
    """One ordered job; `hand` is the row of its worker, `late` are the rows of workers that lost it."""

    id: int
    key: str
    needs: int
    state: JobState = JobState.PARKED
    says: str = ""
    held: int = 0
    charged: int = 0
    step: int = 0
    rank: int = 0
    fence: int = 0
    attempts: int = 0
    stopping: bool = False
    lapsed: bool = False
    hand: Job | None = None
    late: list[Job] = field(default_factory=list)

    @property
    def stands(self) -> str:
        """The expected content of its row and its message."""
        numbers = (self.charged, self.step, self.rank, self.fence, self.attempts)
        return " ".join(map(str, (self.state, *numbers, "stopping" if self.stopping else "", self.says)))

    def let_go(self, state: JobState) -> None:
        """Leave the running state: its worker is too late from now on."""
        self.state, self.lapsed = state, False
        if self.hand:
            self.late.append(self.hand)
            self.hand = None


@dataclass
class Person:
    """A user with credits and work."""

    user: User
    balance: int
    held: int = 0
    frozen: bool = False
    freezes_told: int = 0
    works: list[Work] = field(default_factory=list)

    @property
    def id(self) -> int:
        """The id of the user row."""
        id_: int = self.user.id
        return id_

    @property
    def available(self) -> int:
        """The credits that may be spent."""
        return self.balance - self.held

    def work(self, *states: JobState) -> Sequence[Work]:
        """List the work in these states, in the order in which it starts."""
        found = [work for work in self.works if work.state in states]
        return sorted(found, key=lambda work: (work.rank, work.id))

    def wake(self) -> None:
        """Queue parked work in its order, as far as the credits suffice."""
        waiting = list(self.work(JobState.PARKED))
        while waiting and self.admit(waiting[0]):
            waiting.pop(0).says = "work-woken"
        for work in waiting:
            work.says = "work-waits-frozen" if self.frozen else "work-waits"

    def admit(self, work: Work) -> bool:
        """Queue work if its hold is possible."""
        if not self._hold(work):
            return False
        work.state = JobState.QUEUED
        return True

    def order(self, work: Work) -> None:
        """Apply an order."""
        self.works.append(work)
        if self.admit(work):
            work.says = "work-accepted"
        else:
            work.says = "work-waits-frozen" if self.frozen else "work-waits"

    def may_start(self) -> Sequence[Work]:
        """List the work that may be claimed, in its order."""
        return self.work(JobState.QUEUED)[: max(0, FOR_ONE - len(self.work(JobState.RUNNING)))]

    def checkpoint(self, work: Work, cost: int, needs: int) -> bool:
        """Charge a step and continue; False if the work ends or is parked."""
        self._charge(work, cost)
        work.needs, work.attempts = needs, 0
        goes_on = not work.stopping and self._hold(work)
        if work.stopping:
            self._end(work, JobState.CANCELLED, "work-cancelled")
        elif not goes_on:
            work.let_go(JobState.PARKED)
        self.wake()
        return goes_on

    def finish(self, work: Work, state: JobState, cost: int, says: str) -> None:
        """End running work."""
        self._charge(work, cost)
        self._end(work, state, says)
        self.wake()

    def cancel(self, work: Work) -> None:
        """Cancel waiting work, or ask running work to stop."""
        if work.state is JobState.RUNNING:
            work.stopping, work.says = True, "work-stopping"
            return
        self._charge(work, 0)
        self._end(work, JobState.CANCELLED, "work-cancelled")
        self.wake()

    def expire(self, work: Work) -> None:
        """End parked work that has expired."""
        self._end(work, JobState.EXPIRED, "work-expired")
        self.wake()

    def put_first(self, work: Work) -> None:
        """Move work to the front."""
        work.rank = min(0, *(other.rank for other in self.work(*OPEN))) - 1
        self.wake()

    def _hold(self, work: Work) -> bool:
        if self.frozen or self.available < work.needs:
            return False
        work.step += 1
        work.held = work.needs
        self.held += work.held
        return True

    def _charge(self, work: Work, cost: int) -> None:
        taken = min(cost, work.held)
        self.balance -= taken
        self.held -= work.held
        work.charged += taken
        work.held = 0

    def _end(self, work: Work, state: JobState, says: str) -> None:
        work.says = says
        work.let_go(state)
