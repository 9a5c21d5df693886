"""The sender's side of the outbox: claim notices, and record what happened to each."""

from collections.abc import Sequence
from functools import partial

from bot_platform.domain import outbox, users
from bot_platform.domain.outbox import Notice
from bot_platform.infra.database import Database


async def claim(database: Database, limit: int) -> Sequence[Notice]:
    """Lease the next notice of each chat, at most `limit`."""
    return await database.transact(outbox.claim, limit, notify=False)


async def renew(database: Database, ids: Sequence[int]) -> None:
    """Renew the leases of notices in hand."""
    if ids:
        await database.transact(outbox.renew, ids, notify=False)


async def sent(database: Database, notice: Notice, message_id: int) -> None:
    """Record that a notice was sent, with the id of its message in the chat."""
    await database.transact(outbox.mark_sent, notice, message_id, notify=False)


async def reschedule(database: Database, notice: Notice, seconds: float, error: str) -> None:
    """Send the notice again after `seconds`; later notices of its chat wait behind it."""
    await database.transact(outbox.reschedule, notice, int(seconds * 1000), error, notify=False)


async def dead(database: Database, notice: Notice, error: str, *, blocked: bool) -> None:
    """Give up on a notice; `blocked` when the user blocked the bot."""
    await database.transact(partial(_dead, notice, error, blocked=blocked), notify=False)


async def _dead(notice: Notice, error: str, *, blocked: bool) -> None:
    await outbox.mark_dead(notice, outbox.BLOCKED if blocked else error)
    if blocked:
        await users.mark_blocked(notice.chat_id, blocked=True)
