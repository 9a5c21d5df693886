"""When more credits become available, parked jobs start by themselves."""

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from bot_platform.domain import jobs, ledger, outbox
from bot_platform.domain.errors import AccountFrozen, Banned, BooksBroken, NotEnough, Refusal
from bot_platform.domain.jobs import Job
from bot_platform.domain.ledger import Account


async def wake(account: Account) -> None:
    """Queue the parked jobs of a locked account in their order, as far as its credits allow.

    Call it in every transaction after which more credits may be available, or another job may be first.
    """
    waiting = list(await jobs.waiting(account.user_id))
    while waiting and await admit(account, waiting[0]) is None:
        job = waiting.pop(0)
        await outbox.rewrite(job.subject, "work-woken", **start_values(account, job))
    for job in waiting:  # the amount that is missing may have changed
        text, values = waiting_message(account, job, waiting)
        await outbox.rewrite(job.subject, text, **values)


async def admit(account: Account, job: Job) -> Refusal | None:
    """Hold the next step of a job and queue it; return the reason when it cannot be held."""
    refusal = await hold(account, job)
    if refusal is None:
        await jobs.queue(job)
    return refusal


async def hold(account: Account, job: Job) -> Refusal | None:
    """Hold the price of a job's next step; return the reason when it cannot be held."""
    try:
        await ledger.hold(account, job.needs, job.next_cause, job_id=job.id)
    except (NotEnough, AccountFrozen, Banned, BooksBroken) as refusal:
        return refusal
    await jobs.begin_step(job)
    return None


def waiting_message(account: Account, job: Job, waiting: Sequence[Job]) -> tuple[str, dict[str, Any]]:
    """Return the message of a parked job: the name of its text, and the values in it.

    `missing_all` is what all that waits may lack until its end.
    """
    before = len(list(takewhile(lambda other: other.id != job.id, waiting)))
    missing_all = sum(other.most for other in waiting) - account.available
    values = {"available": account.available, "before": before}
    values |= {"missing": missing_to_start(account, job, waiting), "missing_all": missing_all}
    if account.banned:
        text = "work-waits-banned"
    elif account.frozen:
        text = "work-waits-frozen"
    else:
        text = "work-waits-broken" if account.broken else "work-waits"
    return text, job_values(job) | values


def missing_to_start(account: Account, job: Job, waiting: Sequence[Job]) -> int:
    """Return how many hundredths the next step of a parked job lacks, after those of the jobs before it.

    Not what all of it may cost: with this much it goes on.
    """
    before = takewhile(lambda other: other.id != job.id, waiting)
    needed: int = sum(other.needs for other in before) + job.needs
    return max(0, needed - account.available)


def start_values(account: Account, job: Job) -> dict[str, Any]:
    """Return the values of the message of a job that starts; `short` is what its later steps may lack."""
    return job_values(job) | {"short": max(0, job.most - job.needs - account.available)}


def job_values(job: Job) -> dict[str, Any]:
    """Return the values that every message about a job may use."""
    return {
        "job": job.id,
        "most": job.most,
        "charged": job.charged,
        "done": job.done,
        "parts": job.parts,
        "files": len(job.files),
    }


async def move_message_down(job: Job) -> None:
    """Send a job's message again at the end of its chat; the old one then points to it."""
    await outbox.move_down(job.subject, f"{job.cause}:moved", job.more, "work-below")
