"""Parked jobs expire after a time; texts of ended jobs are erased after a time or when their user asks."""

from datetime import datetime
from functools import partial

from bot_platform.domain import job_texts, jobs, ledger, outbox
from bot_platform.domain.errors import NoSuchJob
from bot_platform.domain.jobs import Job, JobState
from bot_platform.domain.users import User
from bot_platform.flows.context import WorkContext
from bot_platform.flows.run_job import deliver_files
from bot_platform.flows.wake import job_values, move_message_down, wake
from bot_platform.infra.clock import now

PAGE_SIZE = 100  # jobs read at a time
FORGOTTEN = "work-forgotten"  # the text of an unsent message whose job's texts are erased


async def expire(context: WorkContext) -> int:
    """End jobs that have waited for credits too long, and notify their users; return how many."""
    overdue = await context.database.transact(jobs.expired, PAGE_SIZE, notify=False)
    for job in overdue:
        await context.database.transact(_expire, job.user_id, job.id)
    return len(overdue)


async def send_files(context: WorkContext, user: User, job_id: int, request_key: str) -> None:
    """Send the finished files of a user's job; raises NoSuchJob when there are none."""
    await context.database.transact(_send_files, user, job_id, request_key)


async def start_anew(context: WorkContext, user: User) -> None:
    """Start a new conversation: later orders build on no earlier ones."""
    await context.database.transact(_end_conversation, user.id, notify=False)


async def forget(context: WorkContext, user: User) -> int:
    """Erase the texts of a user's jobs; return how many are open, whose texts are erased at their end."""
    still_open = await context.database.transact(_forget_user, user.id)
    await _forget_until(context, now(), wanted=True)
    return still_open


async def forget_old(context: WorkContext) -> int:
    """Erase texts whose time is over, or that their users want erased; return of how many jobs."""
    wanted = await _forget_until(context, now(), wanted=True)
    return wanted + await _forget_until(context, now() - context.keep_texts, wanted=False)


async def _forget_until(context: WorkContext, until: datetime, *, wanted: bool) -> int:
    forgotten, last = 0, None
    while due := await context.database.transact(
        partial(job_texts.forgettable, until, last, PAGE_SIZE, wanted=wanted), notify=False
    ):
        for job in due:
            forgotten += await context.database.transact(_forget, job, notify=False)
        last = due[-1]
    return forgotten


async def _expire(user_id: int, job_id: int) -> None:
    account = await ledger.lock(user_id)
    job = await jobs.lock(job_id)
    if job is None or job.state is not JobState.PARKED:
        return  # credits came a moment ago
    await jobs.end(job, JobState.EXPIRED)
    await move_message_down(job)  # Telegram does not announce an edit of a message that is days old
    await outbox.rewrite(job.subject, "work-expired", **job_values(job))
    await wake(account)


async def _send_files(user: User, job_id: int, request_key: str) -> None:
    job = await jobs.find(job_id)
    if job is None or job.user_id != user.id or not job.files:
        raise NoSuchJob
    await deliver_files(job, user.telegram_id, f"{job.subject}:files:{request_key}")


async def _end_conversation(user_id: int) -> None:
    await ledger.lock(user_id)
    await job_texts.end_conversation(user_id)


async def _forget_user(user_id: int) -> int:
    await ledger.lock(user_id)
    await job_texts.want_forgotten(user_id)
    return len(await jobs.open_of(user_id))


async def _forget(job: Job) -> bool:
    """Erase a job's texts, unless some of them are still to be sent to its user."""
    await ledger.lock(job.user_id)
    subjects = [job.subject, job.more]
    if await outbox.any_pending(subjects):
        return False
    await job_texts.forget(job)
    await outbox.forget(subjects, FORGOTTEN)
    return True
