"""Claimed jobs are worked on by their kinds: kept alive, stopped when asked, and ended."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from bot_platform.domain import job_leases, jobs
from bot_platform.domain.jobs import Job, JobState
from bot_platform.flows import run_job
from bot_platform.flows.context import WorkContext
from bot_platform.flows.run_job import LeaseLost
from bot_platform.infra import correlation, safe_errors
from bot_platform.infra.clock import current
from bot_platform.work.engine.context import DatabaseUnavailable, Parked, RunningJob
from bot_platform.work.engine.kind import CannotDo, Files, JobKind, Order
from bot_platform.work.engine.model import Message, Model, ModelFault, Rates

log = structlog.get_logger()

TRIES = 5  # of a job whose worker dies with it, since it last finished something
LONGEST = 1800.0  # seconds that one turn of work may take


@dataclass(frozen=True, slots=True)
class End:
    """What came of a job: its state, what it costs, and what its person is told."""

    state: JobState
    text: str
    cost: int = 0
    answer: str = ""
    files: Files | None = None
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def result(self) -> dict[str, object] | None:
        """What is kept of it."""
        if self.files:
            return {"name": self.files.name, "files": dict(self.files.files)}
        return {"text": self.answer} if self.answer else None


class Runner:
    """Works on jobs in this process."""

    def __init__(
        self, context: WorkContext, kinds: Mapping[str, JobKind], model: Model | None, rates: Rates
    ) -> None:
        self._context, self._kinds, self._model, self._rates = context, kinds, model, rates
        self._running: dict[int, tuple[Job, asyncio.Task[End | None]]] = {}
        self._stopped: set[int] = set()

    async def claim(self, limit: int) -> Sequence[Job]:
        """Lease jobs whose turn it is."""
        return await run_job.claim(self._context, limit, self._kinds)

    async def renew(self, ids: Sequence[int]) -> None:  # noqa: ARG002 -- what runs is known with its fence
        """Renew the leases of what runs here."""
        await run_job.renew(self._context, self._fences)

    async def check(self) -> None:
        """Stop what its person wants stopped, and let go of what another worker has."""
        stop, lost = await job_leases.gone(self._fences)
        self._stopped |= stop
        for job_id in stop | lost:
            if job_id in self._running:
                self._running[job_id][1].cancel()

    async def work(self, job: Job) -> None:
        """Work on a claimed job and end it."""
        with correlation.scope(job.request_key, job=job.id, kind=job.kind, user=job.user_id):
            log.info("work.started", attempts=job.attempts, step=job.step)
            try:
                end = await self._outcome(job)
                if end:
                    await self._finish(job, end)
            except LeaseLost:
                log.warning("work.lease_lost", fence=job.fence)

    async def _outcome(self, job: Job) -> End | None:
        """Run the job's kind; None when there is nothing to end: it was parked, or somebody else has it."""
        kind = self._kinds.get(job.kind)
        if job.stopping:
            return End(JobState.CANCELLED, "work-cancelled")
        if kind is None or job.attempts > TRIES:
            log.error("work.given_up", attempts=job.attempts)
            return End(JobState.FAILED, "work-failed")
        order = await self._order(job)
        task = RunningJob(self._context, job, order, self._model, self._rates, fixed=kind.fixed)
        running = asyncio.create_task(self._run(kind, task, job))
        self._running[job.id] = (job, running)
        try:
            await asyncio.wait({running})
        except asyncio.CancelledError:  # this process stops: the job goes on elsewhere, at once
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await run_job.give_back(self._context, job)
            raise
        finally:
            del self._running[job.id]
        if not running.cancelled():
            return running.result()
        if job.id not in self._stopped:
            return None
        self._stopped.discard(job.id)
        return End(JobState.CANCELLED, "work-cancelled", task.used if task.shown else 0, task.shown)

    async def _run(self, kind: JobKind, task: RunningJob, job: Job) -> End | None:
        try:
            async with current().timeout(LONGEST):
                result = await kind.work(task)
        except (Parked, LeaseLost):
            return None
        except DatabaseUnavailable:
            raise
        except CannotDo as no:
            return End(JobState.FAILED, no.text, 0, "", no.files, no.values)
        except ModelFault as fault:
            log.warning("work.model_failed", says=str(fault))
            return _cut_off(task, fault.text)
        except Exception as fault:
            log.error("work.broke", **safe_errors.describe(fault))
            log.debug("work.traceback", exc_info=fault)
            return _cut_off(task, "work-failed")
        if task.cost > job.needs:
            log.warning("work.beyond_its_hold", used=task.cost, held=job.needs)
        if isinstance(result, Files):
            return End(JobState.DONE, "work-done", task.cost, result.caption, result)
        if not result.strip():
            return End(JobState.FAILED, "work-empty")
        return End(JobState.DONE, "work-done", task.cost, result)

    async def _order(self, job: Job) -> Order:
        asked = job.request or {"text": "", "before": []}
        before = [turn for id_ in asked["before"] if (old := await jobs.find(id_)) for turn in turns(old)]
        return Order(asked["text"], tuple(before))

    async def _finish(self, job: Job, end: End) -> None:
        await run_job.finish(
            self._context,
            job,
            end.state,
            end.result,
            cost=end.cost,
            text=end.text,
            answer=end.answer,
            **end.values,
        )
        log.info("work.ended", state=end.state.value, charged=job.charged)

    @property
    def _fences(self) -> dict[int, int]:
        return {job.id: job.fence for job, _ in self._running.values()}


def turns(job: Job) -> tuple[Message, ...]:
    """Give an answered job as the two turns of a conversation; none when its texts are forgotten."""
    if not job.request or not job.result or not job.result.get("text"):
        return ()
    return Message("user", job.request["text"]), Message("assistant", job.result["text"])


def _cut_off(task: RunningJob, why: str) -> End:
    """End work that failed: nothing is charged unless its person has read a part of the answer."""
    if not task.shown:
        return End(JobState.FAILED, why)
    return End(JobState.FAILED, "work-cut", task.used, task.shown)
