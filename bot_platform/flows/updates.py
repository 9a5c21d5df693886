"""What people say: each Telegram update is a row before it is confirmed, and is handled once."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from bot_platform.domain import inbox
from bot_platform.domain.inbox import Event, EventState
from bot_platform.infra.clock import now
from bot_platform.infra.database import Database

KEPT = timedelta(days=7)  # Telegram keeps an update for a day: by then none of these comes again
DROPPED_AT_ONCE = 1000


async def store(database: Database, updates: Sequence[tuple[int, int, dict[str, Any]]]) -> None:
    """Store updates (id, the chat whose order counts, what Telegram sent); repeats change nothing."""

    async def story() -> None:
        for update_id, chat_id, payload in updates:
            await inbox.receive(f"tg:{update_id}", "telegram", payload, lane=chat_id)

    if updates:
        await database.transact(story)


async def claim(database: Database, limit: int) -> Sequence[Event]:
    """Lease the oldest waiting update of each chat, `limit` at most."""
    return await database.transact(inbox.claim_updates, limit, notify=False)


async def renew(database: Database, ids: Sequence[int]) -> None:
    """Renew the leases of updates in hand."""
    if ids:
        await database.transact(inbox.renew, ids, notify=False)


async def handled(database: Database, update: Event, error: str | None = None) -> None:
    """Close an update and forget its text; `error` when it could not be handled."""
    state = EventState.FAILED if error else EventState.HANDLED
    await database.transact(partial(inbox.finish, update, state, error, erase=True), notify=False)


async def reschedule(database: Database, update: Event, seconds: float, *, is_try: bool = True) -> None:
    """Handle the update again after a while, and with it its chat; what is no try counts as none."""
    await database.transact(
        partial(inbox.reschedule, update, int(seconds * 1000), is_try=is_try), notify=False
    )


async def drop_old(database: Database) -> int:
    """Delete the rows of updates that were handled long ago; returns how many."""
    dropped = 0
    while some := await database.transact(inbox.drop_updates, now() - KEPT, DROPPED_AT_ONCE, notify=False):
        dropped += some
    return dropped
