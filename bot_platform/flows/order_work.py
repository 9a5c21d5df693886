"""Paid work is ordered, and is queued or parked; its user may put it first or cancel it."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from bot_platform.domain import jobs, ledger, outbox
from bot_platform.domain.errors import Banned, NoSuchJob, TooManyJobs
from bot_platform.domain.jobs import Job, JobState
from bot_platform.domain.ledger import Account
from bot_platform.domain.places import ANYWHERE, Place
from bot_platform.domain.users import User
from bot_platform.flows.context import WorkContext
from bot_platform.flows.wake import admit, job_values, start_values, waiting_message, wake

MAX_OPEN_JOBS = 100  # of one user


async def order(
    context: WorkContext,
    user: User,
    kind: str,
    request: Mapping[str, Any],
    request_key: str,
    *,
    most: int,
    needs: int,
    place: Place = ANYWHERE,
) -> Job:
    """Order work, once for each `request_key`: queued when its first step can be held, else parked.

    `most` is its price at most, `needs` what its first step holds, `place` where its messages stand.
    Raises Banned or TooManyJobs.
    """
    return await context.database.transact(
        partial(_order, user, kind, request, request_key, most=most, needs=needs, place=place)
    )


async def cancel(context: WorkContext, user: User, job_id: int) -> Job:
    """Cancel a job that waits, or ask the worker of a running one to stop; raises NoSuchJob.

    Its finished files can still be sent.
    """
    return await context.database.transact(_cancel, user, job_id)


async def put_first(context: WorkContext, user: User, job_id: int) -> Job:
    """Move a job before all others of its user; raises NoSuchJob."""
    return await context.database.transact(_put_first, user, job_id)


async def release_hold(account: Account, job: Job) -> None:
    """Release the hold of a job of a locked account, if there is one; part of a transaction."""
    if held := await ledger.find_hold(job.cause):
        await ledger.release(account, held)


async def _order(
    user: User,
    kind: str,
    request: Mapping[str, Any],
    request_key: str,
    *,
    most: int,
    needs: int,
    place: Place,
) -> Job:
    account = await ledger.lock(user.id)
    if known := await jobs.find_by_request_key(request_key):
        return known
    if account.banned:
        raise Banned
    if (open_jobs := len(await jobs.open_of(user.id))) >= MAX_OPEN_JOBS:
        raise TooManyJobs(open_jobs)
    job = await jobs.submit(user.id, request_key, kind, request, most=most, needs=needs, place=place)
    if await admit(account, job) is None:
        text, values = "work-accepted", start_values(account, job)
    else:
        await jobs.park(job)
        text, values = waiting_message(account, job, await jobs.waiting(user.id))
    chat_id, rank = user.telegram_id, outbox.OTHER
    await outbox.post(job.subject, chat_id, job.subject, text, rank=rank, place=job.place, **values)
    await wake(account)  # the other waiting jobs may now lack a different amount
    return job


async def _cancel(user: User, job_id: int) -> Job:
    account = await ledger.lock(user.id)
    job = await _lock_open(user, job_id)
    if job.state is JobState.RUNNING:
        await jobs.ask_to_stop(job)
        await outbox.rewrite(job.subject, "work-stopping", **job_values(job))
        return job
    await release_hold(account, job)
    await jobs.end(job, JobState.CANCELLED)
    await outbox.rewrite(job.subject, "work-cancelled", **job_values(job))
    await wake(account)
    return job


async def _put_first(user: User, job_id: int) -> Job:
    account = await ledger.lock(user.id)
    job = await _lock_open(user, job_id)
    await jobs.put_first(job)
    await wake(account)
    return job


async def _lock_open(user: User, job_id: int) -> Job:
    job = await jobs.lock(job_id)
    if job is None or job.user_id != user.id or not job.is_open:
        raise NoSuchJob
    return job
