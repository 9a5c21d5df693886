"""Sends notices: a new one as a message, a rewritten one as an edit of it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import structlog
from aiogram import Bot
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramRetryAfter,
)
from aiogram.types import LinkPreviewOptions, ReplyParameters

from bot_platform.domain import outbox_leases, users
from bot_platform.domain.outbox import Notice
from bot_platform.domain.packages import PriceList
from bot_platform.domain.places import ANYWHERE, Place
from bot_platform.flows import deliver
from bot_platform.infra import correlation, redaction, safe_errors
from bot_platform.infra.backoff import backoff
from bot_platform.infra.database import Database
from bot_platform.infra.database_errors import LOST_CONNECTION
from bot_platform.infra.worker import LeaseWorker
from bot_platform.telegram import notices
from bot_platform.telegram.plain_answers import UnreadableResult
from bot_platform.telegram.rendering import OutgoingMessage
from bot_platform.telegram.texts import DEFAULT, Texts

log = structlog.get_logger()

MAX_ATTEMPTS = 3  # for a notice that raises an unexpected error
MAX_DESCRIPTION_CHARS = 1000
NOT_MODIFIED, GONE = "not modified", "message to edit not found"
FINAL = (TelegramBadRequest, TelegramEntityTooLarge, TelegramMigrateToChat)  # the same would be refused again
UNKNOWN_MESSAGE_ID = 0  # of a message that was sent, but whose id could not be read
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)  # an answer is not about its links
UPLOAD_TIMEOUT_SECONDS = 30
SEND_TIMEOUT_SECONDS = 10
FIRST_PAUSE_SECONDS = 1.0
MAX_PAUSE_SECONDS = 10.0  # a notice leaves within 30 seconds after the end of a fault
CONCURRENCY = 256  # chats: those for which Telegram does not answer delay no other

Send = Callable[[Notice, OutgoingMessage], Awaitable[int]]


class Sender:
    """Sends the notices of the outbox to Telegram."""

    def __init__(
        self,
        database: Database,
        bot: Bot,
        texts: Texts,
        prices: PriceList,
        *,
        operators: Sequence[int],
        local_links: bool,
    ) -> None:
        self._database, self._bot, self._texts, self._prices = database, bot, texts, prices
        self._operators, self._local_links = operators, local_links

    def worker(self) -> LeaseWorker[Notice]:
        """Build the worker that sends what the outbox holds."""
        return LeaseWorker(
            "notices",
            claim=partial(deliver.claim, self._database),
            handle=self.handle,
            renew=partial(deliver.renew, self._database),
            concurrency=CONCURRENCY,
            on_error=self._handle_error,
            cooldown=outbox_leases.CHAT_INTERVAL_MS / 1000,
        )

    async def handle(self, notice: Notice) -> None:
        """Send or edit one notice, and store the result."""
        with correlation.scope(notice.request or notice.key, notice=notice.key, chat=notice.chat_id):
            await self._deliver(notice)

    async def _deliver(self, notice: Notice) -> None:
        try:
            message_id = await self._send(notice)
        except TelegramForbiddenError as error:
            log.info("notice.blocked", error=_description(error))
            await deliver.blocked(self._database, notice)
        except FINAL as error:
            await self._handle_refusal(notice, error)
        except TelegramRetryAfter as error:
            await deliver.reschedule(self._database, notice, error.retry_after, _description(error))
        except (TelegramNetworkError, TelegramAPIError) as error:
            pause = backoff(notice.attempts, first=FIRST_PAUSE_SECONDS, most=MAX_PAUSE_SECONDS)
            log.warning("notice.fault", error=_description(error), attempts=notice.attempts)
            await deliver.reschedule(self._database, notice, pause, _description(error))
        else:
            await deliver.sent(self._database, notice, message_id)
            write = log.debug if notice.message_id else log.info  # an answer that grows is edited often
            write("notice.sent", text=notice.text, attempts=notice.attempts)

    async def _handle_error(self, notice: Notice, fault: Exception) -> None:
        """Retry after an unexpected error; after MAX_ATTEMPTS give the notice up, or its chat would stop."""
        if notice.attempts >= MAX_ATTEMPTS and not isinstance(fault, LOST_CONNECTION):
            await self._give_up(notice, safe_errors.text(fault))
            return
        await deliver.reschedule(self._database, notice, 1.0, safe_errors.text(fault))

    async def _send(self, notice: Notice) -> int:
        """Compose a notice and send it; return Telegram's message id."""
        user = await users.find(notice.chat_id)
        language = user.language if user else DEFAULT
        message = await notices.compose(
            notice, self._texts, language, self._prices, local_links=self._local_links
        )
        try:
            return await self._deliver_message(notice, message)
        except UnreadableResult as error:  # Telegram took it, and answered with something new
            return error.message_id or notice.message_id or UNKNOWN_MESSAGE_ID

    async def _deliver_message(self, notice: Notice, message: OutgoingMessage) -> int:
        """Edit the message of a notice, or send a new one; raises what Telegram refuses."""
        if notice.message_id is None or message.file:
            return await self._send_new(notice, message)
        try:
            return await self._try_without_format(self._edit, notice, message)
        except TelegramBadRequest as error:
            # Whatever is wrong with the old message (deleted, too old, of another bot): its user has paid
            # for what it was to say, so it is sent as a new message.
            passing = notices.rendering_of(notice.text).passing and GONE not in _description(error)
            if passing or NOT_MODIFIED in _description(error) or not notice.is_about_a_job:
                raise
            log.info("notice.sent_anew", error=_description(error))
        return await self._send_new(notice, message)

    async def _send_new(self, notice: Notice, message: OutgoingMessage) -> int:
        """Send a message in its place; if Telegram knows that topic or message no longer, in the chat."""
        place = Place(notice.thread_id, notice.reply_to)
        try:
            return await self._try_without_format(partial(self._send_at, place), notice, message)
        except TelegramBadRequest as error:
            if place == ANYWHERE:
                raise
            log.warning("notice.place_refused", error=_description(error))
        return await self._try_without_format(partial(self._send_at, ANYWHERE), notice, message)

    async def _try_without_format(self, send: Send, notice: Notice, message: OutgoingMessage) -> int:
        """Send a message; if Telegram refuses it, send it once more without its format.

        A model may write a link that is invalid for Telegram. Its words matter more than their format.
        """
        try:
            return await send(notice, message)
        except TelegramBadRequest as error:
            if not message.entities or any(known in _description(error) for known in (NOT_MODIFIED, GONE)):
                raise
            log.warning("notice.format_refused", error=_description(error))
        return await send(notice, replace(message, entities=None))

    async def _edit(self, notice: Notice, message: OutgoingMessage) -> int:
        assert notice.message_id is not None  # noqa: S101 -- _deliver_message has looked
        await self._bot.edit_message_text(
            message.text, chat_id=notice.chat_id, message_id=notice.message_id, **_options(message)
        )
        return notice.message_id

    async def _send_at(self, place: Place, notice: Notice, message: OutgoingMessage) -> int:
        where: dict[str, Any] = {"message_thread_id": place.thread_id, "reply_parameters": _reply_to(place)}
        if message.file:
            sent = await self._bot.send_document(
                notice.chat_id,
                message.file,
                caption=message.text,
                reply_markup=message.buttons,
                request_timeout=UPLOAD_TIMEOUT_SECONDS,
                **where,
            )
        else:
            sent = await self._bot.send_message(notice.chat_id, message.text, **_options(message), **where)
        return sent.message_id

    async def _handle_refusal(self, notice: Notice, error: TelegramAPIError) -> None:
        """Give up after a refusal that would be repeated."""
        if notice.message_id is not None and NOT_MODIFIED in _description(error):
            await deliver.sent(self._database, notice, notice.message_id)
            return
        await self._give_up(notice, _description(error))

    async def _give_up(self, notice: Notice, error: str) -> None:
        """Give a notice up, and alert the operators, unless a later text of the same message replaces it."""
        if notices.rendering_of(notice.text).passing:
            log.info("notice.passed", text=notice.text, error=error)
            await deliver.withdraw(self._database, notice)
            return
        log.error("notice.refused", text=notice.text, error=error)
        await deliver.dead(self._database, self._operators, notice, error)


def _reply_to(place: Place) -> ReplyParameters | None:
    if place.message_id is None:
        return None
    return ReplyParameters(message_id=place.message_id, allow_sending_without_reply=True)


def _options(message: OutgoingMessage) -> dict[str, Any]:
    return {
        "entities": message.entities,
        "link_preview_options": NO_PREVIEW,
        "reply_markup": message.buttons,
        "request_timeout": SEND_TIMEOUT_SECONDS,
    }


def _description(error: TelegramAPIError) -> str:
    """Return what Telegram said, without secrets; empty when it said nothing."""
    return redaction.redact(error.message or "")[:MAX_DESCRIPTION_CHARS]
