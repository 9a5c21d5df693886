"""Workers and loops that run as long as the process: they log an error, wait, and continue."""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Protocol, TypeVar

import structlog

from bot_platform.infra import clock, safe_errors
from bot_platform.infra.backoff import backoff
from bot_platform.infra.loop_health import LoopHealth

log = structlog.get_logger()

T = TypeVar("T")

FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 15.0  # between two attempts while something is down
POLL_SECONDS = 1.0  # between two claims, for rows that other processes wrote
RENEW_SECONDS = 3.0  # shorter than every lease


async def run_forever(
    step: Callable[[], Awaitable[None]], *, name: str, every: float = 0.0, health: LoopHealth | None = None
) -> None:
    """Run the step again and again, `every` seconds apart; after an error the pauses grow."""
    failures, health = 0, health or LoopHealth(name)
    health.succeed()
    while True:
        try:
            await step()
            failures = 0
            health.succeed()
        except Exception as error:  # noqa: BLE001 -- a loop survives every error of its step
            failures += 1
            health.fail(error)
            log.warning("loop.fault", loop=name, faults=failures, **_reason(error))
        await clock.current().sleep(_pause(failures) if failures else every)


async def run_until_done(step: Callable[[], Awaitable[object]], *, name: str) -> None:
    """Run the step until it succeeds once; the pauses grow."""
    failures = 0
    while True:
        try:
            await step()
        except Exception as error:  # noqa: BLE001 -- as above
            failures += 1
            log.warning("loop.fault", loop=name, faults=failures, **_reason(error))
        else:
            return
        await clock.current().sleep(_pause(failures))


async def retry(
    step: Callable[[], Awaitable[T]], *, name: str, final: tuple[type[Exception], ...], attempts: int = 6
) -> T:
    """Run the step until it succeeds, at most `attempts` times; then its last error is raised.

    An error of a `final` class is raised at once.
    """
    for failures in range(1, attempts):
        try:
            return await step()
        except final:
            raise
        except Exception as error:  # noqa: BLE001 -- as above
            log.warning("start.fault", step=name, **_reason(error))
        await clock.current().sleep(_pause(failures))
    return await step()


def _reason(error: Exception) -> dict[str, str]:
    return {"error": type(error).__name__, "says": safe_errors.words(error)}


def _pause(failures: int) -> float:
    jitter = random.uniform(0.7, 1.0)  # noqa: S311 -- spreads replicas; no secret
    return backoff(failures, first=FIRST_PAUSE_SECONDS, most=MAX_PAUSE_SECONDS) * jitter


class Row(Protocol):
    """A row that a worker can claim."""

    id: int


R = TypeVar("R", bound=Row)


class LeaseWorker(Generic[R]):
    """Claims rows under a lease and handles each in a task of its own, at most `concurrency` at once.

    `claim(n)` leases at most n rows; `renew(ids)` extends the leases of the rows in work. `on_error` gets
    a row whose `handle` raised; without it the row is claimed again when its lease ends. `cooldown` is
    the time in seconds after which the end of one row allows the next of its lane to be claimed.
    """

    def __init__(
        self,
        name: str,
        *,
        claim: Callable[[int], Awaitable[Sequence[R]]],
        handle: Callable[[R], Awaitable[None]],
        renew: Callable[[Sequence[int]], Awaitable[None]],
        concurrency: int,
        on_error: Callable[[R, Exception], Awaitable[None]] | None = None,
        cooldown: float = 0.0,
    ) -> None:
        self.name = name
        self.health = (LoopHealth(name), LoopHealth(f"{name}.leases"))
        self.on_duration: Callable[[str, float], None] = lambda _name, _seconds: None
        self._claim, self._handle, self._renew, self._concurrency = claim, handle, renew, concurrency
        self._on_error, self._cooldown = on_error, cooldown
        self._tasks: dict[asyncio.Task[None], int] = {}
        self._notified = asyncio.Event()
        self._idle = asyncio.Event()
        self._cooling: deque[float] = deque()  # when each lane that was handled may be claimed again

    def notify(self) -> None:
        """Look for rows now: a transaction may have written one."""
        self._idle.clear()
        self._notified.set()

    async def run(self) -> None:
        """Claim and handle rows until cancelled; rows that are being claimed then are still handled."""
        async with asyncio.TaskGroup() as group:
            claims, leases = self.health
            group.create_task(run_forever(self._step, name=claims.name, health=claims))
            renewing = run_forever(self._renew_leases, name=leases.name, every=RENEW_SECONDS, health=leases)
            group.create_task(renewing)

    @property
    def is_idle(self) -> bool:
        """Whether no row is in work and the last claim found none."""
        return self._idle.is_set()

    async def wait_idle(self, seconds: float) -> bool:
        """Wait until no row is in work and a new claim finds none; return False after this many seconds."""
        self.notify()
        return await clock.current().wait(self._idle, seconds)

    async def finish(self, seconds: float) -> None:
        """Wait for the rows in work; those that take longer are cancelled and claimed again later."""
        if self._tasks:
            with contextlib.suppress(TimeoutError):
                async with clock.current().timeout(seconds):
                    await asyncio.wait(self._tasks)
            late = list(self._tasks)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _step(self) -> None:
        self._notified.clear()
        claiming = asyncio.create_task(self._start_claimed(self._concurrency - len(self._tasks)))
        try:
            started = await asyncio.shield(claiming)
        except asyncio.CancelledError:
            # The database may have leased rows already, and no other worker takes them before the lease ends.
            await asyncio.gather(claiming, return_exceptions=True)
            raise
        if started:
            return
        if not self._tasks and not self._notified.is_set():
            self._idle.set()
        await clock.current().wait(self._notified, self._until_next_look())

    def _until_next_look(self) -> float:
        """Return the seconds until a lane has cooled down, or until it is time to poll."""
        now = clock.current().monotonic()
        while self._cooling and self._cooling[0] <= now:
            self._cooling.popleft()
        return min(POLL_SECONDS, self._cooling[0] - now) if self._cooling else POLL_SECONDS

    async def _start_claimed(self, free: int) -> int:
        rows = await self._claim(free) if free > 0 else []
        for row in rows:
            self._idle.clear()
            task = asyncio.create_task(self._handle_one(row))
            self._tasks[task] = row.id
            task.add_done_callback(self._done)
        return len(rows)

    async def _handle_one(self, row: R) -> None:
        begun = clock.current().monotonic()
        try:
            await self._handle(row)
        except Exception as error:
            log.error("loop.work_failed", loop=self.name, row=row.id, **safe_errors.describe(error))
            log.debug("loop.traceback", exc_info=error)
            await self._report(row, error)
        finally:
            self.on_duration(self.name, clock.current().monotonic() - begun)

    async def _report(self, row: R, error: Exception) -> None:
        if self._on_error is None:
            return
        try:
            await self._on_error(row, error)
        except Exception as another:
            log.error("loop.fault_not_noted", loop=self.name, row=row.id, **safe_errors.describe(another))
            log.debug("loop.traceback", exc_info=another)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)
        if self._cooldown:
            self._cooling.append(clock.current().monotonic() + self._cooldown)
        self.notify()

    async def _renew_leases(self) -> None:
        await self._renew(list(self._tasks.values()))
