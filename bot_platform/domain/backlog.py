"""The backlog: open jobs, unsent messages, and provider events that failed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from tortoise.functions import Count, Min

from bot_platform.domain.inbox import Event, EventState
from bot_platform.domain.jobs import OPEN, Job
from bot_platform.domain.outbox import Notice, NoticeState
from bot_platform.infra.clock import now


@dataclass(frozen=True, slots=True)
class Backlog:
    """Counts of rows, jobs by state; `oldest_message` is the age in seconds of the oldest new message."""

    jobs: Mapping[str, int]
    messages: int
    oldest_message: float
    failed_events: int


async def backlog() -> Backlog:
    """Count the backlog now."""
    jobs = Job.filter(state__in=list(OPEN)).annotate(n=Count("id")).group_by("state")
    counted = Counter({row["state"]: row["n"] for row in await jobs.values("state", "n")})
    pending = Notice.filter(state=NoticeState.PENDING)
    # Without edits: the row of an edit is as old as the message that it changes.
    new = pending.filter(message_id__isnull=True).annotate(oldest=Min("created_at"))
    ((oldest,),) = await new.values_list("oldest")
    return Backlog(
        jobs={state.value: counted[state] for state in OPEN},
        messages=await pending.count(),
        oldest_message=max(0.0, (now() - oldest).total_seconds()) if oldest else 0.0,
        failed_events=await Event.filter(state=EventState.FAILED, lane=None).count(),
    )
