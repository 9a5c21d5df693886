"""Incoming updates: stored before they are confirmed, then handled once each, in order within a chat."""

from collections.abc import Container, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from aiogram import Bot, Dispatcher
from aiogram.exceptions import TelegramAPIError, TelegramRetryAfter
from aiogram.types import Update
from pydantic import ValidationError

from bot_platform.domain import inbox
from bot_platform.domain.inbox import Event, GivenUp
from bot_platform.flows import updates
from bot_platform.flows.updates import IncomingUpdate
from bot_platform.infra import clock, correlation, safe_errors
from bot_platform.infra.database import Database
from bot_platform.infra.database_errors import is_transient
from bot_platform.infra.moments import is_recent
from bot_platform.infra.rate_limit import RateLimiter
from bot_platform.infra.sql import json_safe
from bot_platform.infra.worker import LeaseWorker
from bot_platform.telegram import pastes
from bot_platform.telegram.given_up import give_up
from bot_platform.telegram.middleware import PASSING
from bot_platform.telegram.plain_answers import GetPlainUpdates
from bot_platform.telegram.salvage import has_odd_ids, salvage

log = structlog.get_logger()

ALLOWED = ["message", "callback_query", "pre_checkout_query"]
LONG_POLL_SECONDS = 25  # how long Telegram holds an empty answer back
POLL_PAUSE_SECONDS = 0.2
CONCURRENCY = 32  # chats
EACH_SECOND, BURST = 10, 30  # updates of one chat; faster ones wait, and none is lost
MAX_ATTEMPTS = 6  # for an update that ends the process, or its task
# A fault of Telegram or of the database passes: between two attempts it is waited for as long as so far.
FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 1.0, 32.0
PASSING_SECONDS = 3 * 3600  # after this it is given up, because later updates of its chat wait behind it
PARTS_WAIT = timedelta(seconds=pastes.WAIT_SECONDS)
SMALLEST_ID, LARGEST_ID = -(2**63), 2**63 - 1


class InvalidUpdate(ValueError):
    """The body is not a Telegram update."""


class UpdateInbox:
    """Stores what Telegram sends, and feeds the stored updates to the dispatcher."""

    def __init__(
        self,
        database: Database,
        bot: Bot,
        dispatcher: Dispatcher,
        *,
        commands: Container[str],
        operators: Sequence[int],
    ) -> None:
        self._database, self._bot, self._dispatcher = database, bot, dispatcher
        self._commands, self._operators = commands, operators
        self._offset: int | None = None
        self._limiter = RateLimiter(each_second=EACH_SECOND, burst=BURST)

    async def poll(self) -> None:
        """Ask Telegram once. The next question confirms what came, so it is stored first."""
        asked_at = clock.current().monotonic()
        question = GetPlainUpdates(offset=self._offset, timeout=LONG_POLL_SECONDS, allowed_updates=ALLOWED)
        came = [_readable(one) for one in await self._bot(question, request_timeout=LONG_POLL_SECONDS + 10)]
        found = [update for update in came if update is not None]
        if len(found) < len(came):
            log.error("telegram.not_an_update", count=len(came) - len(found))
        if found:
            await self._store_each(found)
            self._offset = max(map(_id, found)) + 1
        elif clock.current().monotonic() - asked_at < POLL_PAUSE_SECONDS:
            await clock.current().sleep(POLL_PAUSE_SECONDS)  # this server does not hold its answer back

    async def store(self, came: Sequence[dict[str, Any]]) -> None:
        """Store updates as Telegram sent them; raises InvalidUpdate."""
        await updates.store(self._database, self._bot.id, [_incoming(update) for update in came])

    async def _store_each(self, found: Sequence[dict[str, Any]]) -> None:
        """Store updates together, or, when that fails, each alone: one must not hold up the others.

        Raises when the database stores nothing at all; then nothing is confirmed, and all come again.
        """
        try:
            await self.store(found)
        except Exception as error:
            if is_transient(error):
                raise
            log.error("telegram.batch_not_stored", count=len(found), **safe_errors.describe(error))
            for update in found:
                await self.store_one(update)

    async def store_one(self, update: dict[str, Any]) -> None:
        """Store one update; if that fails, what is known of it, and then only its number.

        Raises InvalidUpdate, and when not even its number can be stored: then the fault is the database's.
        """
        number = {"update_id": _id(update)}
        for version in (update, salvage(update) or number, number):
            try:
                await self.store([version])
            except Exception as error:
                log.error("telegram.update_not_stored", update=_id(update), **safe_errors.describe(error))
                if version is number or is_transient(error):
                    raise
            else:
                return

    def worker(self) -> LeaseWorker[Event]:
        """Build the worker that handles stored updates."""
        return LeaseWorker(
            "updates",
            claim=partial(updates.claim, self._database),
            handle=self._handle,
            renew=partial(updates.renew, self._database),
            concurrency=CONCURRENCY,
        )

    async def _handle(self, row: Event) -> None:
        with correlation.scope(row.key, chat=row.lane):
            if pause := self._limiter.delay_for(row.lane):  # rescheduled, so that no other chat waits for it
                await updates.reschedule(self._database, row, pause, is_try=False)
            else:
                await self._answer(row)

    async def _answer(self, row: Event) -> None:
        started_at, kind = clock.current().monotonic(), _kind(row.payload)
        if row.attempts > MAX_ATTEMPTS:
            await self._give_up(row, GivenUp.STOPPED)
            return
        if not kind:
            if not row.payload.keys().isdisjoint(ALLOWED):
                log.error("telegram.unreadable_update", update=row.key)
            await updates.handled(self._database, row)  # of a kind that we did not ask for
            return
        payload, parts = await self._joined(row)
        if pause := _wait_for_parts((row, *parts)[-1]):
            await updates.reschedule(self._database, row, pause, is_try=False)
            return
        update = self._read(row.key, payload)
        if update is None:
            await self._give_up(row, GivenUp.UNREADABLE)
            return
        try:
            await self._dispatcher.feed_update(self._bot, update, request_key=row.key)
        except PASSING as fault:
            await self._retry(row, fault)
        else:
            await updates.handled(self._database, row, parts=parts)
            seconds = round(clock.current().monotonic() - started_at, 3)
            log.info("telegram.handled", kind=kind, seconds=seconds, attempts=row.attempts)

    async def _joined(self, row: Event) -> tuple[dict[str, Any], Sequence[Event]]:
        """Return what an update holds together with those that continue its text, and these updates."""
        if not pastes.may_go_on(row.payload):
            return row.payload, ()
        waiting = await updates.following(self._database, row, pastes.MAX_PARTS)
        payload, count = pastes.join(row.payload, [one.payload for one in waiting], self._commands)
        return payload, waiting[:count]

    def _read(self, key: str, payload: dict[str, Any]) -> Update | None:
        """Read an update, or what is readable of it; None when that is not even who wrote what."""
        context = {"bot": self._bot}
        try:
            update = Update.model_validate(payload, context=context)
            if not has_odd_ids(payload):
                return update
        except ValidationError as error:
            log.error("telegram.unreadable_update", update=key, **safe_errors.describe(error))
        try:
            return Update.model_validate(salvage(payload), context=context)
        except ValidationError:
            return None

    async def _retry(self, row: Event, fault: Exception) -> None:
        """Handle the update again later; its request key makes a second write to the books impossible."""
        waited, is_telegrams = _seconds_since(row), isinstance(fault, TelegramAPIError)
        if waited > PASSING_SECONDS:
            await self._give_up(row, GivenUp.TELEGRAM if is_telegrams else GivenUp.DATABASE)
            return
        pause = min(max(FIRST_PAUSE_SECONDS, waited), MAX_PAUSE_SECONDS)
        if isinstance(fault, TelegramRetryAfter):
            pause = fault.retry_after
        said = {"error": safe_errors.words(fault)} if is_telegrams else safe_errors.describe(fault)
        log.warning("telegram.again", update=row.key, seconds=pause, **said)
        # A value that no column takes is an error of the connection for asyncpg, and does not pass.
        await updates.reschedule(self._database, row, pause, is_try=isinstance(fault, ValueError))

    async def _give_up(self, row: Event, why: GivenUp) -> None:
        await give_up(self._database, self._operators, row, why)


