"""Whenever credits may reach further than before, work that waited for them starts by itself."""

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from bot_platform.domain import jobs, ledger, outbox
from bot_platform.domain.errors import AccountFrozen, Banned, BooksBroken, NotEnough, Refusal
from bot_platform.domain.jobs import Job
from bot_platform.domain.ledger import Account


async def wake(account: Account) -> None:
    """Queue what waits for the credits of a locked account, first the first, as far as they reach.

    To be called in every story after which the available credit may be higher, or another job the first.
    """
    waiting = list(await jobs.waiting(account.user_id))
    while waiting and await admit(account, waiting[0]) is None:
        job = waiting.pop(0)
        await outbox.rewrite(job.subject, "work-woken", **begins(account, job))
    for job in waiting:  # what is missing may be another sum now
        await outbox.rewrite(job.subject, **waits_for(account, job, waiting))


async def admit(account: Account, job: Job) -> Refusal | None:
    """Hold the next step of a job and let it wait for its turn; gives the reason when it cannot be held."""
    no = await hold(account, job)
    if no is None:
        await jobs.queue(job)
    return no


async def hold(account: Account, job: Job) -> Refusal | None:
    """Hold what the next step of a job may cost; gives the reason when that cannot be."""
    try:
        await ledger.hold(account, job.needs, job.next_cause, job_id=job.id)
    except (NotEnough, AccountFrozen, Banned, BooksBroken) as no:
        return no
    await jobs.begin_step(job)
    return None


def waits_for(account: Account, job: Job, waiting: Sequence[Job]) -> dict[str, Any]:
    """Say why a job waits: the name of the `text`, and what stands in it.

    `missing` is what lets it run in its order, after those that wait before it; `missing_all` lets
    run whatever waits.
    """
    before = list(takewhile(lambda other: other.id != job.id, waiting))
    missing = sum(other.most for other in before) + job.most - account.available
    missing_all = sum(other.most for other in waiting) - account.available
    values = {"available": account.available, "before": len(before)}
    values |= {"missing": missing, "missing_all": missing_all}
    if account.banned:
        why = "work-waits-banned"
    elif account.frozen:
        why = "work-waits-frozen"
    else:
        why = "work-waits-broken" if account.broken else "work-waits"
    return {"text": why} | about(job) | values


def begins(account: Account, job: Job) -> dict[str, Any]:
    """Say of a job that begins what it may still cost, and how much of that its person lacks."""
    return about(job) | {"short": max(0, job.most - job.needs - account.available)}


async def say_anew(job: Job) -> None:
    """Let a job's message stand at the end of its chat; the one before points to it."""
    await outbox.move_down(job.subject, f"{job.cause}:moved", job.more, "work-below")


def about(job: Job) -> dict[str, Any]:
    """Say of which job a message speaks: what it is, what it may still cost, how far it is."""
    return {
        "job": job.id,
        "most": job.most,
        "charged": job.charged,
        "done": job.done,
        "parts": job.parts,
        "files": len(job.files),
    }
