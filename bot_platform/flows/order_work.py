"""Work is ordered, and starts or waits; its person may put it first, or end it."""

from collections.abc import Mapping
from typing import Any

from bot_platform.domain import jobs, ledger, outbox
from bot_platform.domain.errors import Banned, NoSuchJob, TooManyJobs
from bot_platform.domain.jobs import Job, JobState
from bot_platform.domain.ledger import Account
from bot_platform.domain.users import User
from bot_platform.flows.context import WorkContext
from bot_platform.flows.wake import about, admit, begins, waits_for, wake

MOST_OPEN = 100  # jobs of one person: more is a mistake or mischief


async def order(
    context: WorkContext,
    user: User,
    kind: str,
    request: Mapping[str, Any],
    request_key: str,
    *,
    most: int,
    needs: int,
) -> Job:
    """Order work, once for each `request_key`: queued when its first step can be held, else parked.

    `most` is what it can cost, `needs` what its first step holds. Raises Banned or TooManyJobs.
    """

    async def story() -> Job:
        account = await ledger.lock(user.id)
        if known := await jobs.find_by_request_key(request_key):
            return known
        if account.banned:
            raise Banned
        if (waiting := len(await jobs.open_of(user.id))) >= MOST_OPEN:
            raise TooManyJobs(waiting)
        job = await jobs.submit(user.id, request_key, kind, request, most=most, needs=needs)
        if await admit(account, job) is None:
            says = {"text": "work-accepted"} | begins(account, job)
        else:
            await jobs.park(job)
            says = waits_for(account, job, await jobs.waiting(user.id))
        await outbox.post(job.subject, user.telegram_id, job.subject, rank=outbox.OTHER, **says)
        await wake(account)  # what others that wait are missing may be another sum now
        return job

    return await context.database.transact(story)


async def cancel(context: WorkContext, user: User, job_id: int) -> Job:
    """End a job that waits, or ask whoever runs it to stop; raises NoSuchJob.

    What was finished of it can still be had.
    """

    async def story() -> Job:
        account = await ledger.lock(user.id)
        job = await _open_one(user, job_id)
        if job.state is JobState.RUNNING:
            await jobs.ask_to_stop(job)
            await outbox.rewrite(job.subject, "work-stopping", **about(job))
            return job
        await release(account, job)
        await jobs.end(job, JobState.CANCELLED)
        await outbox.rewrite(job.subject, "work-cancelled", **about(job))
        await wake(account)
        return job

    return await context.database.transact(story)


async def put_first(context: WorkContext, user: User, job_id: int) -> Job:
    """Let a job go before all others of its person; raises NoSuchJob."""

    async def story() -> Job:
        account = await ledger.lock(user.id)
        job = await _open_one(user, job_id)
        await jobs.put_first(job)
        await wake(account)
        return job

    return await context.database.transact(story)


async def release(account: Account, job: Job) -> None:
    """Free what a job of a locked account holds, if it does; part of a transaction."""
    if held := await ledger.find_hold(job.cause):
        await ledger.release(account, held)


async def _open_one(user: User, job_id: int) -> Job:
    job = await jobs.lock(job_id)
    if job is None or job.user_id != user.id or not job.is_open:
        raise NoSuchJob
    return job
