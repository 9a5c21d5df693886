"""Old notices: those that were sent or given up, and that explain no money, are deleted."""

from collections.abc import Sequence
from datetime import datetime

from bot_platform.domain.outbox import Notice, NoticeState

ABOUT_A_CHAT, ABOUT_A_JOB, ABOUT_A_BROADCAST = "chat:", "job:", "broadcast:"  # begin subjects
ENDED = (NoticeState.SENT, NoticeState.DEAD)


async def older_than(moment: datetime, after: int, limit: int) -> Sequence[Notice]:
    """Read the notices with an id above `after`, in order, up to the first one that is not so old."""
    rows = (
        await Notice.filter(id__gt=after)
        .order_by("id")
        .limit(limit)
        .only("id", "subject", "key", "state", "created_at")
    )
    young = next((n for n, row in enumerate(rows) if row.created_at >= moment), len(rows))
    return rows[:young]


def broadcast_of(notice: Notice) -> int | None:
    """Return the id of the broadcast that a notice belongs to; None when it belongs to none."""
    name, number = notice.subject[: len(ABOUT_A_BROADCAST)], notice.subject[len(ABOUT_A_BROADCAST) :]
    return int(number) if name == ABOUT_A_BROADCAST else None


def explains_nothing(notice: Notice) -> bool:
    """Whether nothing reads a notice that has ended: a page of an answer, a remark, a part of a broadcast.

    The message of a job itself stays: it proves that the result was sent, and its words are erased with
    those of the job. So does all about purchases, accounts and users.
    """
    if notice.state not in ENDED:
        return False
    is_job = notice.subject.startswith(ABOUT_A_JOB) and notice.key != notice.subject
    return is_job or notice.subject.startswith((ABOUT_A_CHAT, ABOUT_A_BROADCAST))


async def delete(notices: Sequence[Notice]) -> None:
    """Delete notices."""
    if notices:
        await Notice.filter(id__in=[row.id for row in notices]).delete()
