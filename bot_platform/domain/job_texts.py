"""What was said in jobs: remembered for the next order, forgotten when its person or its age says so."""

from collections.abc import Sequence
from datetime import datetime

from tortoise.expressions import Q

from bot_platform.domain.jobs import Job, JobState


async def conversation(user_id: int, kind: str, limit: int) -> Sequence[Job]:
    """List a person's last answered jobs of a kind, newest first, as far as they want them remembered."""
    answered = Job.filter(user_id=user_id, kind=kind, state=JobState.DONE, remembered=True, has_texts=True)
    return await answered.order_by("-id").limit(limit)


async def end_conversation(user_id: int) -> None:
    """Let no later order build on what was ordered before."""
    await Job.filter(user_id=user_id, remembered=True).update(remembered=False)


async def want_forgotten(user_id: int) -> None:
    """Note that a person wants the texts of all their jobs gone, of open ones when they have ended."""
    await Job.filter(user_id=user_id, has_texts=True).update(forget=True, remembered=False)


async def forgettable(ended_before: datetime, after: int, limit: int) -> Sequence[Job]:
    """Find ended jobs numbered above `after` whose texts are to go: by their person's wish, or by age."""
    due = Q(forget=True) | Q(ended_at__lt=ended_before)
    ended = Job.filter(due, has_texts=True, ended_at__not_isnull=True, id__gt=after)
    return await ended.order_by("id").limit(limit)


async def forget(job: Job) -> None:
    """Erase a job's texts; that it was, and what it cost, stays."""
    job.request = job.kept = job.result = None
    job.has_texts = False
    await job.save(update_fields=["request", "kept", "result", "has_texts"])
