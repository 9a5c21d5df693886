"""Running jobs: claimed under a lease, charged at each checkpoint, finished once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from bot_platform.domain import job_leases, job_usage, jobs, ledger, outbox, users
from bot_platform.domain.job_usage import JobUsage
from bot_platform.domain.jobs import Job, JobState
from bot_platform.domain.ledger import Account
from bot_platform.domain.places import Place
from bot_platform.flows.context import MAX_ANSWER_MESSAGES, MAX_RENDERED_CHARS, WorkContext
from bot_platform.flows.order_work import release_hold
from bot_platform.flows.wake import hold, job_values, move_message_down, waiting_message, wake
from bot_platform.infra.moments import is_recent
from bot_platform.infra.sql import json_safe

RECENT = timedelta(minutes=5)  # users do not notice an edit of an older message
NO_VALUES: Mapping[str, Any] = {}
OF_THE_PLATFORM = ("job", "files", "charged", "most")  # values that a kind of work cannot replace
ANSWER = "answer"  # the text name of a page of a job's answer; it is in no locale


@dataclass(frozen=True, slots=True)
class Shown:
    """What the user gets: pages of the answer, `whole` for the file if they are not all of it, and `text`."""

    pages: Sequence[Mapping[str, Any]]
    whole: str
    text: str
    values: Mapping[str, Any]


class LeaseLost(Exception):
    """Another worker has the job now, or it has ended: this worker must change nothing."""


async def claim(context: WorkContext, limit: int, kinds: Collection[str] | None = None) -> Sequence[Job]:
    """Lease queued jobs, at most `limit`, of the `kinds` that this worker knows; None means all."""
    if not await context.database.transact(job_leases.any_to_claim, notify=False):
        return []
    return await context.database.transact(
        partial(
            job_leases.claim, limit, for_one=context.jobs_per_user, in_all=context.jobs_at_once, kinds=kinds
        ),
        notify=False,
    )


async def renew(context: WorkContext, fences: Mapping[int, int]) -> None:
    """Renew the leases of jobs in hand, given as job id: fence."""
    for job_id, fence in fences.items():  # each for itself: two rows at once could wait for each other
        await context.database.transact(job_leases.renew, job_id, fence, notify=False)


async def show(context: WorkContext, job: Job, text: str, **values: Any) -> None:
    """Rewrite the message of a running job; raises LeaseLost."""
    await context.database.transact(_show, job, text, values)


async def set_progress(context: WorkContext, job: Job, done: int, parts: int, what: str) -> None:
    """Store and show that a running job has done `done` of its `parts`; raises LeaseLost."""
    await context.database.transact(_set_progress, job, done, parts, what)


async def checkpoint(
    context: WorkContext,
    job: Job,
    saved: Any,
    *,
    cost: int,
    most: int,
    needs: int,
    used: JobUsage | None = None,
) -> bool:
    """Save what is finished of a running job, charge for it, and hold the next step; raises LeaseLost.

    Return False when the job must stop here: its user cancelled it, or the credits are not enough and
    it is parked. `most` is the price of all that is left, `needs` what the next step holds, and `used` what
    the model took since the last checkpoint.
    """
    step = job.step  # read now: the story may run again after a commit whose answer was lost
    return await context.database.transact(
        partial(_checkpoint, context, job, step, saved, cost=cost, most=most, needs=needs, used=used)
    )


async def finish(
    context: WorkContext,
    job: Job,
    state: JobState,
    result: Any,
    *,
    cost: int,
    text: str,
    answer: str = "",
    values: Mapping[str, Any] = NO_VALUES,
    used: JobUsage | None = None,
) -> None:
    """End a running job: charge for what was delivered, release the rest, and send the result.

    `answer` is Markdown and becomes as many messages as it needs, the first in the job's own message. If it
    needs more than MAX_ANSWER_MESSAGES, the last of them is a file with all of it. `text` names the text
    about the end of the job, and `values` are its kind's values in that text. `used` is what the model took
    since the last checkpoint, charged or not. Raises LeaseLost.
    """
    answer = json_safe(answer)
    pages = await context.render(answer) if answer else []
    whole = ""
    if len(pages) > MAX_ANSWER_MESSAGES or len(answer) > MAX_RENDERED_CHARS:
        pages, whole = pages[: MAX_ANSWER_MESSAGES - 1], answer
    shown = Shown(pages, whole, text, values)
    ended = partial(_finish, context, job, state, result, cost=cost, shown=shown, used=used)
    await context.database.transact(ended)


async def release(context: WorkContext, job: Job) -> None:
    """End the lease of a job that this process cannot finish: another worker continues it at once."""
    await context.database.transact(_release, job)


async def deliver_files(job: Job, chat_id: int, key: str) -> None:
    """Send the finished files of a job as a document; part of a transaction."""
    whole = "yes" if job.state is JobState.DONE else "no"
    values = {**job_values(job), "name": job.name, "whole": whole}
    await outbox.post(key, chat_id, job.more, "work-files", rank=outbox.OTHER, place=job.place, **values)


async def _show(job: Job, text: str, values: Mapping[str, Any]) -> None:
    await ledger.lock(job.user_id)  # before the job, as everywhere (docs/money.md, The order of locks)
    await _lock_mine(job)
    await outbox.rewrite(job.subject, text, **job_values(job), **values)


async def _set_progress(job: Job, done: int, parts: int, what: str) -> None:
    await ledger.lock(job.user_id)
    await _lock_mine(job)
    await jobs.set_progress(job, done, parts)
    await outbox.rewrite(job.subject, "work-progress", **job_values(job), what=what)


async def _checkpoint(
    context: WorkContext,
    job: Job,
    step: int,
    saved: Any,
    *,
    cost: int,
    most: int,
    needs: int,
    used: JobUsage | None,
) -> bool:
    account = await ledger.lock(job.user_id)
    await _lock_mine(job)
    if job.step != step:
        return True  # an earlier run of this story was committed
    before = account.balance
    await _charge(account, job, cost)
    if used:
        await job_usage.add(job, used)
    await jobs.save_checkpoint(job, saved, most=most, needs=needs)
    continues = not job.stopping and await hold(account, job) is None
    if job.stopping:
        await jobs.end(job, JobState.CANCELLED)
        await outbox.rewrite(job.subject, "work-cancelled", **job_values(job))
    elif not continues:
        await jobs.park(job)
        await move_message_down(job)  # users do not notice an edit of an older message
        text, values = waiting_message(account, job, await jobs.waiting(job.user_id))
        await outbox.rewrite(job.subject, text, **values)
    await _notify_if_low(context, account, before, job.place)
    await wake(account)
    return continues


async def _finish(
    context: WorkContext,
    job: Job,
    state: JobState,
    result: Any,
    *,
    cost: int,
    shown: Shown,
    used: JobUsage | None,
) -> None:
    account = await ledger.lock(job.user_id)
    await _lock_mine(job)
    if used:
        await job_usage.add(job, used)
    before = account.balance
    if cost:
        await _charge(account, job, cost)
    else:
        await release_hold(account, job)
    await jobs.end(job, state, result)
    await _send_result(job, shown, account.available)
    await _notify_if_low(context, account, before, job.place)
    await wake(account)


async def _release(job: Job) -> None:
    if await job_leases.is_mine(job):
        await job_leases.release(job)


async def _lock_mine(job: Job) -> None:
    if not await job_leases.is_mine(job):
        raise LeaseLost


async def _charge(account: Account, job: Job, cost: int) -> None:
    """Capture the hold of a job's step."""
    held = await ledger.find_hold(job.cause)
    if held is None:
        raise LookupError(f"{job.cause} has no hold")
    charged = min(cost, held.amount)  # usage beyond the hold is free (docs/money.md, Prices and holds)
    await ledger.capture(account, held, charged, note=job.kind)
    await jobs.count_charge(job, charged)


