"""Updates come in: stored before they are confirmed, then handled, once, in order per chat."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import structlog
from aiogram import Bot, Dispatcher
from aiogram.exceptions import TelegramRetryAfter
from aiogram.types import Update
from pydantic import ValidationError

from bot_platform.domain import inbox
from bot_platform.domain.inbox import Event
from bot_platform.flows import updates
from bot_platform.infra import correlation, safe_errors
from bot_platform.infra.clock import current
from bot_platform.infra.database import Database
from bot_platform.infra.rate_limit import RateLimiter
from bot_platform.infra.worker import LeaseWorker
from bot_platform.telegram.middleware import PASSING

log = structlog.get_logger()

ALLOWED = ["message", "callback_query", "pre_checkout_query"]
LONG_POLL = 25  # seconds Telegram holds an empty answer back
PAUSE = 0.2
AT_ONCE = 32  # chats
EACH_SECOND, BURST = 10, 30  # updates of one chat; what comes faster waits, and is not lost
TRIES = 6  # of an update that cannot be handled, or whose answer Telegram would not take
SMALLEST_ID, LARGEST_ID = -(2**63), 2**63 - 1


class InvalidUpdate(ValueError):
    """What was sent is not an update of Telegram."""


class UpdateInbox:
    """Stores what Telegram sends, and feeds the dispatcher from what was stored."""

    def __init__(self, database: Database, bot: Bot, dispatcher: Dispatcher) -> None:
        self._database, self._bot, self._dispatcher = database, bot, dispatcher
        self._offset: int | None = None
        self._limiter = RateLimiter(each_second=EACH_SECOND, burst=BURST)

    async def poll(self) -> None:
        """Ask Telegram once; what came is confirmed by the next question, so it is stored first."""
        asked = current().monotonic()
        came = await self._bot.get_updates(
            offset=self._offset,
            timeout=LONG_POLL,
            allowed_updates=ALLOWED,
            request_timeout=LONG_POLL + 10,
        )
        if came:
            await self.store([_as_sent(update) for update in came])
            self._offset = came[-1].update_id + 1
        elif current().monotonic() - asked < PAUSE:
            await current().sleep(PAUSE)  # a server that does not hold its answer back is not to be pestered

    async def store(self, came: Sequence[dict[str, Any]]) -> None:
        """Store updates as Telegram sent them; raises NotAnUpdate."""
        await updates.store(self._database, [(_id(update), _chat(update), update) for update in came])

    def worker(self) -> LeaseWorker[Event]:
        """Build the loop that handles whatever was stored."""
        return LeaseWorker(
            "updates",
            claim=partial(updates.claim, self._database),
            handle=self._handle,
            renew=partial(updates.renew, self._database),
            concurrency=AT_ONCE,
        )

    async def _handle(self, row: Event) -> None:
        with correlation.scope(row.key, chat=row.lane):
            if pause := self._limiter.delay_for(
                row.lane
            ):  # put off, so that it keeps no other chat from its turn
                await updates.reschedule(self._database, row, pause, is_try=False)
            else:
                await self._answer(row)

    async def _answer(self, row: Event) -> None:
        begun, kind = current().monotonic(), _kind(row.payload)
        if row.attempts > TRIES:  # whatever it does, it ends no handler and no process a seventh time
            log.error("telegram.gave_up", update=row.key, attempts=row.attempts)
            await updates.handled(self._database, row, "gave up")
            return
        if not kind:
            await updates.handled(self._database, row)  # of a kind that nobody asked for
            return
        try:
            update = Update.model_validate(row.payload, context={"bot": self._bot})
            await self._dispatcher.feed_update(self._bot, update)
        except ValidationError as fault:
            log.error("telegram.unreadable_update", update=row.key, **safe_errors.describe(fault))
            await updates.handled(self._database, row, "unreadable")
        except PASSING as fault:
            await self._again(row, fault)
        else:
            await updates.handled(self._database, row)
            took = round(current().monotonic() - begun, 3)
            log.info("telegram.handled", kind=kind, seconds=took, attempts=row.attempts)

    async def _again(self, row: Event, fault: Exception) -> None:
        """Handle the update once more when what failed is back; what it did to the books stays once."""
        pause = fault.retry_after if isinstance(fault, TelegramRetryAfter) else 0.5 * 2**row.attempts
        log.warning("telegram.again", update=row.key, error=str(fault)[:300], seconds=pause)
        await updates.reschedule(self._database, row, pause)


def _kind(update: dict[str, Any]) -> str:
    """Name what an update brings; empty for what nobody asked for."""
    return next((kind for kind in ALLOWED if kind in update), "")


def _as_sent(update: Update) -> dict[str, Any]:
    return update.model_dump(mode="json", by_alias=True, exclude_none=True)


def _id(update: dict[str, Any]) -> int:
    number = update.get("update_id")
    if type(number) is not int or not 0 <= number <= LARGEST_ID:
        raise InvalidUpdate("no update_id")
    return number


def _chat(update: dict[str, Any]) -> int:
    """Find the chat whose updates are handled in order: its id, else the sender's, else the update's own."""
    for kind in ALLOWED:
        event = update.get(kind)
        if not isinstance(event, dict):
            continue
        for holder in (event, event.get("message")):
            chat = holder.get("chat") if isinstance(holder, dict) else None
            if isinstance(chat, dict) and _is_id(chat.get("id")):
                return int(chat["id"])
        sender = event.get("from")
        if isinstance(sender, dict) and _is_id(sender.get("id")):
            return int(sender["id"])
    return _id(update)


def _is_id(value: object) -> bool:
    return type(value) is int and SMALLEST_ID <= value <= LARGEST_ID


def read(body: bytes) -> dict[str, Any]:
    """Read the body of Telegram's webhook; raises NotAnUpdate."""
    try:
        update = inbox.read_json(body)
    except ValueError as fault:
        raise InvalidUpdate("no JSON") from fault
    if not isinstance(update, dict):
        raise InvalidUpdate("no JSON object")
    return update
