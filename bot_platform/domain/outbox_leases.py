"""Leases of notices: claimed by a sender within Telegram's limits, and ended by what became of them."""

from collections.abc import Sequence

from bot_platform.domain.outbox import LEASE_MS, QUEUE, Notice, NoticeState
from bot_platform.infra import leases, queues
from bot_platform.infra.sql import DbClock, claim_lock, clock

# Telegram's limits: 30 messages a second in all, and one a second in each chat.
MAX_PER_SECOND = 30
CHAT_INTERVAL_MS = 1000


async def any_to_claim() -> bool:
    """Whether there may be a notice to send; called often, so it takes no lock and writes nothing."""
    return await queues.any_to_claim(QUEUE)


async def claim(limit: int) -> Sequence[Notice]:
    """Lease the next notice of each chat, as many as Telegram accepts in this second.

    New messages are sent before edits. The database counts, so all replicas together keep the limits.
    """
    await claim_lock("outbox")  # two claims at once would both use the rest of the limit
    recent = Notice.filter(tried_at__gte=DbClock(-999), tried_at__lte=DbClock())
    limit = min(limit, MAX_PER_SECOND - await recent.count())
    if limit <= 0:
        return []
    silent = f"""(SELECT recent.id FROM "notice" recent WHERE recent.chat_id = {{t}}.chat_id
        AND recent.tried_at > {clock()} - {CHAT_INTERVAL_MS}
        AND recent.tried_at <= {clock()} + {leases.MAX_PAUSE_MS} ORDER BY recent.tried_at LIMIT 1) IS NULL"""  # noqa: S608 -- names are the code's own
    ids = await queues.claim(QUEUE, limit, silent)
    if not ids:
        return []
    await Notice.filter(id__in=ids).update(tried_at=DbClock())
    return await Notice.filter(id__in=ids).order_by("rank", "id")


async def renew(ids: Sequence[int]) -> None:
    """Renew the leases of notices in work."""
    await leases.renew(Notice, ids, LEASE_MS)


async def mark_sent(notice: Notice, message_id: int) -> None:
    """Note that this version was sent; a notice that was rewritten meanwhile stays pending."""
    await Notice.filter(id=notice.id).update(lease_until=0)
    if notice.message_id != message_id:  # an edit has the same id; writing it would undo a `move_down` since
        await Notice.filter(id=notice.id).update(message_id=message_id)
    await Notice.filter(id=notice.id, version=notice.version).update(state=NoticeState.SENT, error=None)
    await queues.let_next(QUEUE, notice.chat_id)


async def mark_dead(notice: Notice, error: str) -> None:
    """Give up this version: a repeat cannot succeed. One that was rewritten meanwhile stays pending."""
    await Notice.filter(id=notice.id).update(lease_until=0)
    await Notice.filter(id=notice.id, version=notice.version).update(state=NoticeState.DEAD, error=error)
    await queues.let_next(QUEUE, notice.chat_id)


async def reschedule(notice: Notice, ms: int, error: str) -> None:
    """Try again after `ms` milliseconds; the whole chat waits, because Telegram limits the chat."""
    ms = min(ms, leases.MAX_PAUSE_MS)
    await Notice.filter(id=notice.id).update(error=error, tried_at=DbClock(ms - CHAT_INTERVAL_MS))
    await leases.reschedule(Notice, notice.id, ms)
