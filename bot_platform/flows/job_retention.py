"""Work that waited too long expires; texts of ended work are forgotten in time, or at their person's wish."""

from bot_platform.domain import job_texts, jobs, ledger, outbox
from bot_platform.domain.errors import NoSuchJob
from bot_platform.domain.jobs import Job, JobState
from bot_platform.domain.users import User
from bot_platform.flows.context import WorkContext
from bot_platform.flows.run_job import deliver_files
from bot_platform.flows.wake import about, say_anew, wake
from bot_platform.infra.clock import now

AT_ONCE = 100
FORGOTTEN = "work-forgotten"  # what the messages of such work say, should one still be sent


async def expire(context: WorkContext) -> int:
    """End what has waited for credits too long, and tell its people; returns how many."""
    overdue = await context.database.transact(jobs.expired, AT_ONCE, notify=False)
    for job in overdue:
        await context.database.transact(_expire, job.user_id, job.id)
    return len(overdue)


async def _expire(user_id: int, job_id: int) -> None:
    account = await ledger.lock(user_id)
    job = await jobs.lock(job_id)
    if job is None or job.state is not JobState.PARKED:
        return  # credits came a moment ago
    await jobs.end(job, JobState.EXPIRED)
    await say_anew(job)  # an edit of a message that is days old is noticed by nobody
    await outbox.rewrite(job.subject, "work-expired", **about(job))
    await wake(account)


async def send_files(context: WorkContext, user: User, job_id: int, request_key: str) -> None:
    """Send a person what is finished of their job; raises NoSuchJob when there is nothing."""

    async def story() -> None:
        job = await jobs.find(job_id)
        if job is None or job.user_id != user.id or not job.files:
            raise NoSuchJob
        await deliver_files(job, user.telegram_id, f"{job.subject}:files:{request_key}")

    await context.database.transact(story)


async def forget(context: WorkContext, user: User) -> int:
    """Erase the texts of a person's work; what is still open follows when it ends, and is counted."""

    async def story() -> int:
        await job_texts.want_forgotten(user.id)
        return len(await jobs.open_of(user.id))

    still_open = await context.database.transact(story)
    await forget_old(context)
    return still_open


async def start_anew(context: WorkContext, user: User) -> None:
    """Let no later order build on a person's earlier ones."""
    await context.database.transact(job_texts.end_conversation, user.id, notify=False)


async def forget_old(context: WorkContext) -> int:
    """Erase texts that may be kept no longer; returns of how many jobs."""
    forgotten, last = 0, 0
    while due := await context.database.transact(
        job_texts.forgettable, now() - context.keep_texts, last, AT_ONCE, notify=False
    ):
        for job in due:
            forgotten += await context.database.transact(_forget, job, notify=False)
        last = due[-1].id
    return forgotten


async def _forget(job: Job) -> bool:
    """Erase a job's texts, unless its person has yet to be sent them."""
    about = [job.subject, job.more]
    if await outbox.any_pending(about):
        return False
    await job_texts.forget(job)
    await outbox.forget(about, FORGOTTEN)
    return True
