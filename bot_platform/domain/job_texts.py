"""The texts of jobs: read by later orders, erased when the user wishes it or when they are too old."""

from collections.abc import Sequence
from datetime import datetime

from tortoise.expressions import Q

from bot_platform.domain.jobs import Job, JobState


async def conversation(user_id: int, kind: str, limit: int) -> Sequence[Job]:
    """List a user's last answered jobs of a kind that later orders may read, newest first."""
    answered = Job.filter(user_id=user_id, kind=kind, state=JobState.DONE, remembered=True, has_texts=True)
    return await answered.order_by("-id").limit(limit)


async def end_conversation(user_id: int) -> None:
    """Let no later order read the jobs so far."""
    await Job.filter(user_id=user_id, has_texts=True, remembered=True).update(remembered=False)


async def want_forgotten(user_id: int) -> None:
    """Note that a user wants the texts of all their jobs erased, of an open job when it ends."""
    await Job.filter(user_id=user_id, has_texts=True).update(forget=True, remembered=False)


async def forgettable(until: datetime, after: Job | None, limit: int, *, wanted: bool) -> Sequence[Job]:
    """Find jobs with texts that ended at `until` or earlier, in the order of their ends, after a job.

    `wanted` are those whose users want the texts erased, or else the others.
    """
    ended = Job.filter(has_texts=True, forget=wanted, ended_at__lte=until)
    if after:
        ended = ended.filter(
            Q(ended_at__gt=after.ended_at) | Q(id__gt=after.id), ended_at__gte=after.ended_at
        )
    return await ended.order_by("ended_at", "id").limit(limit)


async def forget(job: Job) -> None:
    """Erase the texts of a job; its row and its cost stay."""
    job.request = job.kept = job.result = None
    job.has_texts = False
    await job.save(update_fields=["request", "kept", "result", "has_texts"])
