"""Loops back off, survive every error of their step, and end without hanging."""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from bot_platform.infra import clock, worker
from bot_platform.infra.clock import Clock
from bot_platform.infra.worker import LeaseWorker
from tests.makers import eventually
from tests.waiting import moving_clock


@asynccontextmanager
async def running(work: Awaitable[None]) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.ensure_future(work)
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


class HastyClock(Clock):
    """A clock on which every wait is over at once; remembers how long each was to be."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        self.waits.append(seconds)
        await asyncio.sleep(0)
        return event.is_set()


@pytest.fixture
def hasty() -> HastyClock:
    return HastyClock()


@contextlib.contextmanager
def time_passes() -> Iterator[None]:
    """Let `eventually` move the test's clock, whatever is in hand."""
    clock = moving_clock()
    clock.parties.append(NothingInHand())
    try:
        yield
    finally:
        clock.parties.clear()


class NothingInHand:
    def in_transaction(self) -> bool:
        return False

    def in_hand(self) -> bool:
        return False


class Step:
    """Fails as often as told, then succeeds; counts its runs."""

    def __init__(self, failures: int = 0, fault: BaseException | None = None) -> None:
        self.runs = 0
        self._failures, self._fault = failures, fault or RuntimeError("trouble")

    async def __call__(self) -> None:
        self.runs += 1
        if self.runs <= self._failures:
            raise self._fault


async def test_a_loop_repeats_its_step() -> None:
    step = Step()
    async with running(worker.run_forever(step, name="a", every=0.01)):
        await eventually(lambda: step.runs > 3)


async def test_a_loop_survives_errors_backs_off_and_logs_them(hasty: HastyClock) -> None:
    step = Step(failures=2)
    clock.use(hasty)
    with capture_logs() as logs:
        async with running(worker.run_forever(step, name="a", every=0.01)) as task:
            await eventually(lambda: step.runs > 4)
            assert not task.done()
    first, second, usual, *_ = hasty.waits
    assert 0.35 <= first <= 0.5
    assert 0.7 <= second <= 1.0
    assert usual == 0.01
    assert [(line["event"], line["loop"], line["error"], line["says"], line["faults"]) for line in logs] == [
        ("loop.fault", "a", "RuntimeError", "trouble", 1),
        ("loop.fault", "a", "RuntimeError", "trouble", 2),
    ]


async def test_a_step_that_times_out_is_an_error_like_any_other() -> None:
    step = Step(failures=1, fault=TimeoutError())
    async with running(worker.run_forever(step, name="a")):
        await eventually(lambda: step.runs > 1)


async def test_a_long_error_is_logged_in_one_short_line() -> None:
    with capture_logs() as logs:
        async with running(worker.run_forever(Step(1, RuntimeError("x" * 10_000)), name="a", every=9)):
            await eventually(lambda: logs)
    assert len(logs[0]["says"]) == 300


async def test_a_loop_whose_step_never_waits_yields_to_other_tasks() -> None:
    async def busy() -> None:
        pass

    async with running(worker.run_forever(busy, name="a")):
        await asyncio.sleep(0.01)


async def test_a_loop_ends_when_it_is_cancelled() -> None:
    task = asyncio.create_task(worker.run_forever(Step(), name="a", every=60))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_start_is_repeated_until_it_succeeds(hasty: HastyClock) -> None:
    step = Step(failures=1)
    clock.use(hasty)
    await worker.run_until_done(step, name="a")
    assert step.runs == 2


async def test_a_start_that_is_cancelled_stops_trying(hasty: HastyClock) -> None:
    step = Step(failures=99)
    clock.use(hasty)
    async with running(worker.run_until_done(step, name="a")):
        await eventually(lambda: step.runs)
    seen = step.runs
    await asyncio.sleep(0.01)
    assert step.runs == seen


async def test_retry_returns_the_result_even_if_it_is_none() -> None:
    async def migrate() -> list[str]:
        return []

    assert await worker.retry(migrate, name="a", final=()) == []


async def test_retry_raises_after_its_attempts_without_a_last_pause(hasty: HastyClock) -> None:
    step = Step(failures=99)
    clock.use(hasty)

    async def migrate() -> list[str]:
        await step()
        return []

    with capture_logs() as logs, pytest.raises(RuntimeError):
        await worker.retry(migrate, name="migrate", final=(), attempts=2)
    assert step.runs == 2
    assert len(hasty.waits) == 1
    assert [(line["event"], line["step"]) for line in logs] == [("start.fault", "migrate")]


async def test_soon_raises_a_final_error_at_once(hasty: HastyClock) -> None:
    step = Step(failures=99)
    clock.use(hasty)
    with pytest.raises(RuntimeError):
        await worker.retry(step, name="migrate", final=(RuntimeError,))
    assert step.runs == 1


@dataclass
class Row:
    """A row of a queue."""

    id: int


@dataclass
class Queue:
    """Rows in memory, and a worker that handles them."""

    waiting: list[int] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    kept: list[list[int]] = field(default_factory=list)
    began: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    broken: bool = False
    work: Callable[[Row], Awaitable[None]] | None = None

    async def claim(self, limit: int) -> Sequence[Row]:
        self.asked.append(limit)
        if self.broken:
            raise OSError("the database is away")
        rows, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return [Row(id_) for id_ in rows]

    async def one(self, row: Row) -> None:
        self.began.append(row.id)
        try:
            if self.work:
                await self.work(row)
        except asyncio.CancelledError:
            self.cancelled.append(row.id)
            raise
        self.ended.append(row.id)

    async def keep(self, ids: Sequence[int]) -> None:
        self.kept.append(sorted(ids))

    def row_worker(self, at_once: int = 4) -> LeaseWorker[Row]:
        return LeaseWorker("rows", claim=self.claim, handle=self.one, renew=self.keep, concurrency=at_once)


