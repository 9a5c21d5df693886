"""Work that was admitted is claimed, kept under a lease, charged at each checkpoint, and ended once."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from bot_platform.domain import job_leases, jobs, ledger, outbox, users
from bot_platform.domain.jobs import Job, JobState
from bot_platform.domain.ledger import Account
from bot_platform.flows.context import WorkContext
from bot_platform.flows.order_work import release
from bot_platform.flows.wake import about, hold, say_anew, waits_for, wake
from bot_platform.infra.clock import now
from bot_platform.infra.sql import json_safe

LONG_AGO = timedelta(minutes=5)
ANSWER = "answer"  # no text of ours: a page of what came of the work


class LeaseLost(Exception):
    """Another worker has the job now, or it has ended: nothing this one does may count."""


async def claim(context: WorkContext, limit: int, kinds: Collection[str] | None = None) -> Sequence[Job]:
    """Lease jobs whose turn it is, `limit` at most, of the `kinds` that the worker knows; None for all."""
    if not await job_leases.any_to_claim():
        return []
    return await context.database.transact(
        partial(job_leases.claim, limit, for_one=context.for_one, in_all=context.at_once, kinds=kinds),
        notify=False,
    )


async def renew(context: WorkContext, fences: Mapping[int, int]) -> None:
    """Renew the leases of jobs in hand, by id and fence."""

    async def story() -> None:
        for job_id, fence in fences.items():
            await job_leases.renew(job_id, fence)

    if fences:
        await context.database.transact(story, notify=False)


async def show(context: WorkContext, job: Job, text: str, **values: Any) -> None:
    """Let the message of a running job say how it goes; raises LeaseLost."""

    async def story() -> None:
        await _mine(job)
        await outbox.rewrite(job.subject, text, **about(job), **values)

    await context.database.transact(story)


async def set_progress(context: WorkContext, job: Job, done: int, parts: int, what: str) -> None:
    """Say that a running job has come to `done` of `parts`; raises LeaseLost."""

    async def story() -> None:
        await _mine(job)
        await jobs.set_progress(job, done, parts)
        await outbox.rewrite(job.subject, "work-progress", **about(job), what=what)

    await context.database.transact(story)


async def checkpoint(context: WorkContext, job: Job, kept: Any, *, cost: int, most: int, needs: int) -> bool:
    """Keep what is finished of a running job, charge for it, and hold the next step.

    False when the work ends here: its person wants it to, or the credits do not reach, and it waits
    for more. Raises LeaseLost.
    """
    step = job.step

    async def story() -> bool:
        account = await ledger.lock(job.user_id)
        await _mine(job)
        if job.step != step:
            return True  # an earlier try was committed, and nobody heard of it
        before = account.balance
        await _charge(account, job, cost)
        await jobs.save_checkpoint(job, kept, most=most, needs=needs)
        goes_on = not job.stopping and await hold(account, job) is None
        if job.stopping:
            await jobs.end(job, JobState.CANCELLED)
            await outbox.rewrite(job.subject, "work-cancelled", **about(job))
        elif not goes_on:
            await jobs.park(job)
            await say_anew(job)  # nobody notices an edit of an older message
            waiting = await jobs.waiting(job.user_id)
            await outbox.rewrite(job.subject, **waits_for(account, job, waiting))
        await _tell_if_low(context, account, before)
        await wake(account)
        return goes_on

    return await context.database.transact(story)


async def finish(
    context: WorkContext,
    job: Job,
    state: JobState,
    result: Any,
    *,
    cost: int,
    text: str,
    answer: str = "",
    **values: Any,
) -> None:
    """End a running job: charge for what was delivered, free the rest, and say what came of it.

    `answer` is Markdown and becomes as many messages as it needs, the first in the job's own;
    `text` names what else is said of it. Raises LeaseLost.
    """
    pages = context.pages(json_safe(answer)) if answer else []

    async def story() -> None:
        account = await ledger.lock(job.user_id)
        await _mine(job)
        before = account.balance
        if cost:
            await _charge(account, job, cost)
        else:
            await release(account, job)
        await jobs.end(job, state, result)
        await _tell(job, pages, text, {"available": account.available, **values})
        await _tell_if_low(context, account, before)
        await wake(account)

    await context.database.transact(story)


async def give_back(context: WorkContext, job: Job) -> None:
    """Let another worker, or the next start, go on with a job at once."""

    async def story() -> None:
        if await job_leases.is_mine(job):
            await job_leases.give_back(job)

    await context.database.transact(story)


async def _mine(job: Job) -> None:
    if not await job_leases.is_mine(job):
        raise LeaseLost


async def _charge(account: Account, job: Job, cost: int) -> None:
    """Capture the hold of a job's step."""
    held = await ledger.find_hold(job.cause)
    if held is None:
        raise LookupError(f"{job.cause} has no hold")
    charged = min(cost, held.amount)  # what was used beyond is ours to bear (money.md 6)
    await ledger.capture(account, held, charged, note=job.kind)
    await jobs.count_charge(job, charged)


async def _tell_if_low(context: WorkContext, account: Account, before: int) -> None:
    """Tell a person that little is left, when this charge has made it so."""
    if context.low_balance and account.balance < context.low_balance <= before:  # a debt is below nothing too
        person, key = await users.get(account.user_id), f"low:{account.id}:{account.seq}"
        about_it, left = f"account:{account.id}", account.balance
        await outbox.post(key, person.telegram_id, about_it, "low-balance", rank=outbox.OTHER, balance=left)


async def _tell(job: Job, pages: Sequence[Mapping[str, Any]], text: str, values: Mapping[str, Any]) -> None:
    """Put an answer into the job's own message and as many more as it needs; the last says `text`."""
    person = await users.get(job.user_id)
    says = {**about(job), **values}
    if now() - job.created_at > LONG_AGO:
        await say_anew(job)  # nobody notices an edit of an older message
    if not pages:
        await outbox.rewrite(job.subject, text, **says)
    for n, page in enumerate(pages, start=1):
        one = says | {"page": page, "says": text if n == len(pages) else ""}
        if n == 1:
            await outbox.rewrite(job.subject, ANSWER, **one)
        else:
            key = f"{job.subject}:page:{n}"
            await outbox.post(key, person.telegram_id, job.more, ANSWER, rank=outbox.OTHER, **one)
    if job.files and job.state is not JobState.CANCELLED:  # whoever stopped it may ask for them
        await deliver_files(job, person.telegram_id, f"{job.subject}:files")


async def deliver_files(job: Job, chat_id: int, key: str) -> None:
    """Send what is finished of a job as a document; part of a transaction."""
    whole = "yes" if job.state is JobState.DONE else "no"
    await outbox.post(
        key, chat_id, job.more, "work-files", rank=outbox.OTHER, **about(job), name=job.name, whole=whole
    )
