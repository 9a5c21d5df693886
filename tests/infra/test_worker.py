"""The loops: they back off, survive whatever their step meets, and let nothing hang at the end."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from bot_platform.infra import worker
from bot_platform.infra.worker import LeaseWorker
from tests.makers import eventually


@asynccontextmanager
async def running(work: Awaitable[None]) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.ensure_future(work)
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


class Step:
    """Fails as often as told, then succeeds; remembers when it ran."""

    def __init__(self, failures: int = 0, fault: BaseException | None = None) -> None:
        self.times: list[float] = []
        self._failures, self._fault = failures, fault or RuntimeError("trouble")

    async def __call__(self) -> None:
        self.times.append(time.monotonic())
        if len(self.times) <= self._failures:
            raise self._fault

    @property
    def pauses(self) -> list[float]:
        return [later - earlier for earlier, later in zip(self.times, self.times[1:], strict=False)]


async def test_a_loop_repeats_its_step() -> None:
    step = Step()
    async with running(worker.run_forever(step, name="a", every=0.01)):
        await eventually(lambda: len(step.times) > 3)


async def test_a_loop_outlives_faults_backs_off_and_says_so() -> None:
    step = Step(failures=2)
    with capture_logs() as logs:
        async with running(worker.run_forever(step, name="a", every=0.01)) as task:
            await eventually(lambda: len(step.times) > 4)
            assert not task.done()
    assert 0.3 <= step.pauses[0] <= 0.7
    assert 0.65 <= step.pauses[1] <= 1.2
    assert step.pauses[2] < 0.2  # back to the usual rhythm
    assert [(line["event"], line["loop"], line["error"], line["says"], line["faults"]) for line in logs] == [
        ("loop.fault", "a", "RuntimeError", "trouble", 1),
        ("loop.fault", "a", "RuntimeError", "trouble", 2),
    ]


async def test_a_step_that_runs_out_of_time_is_a_fault_like_any_other() -> None:
    step = Step(failures=1, fault=TimeoutError())
    async with running(worker.run_forever(step, name="a")):
        await eventually(lambda: len(step.times) > 1)


async def test_a_long_fault_fills_one_short_line() -> None:
    with capture_logs() as logs:
        async with running(worker.run_forever(Step(1, RuntimeError("x" * 10_000)), name="a", every=9)):
            await eventually(lambda: logs)
    assert len(logs[0]["says"]) == 300


async def test_a_loop_whose_step_never_waits_lets_others_work() -> None:
    async def busy() -> None:
        pass

    async with running(worker.run_forever(busy, name="a")):
        started = time.monotonic()
        await asyncio.sleep(0.01)
        assert time.monotonic() - started < 4


async def test_a_loop_ends_when_it_is_cancelled() -> None:
    task = asyncio.create_task(worker.run_forever(Step(), name="a", every=60))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_start_is_tried_until_it_succeeds_once_and_then_no_more() -> None:
    step = Step(failures=1)
    await asyncio.wait_for(worker.run_until_done(step, name="a"), 5)
    assert len(step.times) == 2
    await asyncio.sleep(0.05)
    assert len(step.times) == 2


async def test_a_start_that_is_cancelled_stops_trying() -> None:
    step = Step(failures=99)
    async with running(worker.run_until_done(step, name="a")):
        await eventually(lambda: step.times)
    seen = len(step.times)
    await asyncio.sleep(0.6)
    assert len(step.times) == seen


async def test_soon_gives_what_the_step_gave_even_when_that_is_nothing() -> None:
    async def migrate() -> list[str]:
        return []

    assert await worker.retry(migrate, name="a") == []


async def test_soon_gives_up_after_its_tries_and_does_not_wait_for_nothing() -> None:
    step = Step(failures=99)

    async def migrate() -> list[str]:
        await step()
        return []

    started = time.monotonic()
    with capture_logs() as logs:
        assert await worker.retry(migrate, name="migrate", attempts=2) is None
    assert len(step.times) == 2
    assert time.monotonic() - started < step.pauses[0] + 0.2
    assert [(line["event"], line["step"]) for line in logs] == [("start.fault", "migrate")] * 2


@dataclass
class Row:
    """A row of some queue."""

    id: int


@dataclass
class Queue:
    """Rows in memory, and how a pump works on them."""

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


async def test_a_pump_works_rows_at_the_same_time_but_no_more_than_it_may() -> None:
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


async def test_a_slow_row_holds_up_no_other() -> None:
    never = asyncio.Event()

    async def work(row: Row) -> None:
        if row.id == 0:
            await never.wait()

    queue = Queue(waiting=list(range(50)), work=work)
    row_worker = queue.row_worker(at_once=2)
    async with running(row_worker.run()):
        await eventually(lambda: len(queue.ended) == 49)
    await row_worker.finish(0)


async def test_a_poke_starts_work_at_once() -> None:
    queue = Queue()
    row_worker = queue.row_worker()
    async with running(row_worker.run()):
        await eventually(lambda: queue.asked)
        await asyncio.sleep(0.05)
        queue.waiting.append(1)
        row_worker.notify()
        await eventually(lambda: queue.ended)


async def test_what_another_process_wrote_is_found_without_a_poke() -> None:
    queue = Queue()
    async with running(queue.row_worker().run()):
        await eventually(lambda: queue.asked)
        queue.waiting.append(1)
        await eventually(lambda: queue.ended)


async def test_a_row_that_breaks_is_logged_and_the_pump_goes_on() -> None:
    async def work(row: Row) -> None:
        if row.id == 1:
            raise RuntimeError("trouble")

    queue = Queue(waiting=[1, 2], work=work)
    with capture_logs() as logs:
        async with running(queue.row_worker(at_once=1).run()):
            await eventually(lambda: queue.ended == [2])
    (line,) = logs
    assert (line["event"], line["loop"], line["row"]) == ("loop.work_failed", "rows", 1)


async def test_a_pump_outlives_a_database_that_is_away() -> None:
    queue = Queue(waiting=[1], broken=True)
    with capture_logs() as logs:
        async with running(queue.row_worker().run()):
            await eventually(lambda: logs)
            queue.broken = False
            await eventually(lambda: queue.ended == [1])


async def test_the_leases_of_work_in_hand_are_renewed() -> None:
    never = asyncio.Event()

    async def wait(_: Row) -> None:
        await never.wait()

    queue = Queue(waiting=[1, 2], work=wait)
    row_worker = queue.row_worker()
    async with running(row_worker.run()):
        await eventually(lambda: [1, 2] in queue.kept)
    await row_worker.finish(0)


async def test_the_end_waits_for_work_in_hand_and_cancels_what_is_late() -> None:
    never = asyncio.Event()

    async def work(row: Row) -> None:
        await (never.wait() if row.id == 1 else asyncio.sleep(0.05))

    queue = Queue(waiting=[1, 2], work=work)
    row_worker = queue.row_worker()
    async with running(row_worker.run()):
        await eventually(lambda: len(queue.began) == 2)
    assert queue.ended == []  # a pump that is told to claim no more lets its work go on
    started = time.monotonic()
    await row_worker.finish(0.3)
    assert time.monotonic() - started < 4
    assert (queue.ended, queue.cancelled) == ([2], [1])


@pytest.mark.parametrize("broken", [False, True], ids=["claimed", "could not claim"])
async def test_what_is_being_claimed_when_a_pump_is_ended_is_still_worked_on(broken: bool) -> None:
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
    await asyncio.wait({task}, timeout=3)
    assert task.cancelled()
    await row_worker.finish(1)
    assert (queue.ended, queue.asked) == ([] if broken else [1], [4])


@pytest.mark.parametrize("moments", range(6))
async def test_a_pump_ends_also_when_it_is_poked_in_the_same_moment(moments: int) -> None:
    queue = Queue()
    row_worker = queue.row_worker()
    task = asyncio.create_task(row_worker.run())
    await eventually(lambda: queue.asked)
    await asyncio.sleep(0.02)
    row_worker.notify()
    for _ in range(moments):
        await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=3)
    assert done


async def test_the_end_of_an_idle_pump_takes_no_time() -> None:
    await asyncio.wait_for(Queue().row_worker().finish(60), 1)
