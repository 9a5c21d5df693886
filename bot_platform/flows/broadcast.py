"""Broadcasts: an operator sees a draft, starts it, and may stop it; it is sent in small batches."""

from typing import Any

from bot_platform.domain import actions, audience, broadcasts, outbox, schedules
from bot_platform.domain.broadcasts import MAX_TEXT_CHARS, Broadcast, BroadcastState
from bot_platform.domain.errors import CannotBroadcast
from bot_platform.domain.outbox import BROADCAST, OTHER
from bot_platform.infra.database import Database
from bot_platform.infra.sql import advisory_lock, json_safe

SAID = "broadcast"  # the text name of its notices: the words are the operator's
TURN = "broadcast"  # the schedule: one batch a second for all replicas together
BATCH_INTERVAL_MS = 1000
BATCH = 20  # Telegram takes 30 messages a second: the rest is for urgent notices
WAITING = 20  # unsent messages at most: a stop withdraws them, and no notice about money waits behind them
QUOTED = 200  # characters of its text that the progress message shows
SHOWN_EVERY = 4  # batches between two updates of the progress message
SHOWN_EACH = 250  # to count many messages takes long: one more batch between two counts for so many


async def draft(database: Database, chat_id: int, text: str, request_key: str) -> None:
    """Show an operator the message as it would be sent, and to how many users; send nothing.

    Raises CannotBroadcast when it is too long.
    """
    said = json_safe(text)
    if len(said.encode("utf-16-le")) > 2 * MAX_TEXT_CHARS:  # Telegram counts in UTF-16
        raise CannotBroadcast("admin-say-too-long", most=str(MAX_TEXT_CHARS))

    people = await _count_recipients(database)

    async def story() -> None:
        key = f"say:{request_key}"
        await outbox.post(
            key, chat_id, key, "admin-say-draft", rank=OTHER, says=said, people=people, draft=request_key
        )

    await database.transact(story)


async def begin(database: Database, chat_id: int, request_key: str) -> None:
    """Start to send a draft, once; raises CannotBroadcast."""
    people = await _count_recipients(database)

    async def story() -> None:
        await advisory_lock(TURN)
        shown = await outbox.find(f"say:{request_key}")
        if shown is None or shown.chat_id != chat_id:
            raise CannotBroadcast("admin-draft-gone")
        if shown.text != "admin-say-draft":
            return  # it was started or dropped before
        if await broadcasts.running():
            raise CannotBroadcast("admin-say-one-runs")
        by = actions.telegram(chat_id)
        said = shown.text_values["says"]
        begun = await broadcasts.begin(request_key, by, said, people)
        await actions.record(by, "say", begun.subject, people=begun.people, text=said)
        await _show(begun)

    await database.transact(story)


async def drop(database: Database, chat_id: int, request_key: str) -> None:
    """Drop a draft: it can no longer be started."""

    async def story() -> None:
        await advisory_lock(TURN)
        shown = await outbox.find(f"say:{request_key}")
        if shown and shown.chat_id == chat_id and shown.text == "admin-say-draft":
            await outbox.rewrite(shown.subject, "admin-say-dropped")

    await database.transact(story)


async def stop(database: Database, broadcast_id: int, by: str) -> bool:
    """Stop a broadcast; return False when it had ended before."""

    async def story() -> bool:
        broadcast = await broadcasts.lock(broadcast_id)
        if broadcast is None or not await broadcasts.end(broadcast, BroadcastState.STOPPED):
            return False
        await outbox.withdraw(broadcast.subject)
        broadcast.state = BroadcastState.STOPPED
        await actions.record(by, "stop", broadcast.subject, written=broadcast.written)
        await _show(broadcast)
        return True

    return await database.transact(story)


async def _count_recipients(database: Database) -> int:
    async with database.reader() as ask:
        return await audience.size(ask)


async def send_batch(database: Database) -> None:
    """Write the next notices of the running broadcast, if there is one and it is time."""
    if await broadcasts.running() is None:
        return
    await database.transact(write_batch)


async def write_batch() -> None:
    """Write the next notices, if it is time; part of a transaction."""
    turn = await schedules.claim(TURN, BATCH_INTERVAL_MS, early=False)
    if turn is None:
        return  # another replica has written this batch
    await schedules.finish(TURN, turn + 1, BATCH_INTERVAL_MS)
    running = await broadcasts.running()
    broadcast = await broadcasts.lock(running.id) if running else None
    if broadcast is None or broadcast.state is not BroadcastState.RUNNING:
        return
    waiting = await outbox.unsent(BROADCAST)
    room = min(BATCH, WAITING - waiting)
    people = await audience.after(broadcast.after, room) if room > 0 else []
    for one in people:
        await outbox.post(
            f"{broadcast.subject}:{one.user_id}",
            one.telegram_id,
            broadcast.subject,
            SAID,
            rank=BROADCAST,
            broadcast=broadcast.id,
        )
    if people:
        await broadcasts.advance(broadcast, len(people), people[-1].user_id)
    elif not waiting:
        await broadcasts.end(broadcast, BroadcastState.DONE)
        broadcast.state = BroadcastState.DONE
    if (
        turn % max(SHOWN_EVERY, broadcast.written // SHOWN_EACH) == 0
        or broadcast.state is BroadcastState.DONE
    ):
        await _show(broadcast)


async def _show(broadcast: Broadcast) -> None:
    """Rewrite the progress message in the chat of the operator who started it."""
    about = f"say:{broadcast.request_key}"
    await outbox.rewrite(about, "admin-say-progress", **await progress(broadcast))


async def progress(broadcast: Broadcast) -> dict[str, Any]:
    """Return the progress of a broadcast: how many messages are sent, undeliverable, and left."""
    sent, unreached = broadcast.sent, broadcast.unreached
    if sent is None or unreached is None:
        told = await outbox.tally(broadcast.subject)
        sent, unreached = told.sent, told.dead
    return {
        "broadcast": broadcast.id,
        "state": broadcast.state.value,
        "sent": sent,
        "unreached": unreached,
        "left": max(0, broadcast.people - sent - unreached),
        "says": broadcast.text if len(broadcast.text) <= QUOTED else f"{broadcast.text[:QUOTED]}…",
    }