async def _send_result(job: Job, shown: Shown, available: int) -> None:
    """Write the answer into the job's own message and as many more as it needs; the last closes it."""
    user = await users.get(job.user_id)
    own, pages, text = job_values(job), shown.pages, shown.text
    values = {**own, **shown.values, "available": available}
    values |= {name: own[name] for name in OF_THE_PLATFORM}
    post = partial(
        outbox.post, chat_id=user.telegram_id, subject=job.more, rank=outbox.OTHER, place=job.place
    )
    if not is_recent(job.created_at, RECENT):
        await move_message_down(job)
    if not pages:
        await outbox.rewrite(job.subject, text, **values)
    for n, page in enumerate(pages, start=1):
        page_values = values | {"page": page, "says": text if n == len(pages) else ""}
        if n == 1:
            await outbox.rewrite(job.subject, ANSWER, **page_values)
        else:
            await post(f"{job.subject}:page:{n}", text=ANSWER, **page_values)
    if shown.whole:
        await post(f"{job.subject}:whole", text="work-whole-answer", whole=shown.whole, name=job.kind)
    if job.files and job.state is not JobState.CANCELLED:  # a user who cancelled can ask for them
        await deliver_files(job, user.telegram_id, f"{job.subject}:files")


async def _notify_if_low(context: WorkContext, account: Account, before: int, place: Place) -> None:
    """Notify the user, where the work was ordered, when this charge brought the balance below the limit."""
    if context.low_balance and account.balance < context.low_balance <= before:
        user = await users.get(account.user_id)
        key, subject = f"low:{account.id}:{account.seq}", f"account:{account.id}"
        await outbox.post(
            key,
            user.telegram_id,
            subject,
            "low-balance",
            rank=outbox.OTHER,
            place=place,
            balance=account.balance,
        )
