"""Sends notices: a new one as a message, a rewritten one as an edit of it."""

from dataclasses import replace
from functools import partial
from typing import Any

import structlog
from aiogram import Bot
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
)
from aiogram.types import LinkPreviewOptions

from bot_platform.domain import outbox, users
from bot_platform.domain.outbox import Notice
from bot_platform.domain.packages import PriceList
from bot_platform.flows import deliver
from bot_platform.infra import correlation
from bot_platform.infra.database import Database
from bot_platform.infra.database_errors import LOST_CONNECTION
from bot_platform.infra.worker import LeaseWorker
from bot_platform.telegram import notices
from bot_platform.telegram.rendering import OutgoingMessage
from bot_platform.telegram.texts import DEFAULT, Texts

log = structlog.get_logger()

TRIES = 3  # of a notice that breaks the sender itself
NOT_MODIFIED, GONE = "not modified", "message to edit not found"
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)  # an answer's links are not what it is about
ONE_UPLOAD = 30  # seconds
ONE_SEND = 10  # seconds before a silent Telegram counts as a fault
LONGEST_PAUSE = 10.0  # seconds: a notice leaves within 30 of a fault's end
AT_ONCE = 256  # chats: those that wait for a silent Telegram hold up no other


class Sender:
    """Carries notices from the outbox to Telegram."""

    def __init__(
        self, database: Database, bot: Bot, texts: Texts, prices: PriceList, *, local_links: bool
    ) -> None:
        self._database, self._bot, self._texts, self._prices = database, bot, texts, prices
        self._local_links = local_links

    def worker(self) -> LeaseWorker[Notice]:
        """Build the loop that sends whatever the outbox holds."""
        return LeaseWorker(
            "notices",
            claim=partial(deliver.claim, self._database),
            handle=self.send,
            renew=partial(deliver.renew, self._database),
            concurrency=AT_ONCE,
            on_error=self._broke,
            cooldown=outbox.CHAT_INTERVAL_MS / 1000,
        )

    async def send(self, notice: Notice) -> None:
        """Send or edit one notice and mark what became of it."""
        with correlation.scope(notice.request or notice.key, notice=notice.key, chat=notice.chat_id):
            await self._carry(notice)

    async def _carry(self, notice: Notice) -> None:
        try:
            message_id = await self._say(notice)
        except TelegramForbiddenError as fault:
            await deliver.dead(self._database, notice, fault.message, blocked=True)
        except TelegramBadRequest as fault:
            await self._refused(notice, fault)
        except TelegramRetryAfter as fault:
            await deliver.reschedule(self._database, notice, fault.retry_after, fault.message)
        except (TelegramNetworkError, TelegramAPIError) as fault:
            pause = min(LONGEST_PAUSE, 0.5 * 2 ** min(notice.attempts, 10))
            log.warning("notice.fault", error=fault.message[:300], attempts=notice.attempts)
            await deliver.reschedule(self._database, notice, pause, fault.message[:1000])
        else:
            await deliver.sent(self._database, notice, message_id)
            tell = log.debug if notice.message_id else log.info  # a stream of edits is one message
            tell("notice.sent", text=notice.text, attempts=notice.attempts)

    async def _broke(self, notice: Notice, fault: Exception) -> None:
        """Let a notice wait that met what nobody foresaw; one that always does is given up for its chat."""
        if notice.attempts >= TRIES and not isinstance(fault, LOST_CONNECTION):
            await deliver.dead(self._database, notice, repr(fault)[:1000], blocked=False)
            return
        await deliver.reschedule(self._database, notice, 1.0, f"{type(fault).__name__}: {fault}"[:1000])

    async def _say(self, notice: Notice) -> int:
        user = await users.find(notice.chat_id)
        language = user.language if user else DEFAULT
        letter = await notices.compose(
            notice, self._texts, language, self._prices, local_links=self._local_links
        )
        try:
            return await self._send(notice, letter)
        except TelegramBadRequest as fault:
            if not letter.entities or NOT_MODIFIED in fault.message:
                raise
            # A model may write a link that Telegram takes for none; its words matter more than their format.
            log.warning("notice.format_refused", error=fault.message)
            return await self._send(notice, replace(letter, entities=None))

    async def _send(self, notice: Notice, letter: OutgoingMessage) -> int:
        if letter.file:
            message = await self._bot.send_document(
                notice.chat_id,
                letter.file,
                caption=letter.text,
                reply_markup=letter.buttons,
                request_timeout=ONE_UPLOAD,
            )
            return message.message_id
        looks: dict[str, Any] = {
            "entities": letter.entities,
            "link_preview_options": NO_PREVIEW,
            "reply_markup": letter.buttons,
            "request_timeout": ONE_SEND,
        }
        if notice.message_id is not None:
            try:
                await self._bot.edit_message_text(
                    letter.text, chat_id=notice.chat_id, message_id=notice.message_id, **looks
                )
            except TelegramBadRequest as fault:
                # Whoever deleted the message of their work has paid for what it was to say.
                if GONE not in fault.message or not notice.subject.startswith("job:"):
                    raise
            else:
                return notice.message_id
        return (await self._bot.send_message(notice.chat_id, letter.text, **looks)).message_id

    async def _refused(self, notice: Notice, fault: TelegramBadRequest) -> None:
        """Take a 400 for final: the same request would be refused again."""
        if notice.message_id is not None and NOT_MODIFIED in fault.message:
            await deliver.sent(self._database, notice, notice.message_id)
            return
        log.error("notice.refused", text=notice.text, error=fault.message)
        await deliver.dead(self._database, notice, fault.message, blocked=False)
