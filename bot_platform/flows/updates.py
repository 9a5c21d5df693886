"""Telegram updates: stored before they are confirmed to Telegram, handled once, dropped after a week."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from bot_platform.domain import inbox, outbox
from bot_platform.domain.inbox import Event, EventState, GivenUp
from bot_platform.domain.places import Place
from bot_platform.infra.clock import now
from bot_platform.infra.database import Database

RETENTION = timedelta(days=7)  # Telegram keeps an update for a day; after a week none is delivered again
MARGIN = timedelta(days=1)  # for clocks that differ
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
PAGE_SIZE = 1000  # rows deleted at a time


@dataclass(frozen=True, slots=True)
class IncomingUpdate:
    """One update, by Telegram's ids; those of one chat are handled in order."""

    update_id: int
    sender_id: int
    chat_id: int
    payload: dict[str, Any]


async def store(database: Database, bot_id: int, updates: Sequence[IncomingUpdate]) -> None:
    """Store updates of a bot; a repeated one changes nothing."""
    if updates:
        await database.transact(_store, bot_id, updates)


async def claim(database: Database, limit: int) -> Sequence[Event]:
    """Lease the oldest waiting update of each chat, at most `limit`."""
    if not await database.transact(inbox.any_to_claim, inbox.UPDATES, notify=False):
        return []
    return await database.transact(inbox.claim, inbox.UPDATES, limit, notify=False)


async def renew(database: Database, ids: Sequence[int]) -> None:
    """Renew the leases of updates in hand."""
    if ids:
        await database.transact(inbox.renew, ids, notify=False)


async def following(database: Database, update: Event, limit: int) -> Sequence[Event]:
    """Read the updates of the same chat that wait behind one in hand, at most `limit`."""
    return await database.transact(inbox.following, update, limit, notify=False)


async def handled(
    database: Database, update: Event, error: str | None = None, *, parts: Sequence[Event] = ()
) -> None:
    """Finish an update, and others that were handled as its `parts`, and erase their texts.

    `error` when it could not be handled.
    """
    state = EventState.FAILED if error else EventState.HANDLED

    async def story() -> None:
        for one in (update, *parts):
            await inbox.finish(one, state, error, erase=True)

    await database.transact(story, notify=False)


async def give_up(
    database: Database,
    operators: Sequence[int],
    update: Event,
    why: GivenUp,
    sender: int | None,
    place: Place,
) -> None:
    """Close an update that cannot be handled, and say so to its sender, in the place where it was sent.

    The operators get one alert a day for each reason.
    """

    async def story() -> None:
        await inbox.finish(update, EventState.FAILED, why, erase=True)
        if sender:
            text = "update-unreadable" if why is GivenUp.UNREADABLE else "server-error"
            key, rank = f"{update.key}:given-up", outbox.OTHER
            await outbox.post(key, sender, f"chat:{sender}", text, rank=rank, place=place)
        key, user = f"update-given-up:{why}:{now().date()}", str(sender) if sender else "none"
        await outbox.post_to_each(operators, key, key, "operator-update-given-up", why=why.value, user=user)

    await database.transact(story)


async def reschedule(database: Database, update: Event, seconds: float, *, is_try: bool = True) -> None:
    """Handle an update again after `seconds`; later updates of its chat wait behind it.

    With `is_try=False` this attempt is not counted.
    """
    await database.transact(
        partial(inbox.reschedule, update, int(seconds * 1000), is_try=is_try), notify=False
    )


async def drop_old(database: Database, last: int = 0) -> int:
    """Delete updates that were handled longer ago than RETENTION; return how many.

    `last` is when this was done before, in unix seconds: what is older than that is not looked at again.
    """
    since = datetime.fromtimestamp(last, UTC) - RETENTION - MARGIN if last else LONG_AGO
    over, dropped = now() - RETENTION, 0
    while some := await database.transact(inbox.drop_updates, since, over, PAGE_SIZE, notify=False):
        dropped += some
    return dropped


async def _store(bot_id: int, updates: Sequence[IncomingUpdate]) -> None:
    for one in updates:
        await inbox.receive_update(bot_id, one.sender_id, one.update_id, one.payload, lane=one.chat_id)