def _kind(update: dict[str, Any]) -> str:
    """Return the kind of an update; empty for one that is not in ALLOWED."""
    return next((kind for kind in ALLOWED if isinstance(update.get(kind), dict)), "")


def _wait_for_parts(row: Event) -> float:
    """Return how many seconds to wait for the part behind this one; 0 when they have passed."""
    if not pastes.may_go_on(row.payload) or not is_recent(row.received_at, PARTS_WAIT):
        return 0.0
    return (row.received_at + PARTS_WAIT - clock.now()).total_seconds()


def _seconds_since(row: Event) -> float:
    """Return how long ago an update came."""
    return (clock.now() - row.received_at).total_seconds()


def _readable(update: object) -> dict[str, Any] | None:
    """Return an update that can be stored and confirmed; None for anything without an id."""
    if not isinstance(update, dict) or not _is_update_id(update.get("update_id")):
        return None
    try:
        return {str(name): json_safe(value) for name, value in update.items()}
    except RecursionError:
        return salvage(update) or {"update_id": update["update_id"]}


def _is_update_id(number: object) -> bool:
    return type(number) is int and 0 <= number <= LARGEST_ID


def _id(update: dict[str, Any]) -> int:
    number = update.get("update_id")
    if not _is_update_id(number):
        raise InvalidUpdate("no update_id")
    return int(number or 0)


def _incoming(update: dict[str, Any]) -> IncomingUpdate:
    """Name an update; what does not say its sender has its chat's id there, and the other way round."""
    event = next((event for kind in ALLOWED if isinstance(event := update.get(kind), dict)), {})
    sender = _id_in(event.get("from"))
    chat = next((id_ for part in (event, event.get("message")) if (id_ := _id_in(_get(part, "chat")))), None)
    number = _id(update)
    return IncomingUpdate(number, sender or chat or number, chat or sender or number, update)


def _get(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None


def _id_in(value: object) -> int | None:
    """Return the id of a user or a chat, if it has one that can be stored."""
    id_ = _get(value, "id")
    return id_ if type(id_) is int and SMALLEST_ID <= id_ <= LARGEST_ID else None


def read(body: bytes) -> dict[str, Any]:
    """Parse the body of Telegram's webhook; raises InvalidUpdate."""
    try:
        update = inbox.read_json(body)
    except ValueError as fault:
        raise InvalidUpdate("no JSON") from fault
    if not isinstance(update, dict):
        raise InvalidUpdate("no JSON object")
    return update
