"""Repeats what must go on for as long as the process lives: backs off, logs, survives."""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Protocol, TypeVar

import structlog

log = structlog.get_logger()

T = TypeVar("T")

MAX_PAUSE_SECONDS = 15.0  # seconds between tries while something is down
POLL_SECONDS = 1.0  # seconds between looks for what other processes wrote
RENEW_SECONDS = 3.0  # seconds; well within a lease


async def run_forever(step: Callable[[], Awaitable[None]], *, name: str, every: float = 0.0) -> None:
    """Run the step for ever, `every` seconds apart; after a fault, later and later."""
    faults = 0
    while True:
        try:
            await step()
            faults = 0
        except Exception as fault:  # noqa: BLE001 -- a loop outlives whatever its step meets
            faults += 1
            says = str(fault)[:300]
            log.warning("loop.fault", loop=name, error=type(fault).__name__, says=says, faults=faults)
        await asyncio.sleep(_pause(faults) if faults else every)


async def run_until_done(step: Callable[[], Awaitable[object]], *, name: str) -> None:
    """Run the step until it once succeeds, later and later."""
    done = asyncio.Event()

    async def once() -> None:
        await step()
        done.set()

    async with asyncio.TaskGroup() as group:
        trying = group.create_task(run_forever(once, name=name, every=MAX_PAUSE_SECONDS))
        await done.wait()
        trying.cancel()


async def retry(step: Callable[[], Awaitable[T]], *, name: str, tries: int = 6) -> T | None:
    """Run the step a few times, later and later; None when it never succeeded."""
    for faults in range(1, tries + 1):
        try:
            return await step()
        except Exception as fault:  # noqa: BLE001 -- as above
            log.warning("start.fault", step=name, error=type(fault).__name__, says=str(fault)[:300])
        if faults < tries:
            await asyncio.sleep(_pause(faults))
    return None


def _pause(faults: int) -> float:
    spread = random.uniform(0.7, 1.0)  # noqa: S311 -- keeps replicas apart, guards nothing
    return min(MAX_PAUSE_SECONDS, 0.25 * float(2 ** min(faults, 10))) * spread


class Row(Protocol):
    """Whatever a pump works on."""

    id: int


R = TypeVar("R", bound=Row)


class LeaseWorker(Generic[R]):
    """Claims rows and works on each in a task of its own, at most `at_once`.

    `broke` hears of a row whose work raised. `pace` is after how many seconds the end of one work
    lets the next one of its lane be claimed.
    """

    def __init__(
        self,
        name: str,
        *,
        claim: Callable[[int], Awaitable[Sequence[R]]],
        work: Callable[[R], Awaitable[None]],
        keep: Callable[[Sequence[int]], Awaitable[None]],
        at_once: int,
        broke: Callable[[R, Exception], Awaitable[None]] | None = None,
        pace: float = 0.0,
    ) -> None:
        self.name = name
        self._broke, self._pace = broke, pace
        self._claim, self._work, self._keep, self._at_once = claim, work, keep, at_once
        self._tasks: dict[asyncio.Task[None], int] = {}
        self._poked = asyncio.Event()
        self._idle = asyncio.Event()
        self.took: Callable[[str, float], None] = lambda _name, _seconds: None  # hears of each work

    def poke(self) -> None:
        """Look again now: something was written."""
        self._poked.set()

    async def run(self) -> None:
        """Claim and work for ever; cancel it to claim no more. What was being claimed is still worked on."""
        async with asyncio.TaskGroup() as group:
            group.create_task(run_forever(self._step, name=self.name))
            group.create_task(run_forever(self._renew, name=f"{self.name}.leases", every=RENEW_SECONDS))

    async def drained(self, within: float) -> None:
        """Wait until nothing is in hand and nothing more to claim, for `within` seconds at most."""
        self._idle.clear()
        self.poke()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._idle.wait()

    async def finish(self, within: float) -> None:
        """Wait for the work in hand; what takes longer is cancelled and taken up after the next start."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=within)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _step(self) -> None:
        self._poked.clear()
        taking = asyncio.create_task(self._take(self._at_once - len(self._tasks)))
        try:
            taken = await asyncio.shield(taking)
        except asyncio.CancelledError:
            # The database may have leased rows already, and nobody else takes them until that runs out.
            await asyncio.gather(taking, return_exceptions=True)
            raise
        if not taken:
            if not self._tasks:
                self._idle.set()
            # Not `wait_for`: before Python 3.12 it forgets a cancel that comes together with the poke.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._poked.wait()

    async def _take(self, free: int) -> int:
        rows = await self._claim(free) if free > 0 else []
        for row in rows:
            task = asyncio.create_task(self._one(row))
            self._tasks[task] = row.id
            task.add_done_callback(self._done)
        return len(rows)

    async def _one(self, row: R) -> None:
        begun = time.monotonic()
        try:
            await self._work(row)
        except Exception as fault:
            log.exception("loop.work_failed", loop=self.name, row=row.id, error=type(fault).__name__)
            # Without a `broke` that says otherwise, the row is claimed again when its lease has run out.
            await self._note(row, fault)
        finally:
            self.took(self.name, time.monotonic() - begun)

    async def _note(self, row: R, fault: Exception) -> None:
        if self._broke is None:
            return
        try:
            await self._broke(row, fault)
        except Exception as another:
            log.exception("loop.fault_not_noted", loop=self.name, row=row.id, error=type(another).__name__)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)
        self.poke()
        if self._pace:
            asyncio.get_running_loop().call_later(self._pace, self.poke)

    async def _renew(self) -> None:
        await self._keep(list(self._tasks.values()))
