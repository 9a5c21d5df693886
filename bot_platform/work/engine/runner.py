"""Runs claimed jobs: calls their kinds, renews their leases, stops them when asked, and ends them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

import structlog

from bot_platform.domain import job_leases, jobs
from bot_platform.domain.jobs import Job, JobState
from bot_platform.flows import run_job
from bot_platform.flows.context import WorkContext
from bot_platform.flows.run_job import LeaseLost
from bot_platform.infra import clock, correlation, safe_errors
from bot_platform.work.engine import ends
from bot_platform.work.engine.context import DatabaseUnavailable, Parked, RunningJob
from bot_platform.work.engine.ends import FAILED_TEXT, End
from bot_platform.work.engine.kind import CannotDo, JobKind, Order
from bot_platform.work.engine.model import LENGTH, Message, Model, ModelFault, Rates

log = structlog.get_logger()

MAX_ATTEMPTS = 5  # claims of a job since its last checkpoint; each earlier worker died or lost its lease
TIMEOUT_SECONDS = 1800.0  # of one run of a job


class Runner:
    """Runs jobs in this process."""

    def __init__(
        self, work: WorkContext, kinds: Mapping[str, JobKind], model: Model | None, rates: Rates
    ) -> None:
        self._work, self._kinds, self._model, self._rates = work, kinds, model, rates
        self._running: dict[int, tuple[Job, asyncio.Task[End | None]]] = {}
        self._stopped: set[int] = set()  # jobs whose users asked to stop them

    async def claim(self, limit: int) -> Sequence[Job]:
        """Lease queued jobs, at most `limit`."""
        return await run_job.claim(self._work, limit, self._kinds)

    async def work(self, job: Job) -> None:
        """Run a claimed job and end it."""
        with correlation.scope(job.request_key, job=job.id, kind=job.kind, user=job.user_id):
            log.info("work.started", attempts=job.attempts, step=job.step)
            try:
                end = await self._run(job)
                if end:
                    await self._finish(job, end)
            except LeaseLost:
                log.warning("work.lease_lost", fence=job.fence)

    async def renew(self, ids: Sequence[int]) -> None:  # noqa: ARG002 -- the fences of all running jobs are here
        """Renew the leases of the running jobs."""
        await run_job.renew(self._work, self._fences)

    async def check(self) -> None:
        """Cancel running jobs whose users asked to stop them, or that another worker has claimed."""
        stop, lost = await job_leases.gone(self._fences)
        self._stopped |= stop
        for job_id in stop | lost:
            if job_id in self._running:
                self._running[job_id][1].cancel()

    async def _run(self, job: Job) -> End | None:
        """Run the job's kind; return None when the job was parked or its lease is lost."""
        kind = self._kinds.get(job.kind)
        if job.stopping:
            return End(JobState.CANCELLED, "work-cancelled")
        if kind is None or job.attempts > MAX_ATTEMPTS:
            log.error("work.given_up", attempts=job.attempts)
            return End(JobState.FAILED, FAILED_TEXT)
        order = await _order(job)
        context = RunningJob(self._work, job, order, self._model, self._rates, fixed=kind.fixed)
        task = asyncio.create_task(_call(kind, context, job))
        self._running[job.id] = (job, task)
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:  # this process stops: another worker continues the job at once
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await run_job.release(self._work, job)
            raise
        finally:
            del self._running[job.id]
        if not task.cancelled():
            end = task.result()
        elif job.id not in self._stopped:
            return None
        else:
            self._stopped.discard(job.id)
            cost = context.used if context.shown else 0
            end = End(JobState.CANCELLED, "work-cancelled", cost, context.shown)
        return end and replace(end, used=context.usage)

    async def _finish(self, job: Job, end: End) -> None:
        await run_job.finish(
            self._work,
            job,
            end.state,
            end.result,
            cost=end.cost,
            text=end.text,
            answer=end.answer,
            values=end.values,
            used=end.used,
        )
        log.info("work.ended", state=end.state.value, charged=job.charged)

    @property
    def _fences(self) -> dict[int, int]:
        return {job.id: job.fence for job, _ in self._running.values()}


async def _order(job: Job) -> Order:
    request = job.request or {"text": "", "before": []}
    before = [turn for id_ in request["before"] if (old := await jobs.find(id_)) for turn in turns(old)]
    return Order(request["text"], tuple(before), request.get("quoted", ""))


def turns(job: Job) -> tuple[Message, ...]:
    """Return an answered job as two turns of a conversation, or none when its texts are erased."""
    if not job.request or not job.result or not job.result.get("text"):
        return ()
    asked = Order(job.request["text"], quoted=job.request.get("quoted", "")).prompt
    return Message("user", asked), Message("assistant", job.result["text"])


async def _call(kind: JobKind, context: RunningJob, job: Job) -> End | None:
    """Call the kind's coroutine and turn its result, or its error, into the end of the job."""
    try:
        async with clock.current().timeout(TIMEOUT_SECONDS):
            result = await kind.work(context)
    except (Parked, LeaseLost):
        return None
    except DatabaseUnavailable:
        raise
    except CannotDo as refusal:
        return ends.of_refusal(refusal)
    except ModelFault as error:
        log.warning("work.model_failed", says=str(error))
        return _failed(context, error.text)
    except asyncio.CancelledError:
        if _is_asked_to_stop():
            raise
        log.error("work.broke", error="CancelledError")  # of something that the kind waited for
        return _failed(context, FAILED_TEXT)
    except (Exception, SystemExit) as error:
        log.error("work.broke", **safe_errors.describe(error))
        log.debug("work.traceback", exc_info=error)
        return _failed(context, FAILED_TEXT)
    if context.cost > job.needs:
        log.warning("work.beyond_its_hold", used=context.cost, held=job.needs)
    return ends.of_result(result, context.cost)


def _is_asked_to_stop() -> bool:
    """Whether this task was cancelled by the runner, and not by something inside it."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _failed(context: RunningJob, text: str) -> End:
    """End work that failed: free, unless the user has already read a part of the answer."""
    if not context.shown:
        return End(JobState.FAILED, text)
    if text == LENGTH:  # the model did what it was asked, as far as its limit allows
        return End(JobState.DONE, "work-length", context.used, context.shown)
    return End(JobState.FAILED, "work-cut", context.used, context.shown)
