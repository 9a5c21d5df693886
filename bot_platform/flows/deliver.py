"""Notices leave the outbox: claimed, handed to a sender, and marked with what became of them."""

from collections.abc import Sequence

from bot_platform.domain import outbox, users
from bot_platform.domain.outbox import Notice
from bot_platform.infra.database import Database


async def claim(database: Database, limit: int) -> Sequence[Notice]:
    """Lease the next notice of each chat, `limit` at most."""
    return await database.transact(outbox.claim, limit, notify=False)


async def renew(database: Database, ids: Sequence[int]) -> None:
    """Renew the leases of notices in hand."""
    if ids:
        await database.transact(outbox.renew, ids, notify=False)


async def sent(database: Database, notice: Notice, message_id: int) -> None:
    """Note the message that stands in the chat."""
    await database.transact(outbox.mark_sent, notice, message_id, notify=False)


async def reschedule(database: Database, notice: Notice, seconds: float, error: str) -> None:
    """Let the notice, and with it its chat, wait."""
    await database.transact(outbox.reschedule, notice, int(seconds * 1000), error, notify=False)


async def dead(database: Database, notice: Notice, error: str, *, blocked: bool) -> None:
    """Give the notice up; `blocked` when its person blocked the bot."""

    async def story() -> None:
        await outbox.mark_dead(notice, outbox.BLOCKED if blocked else error)
        if blocked:
            await users.mark_blocked(notice.chat_id, blocked=True)

    await database.transact(story, notify=False)
