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
    await Job.filter(user_id=user_id, remembered=True).update(remembered=False)


async def want_forgotten(user_id: int) -> None:
    """Note that a user wants the texts of all their jobs erased, of an open job when it ends."""
    await Job.filter(user_id=user_id, has_texts=True).update(forget=True, remembered=False)


async def forgettable(ended_before: datetime, after: int, limit: int) -> Sequence[Job]:
    """Find ended jobs with an id above `after` whose texts are to be erased, by wish or by age."""
    due = Q(forget=True) | Q(ended_at__lt=ended_before)
    ended = Job.filter(due, has_texts=True, ended_at__not_isnull=True, id__gt=after)
    return await ended.order_by("id").limit(limit)


async def forget(job: Job) -> None:
    """Erase the texts of a job; its row and its cost stay."""
    job.request = job.kept = job.result = None
    job.has_texts = False
    await job.save(update_fields=["request", "kept", "result", "has_texts"])