async def test_a_worker_handles_rows_concurrently_up_to_its_limit() -> None:
    free = asyncio.Event()

    async def wait(_: Row) -> None:
        await free.wait()

    queue = Queue(waiting=list(range(10)), work=wait)
    row_worker = queue.row_worker(at_once=4)
    async with running(row_worker.run()):
        await eventually(lambda: len(queue.began) == 4)
        await asyncio.sleep(0.05)
        assert queue.began == [0, 1, 2, 3]
        free.set()
        await eventually(lambda: len(queue.ended) == 10)
    assert max(queue.asked) == 4


async def test_a_slow_row_delays_no_other() -> None:
    never = asyncio.Event()

    async def work(row: Row) -> None:
        if row.id == 0:
            await never.wait()

    queue = Queue(waiting=list(range(50)), work=work)
    row_worker = queue.row_worker(at_once=2)
    async with running(row_worker.run()):
        await eventually(lambda: len(queue.ended) == 49)
    await row_worker.finish(0)


async def test_notify_starts_work_at_once() -> None:
    queue = Queue()
    row_worker = queue.row_worker()
    async with running(row_worker.run()):
        await eventually(lambda: queue.asked)
        await asyncio.sleep(0.05)
        queue.waiting.append(1)
        row_worker.notify()
        await eventually(lambda: queue.ended, advance=False)
        assert len(queue.asked) == 3, "one look found nothing, one the row, one nothing again"


async def test_rows_of_other_processes_are_found_without_notify() -> None:
    queue = Queue()
    with time_passes():
        async with running(queue.row_worker().run()):
            await eventually(lambda: queue.asked)
            queue.waiting.append(1)
            await eventually(lambda: queue.ended)


async def test_a_failed_row_is_logged_and_the_worker_continues() -> None:
    async def work(row: Row) -> None:
        if row.id == 1:
            raise RuntimeError("trouble")

    queue = Queue(waiting=[1, 2], work=work)
    with capture_logs() as logs:
        async with running(queue.row_worker(at_once=1).run()):
            await eventually(lambda: queue.ended == [2])
    (line,) = [line for line in logs if line["log_level"] != "debug"]
    assert (line["event"], line["loop"], line["row"]) == ("loop.work_failed", "rows", 1)
    assert line["where"].partition(":")[0].endswith("test_worker.py")
    assert "trouble" not in str(line), "the words of an error may be a user's"


async def test_a_worker_survives_an_unreachable_database() -> None:
    queue = Queue(waiting=[1], broken=True)
    with capture_logs() as logs, time_passes():
        async with running(queue.row_worker().run()):
            await eventually(lambda: logs)
            queue.broken = False
            await eventually(lambda: queue.ended == [1])


async def test_leases_of_rows_in_hand_are_renewed() -> None:
    never = asyncio.Event()

    async def wait(_: Row) -> None:
        await never.wait()

    queue = Queue(waiting=[1, 2], work=wait)
    row_worker = queue.row_worker()
    with time_passes():
        async with running(row_worker.run()):
            await eventually(lambda: [1, 2] in queue.kept)
    await row_worker.finish(0)


async def test_a_stop_waits_for_rows_in_hand_and_cancels_late_ones() -> None:
    never, soon = asyncio.Event(), asyncio.Event()

    async def work(row: Row) -> None:
        await (never.wait() if row.id == 1 else soon.wait())

    queue, clock_ = Queue(waiting=[1, 2], work=work), moving_clock()
    row_worker = queue.row_worker()
    async with running(row_worker.run()):
        await eventually(lambda: len(queue.began) == 2)
    assert queue.ended == []  # a pump that is told to claim no more lets its work go on
    finishing = asyncio.create_task(row_worker.finish(60))
    soon.set()
    await eventually(lambda: queue.ended)
    assert queue.cancelled == []
    clock_.move(60)
    await finishing
    assert (queue.ended, queue.cancelled) == ([2], [1])


@pytest.mark.parametrize("broken", [False, True], ids=["claimed", "could not claim"])
async def test_rows_that_are_being_claimed_at_the_stop_are_still_handled(broken: bool) -> None:
    queue, asking, leased = Queue(waiting=[1], broken=broken), asyncio.Event(), asyncio.Event()

    async def claim(limit: int) -> Sequence[Row]:
        asking.set()
        await leased.wait()
        return await queue.claim(limit)

    row_worker = LeaseWorker("rows", claim=claim, handle=queue.one, renew=queue.keep, concurrency=4)
    task = asyncio.create_task(row_worker.run())
    await asking.wait()
    task.cancel()
    await asyncio.sleep(0.02)
    leased.set()
    await asyncio.wait({task})
    assert task.cancelled()
    await row_worker.finish(1)
    assert (queue.ended, queue.asked) == ([] if broken else [1], [4])


@pytest.mark.parametrize("moments", range(6))
async def test_a_worker_that_is_notified_at_the_stop_ends(moments: int) -> None:
    queue = Queue()
    row_worker = queue.row_worker()
    task = asyncio.create_task(row_worker.run())
    await eventually(lambda: queue.asked)
    await asyncio.sleep(0.02)
    row_worker.notify()
    for _ in range(moments):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})


async def test_an_idle_worker_stops_at_once() -> None:
    moving_clock()
    await Queue().row_worker().finish(math.inf)
