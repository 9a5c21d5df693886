"""Replies to a user after an unexpected error, and raises none itself."""

import structlog
from aiogram import Bot, Router
from aiogram.exceptions import TelegramAPIError, TelegramBadRequest, TelegramForbiddenError
from aiogram.types import CallbackQuery, ErrorEvent, Message
from aiogram.types import User as TelegramUser

from bot_platform.infra import safe_errors
from bot_platform.telegram.contents import thread_of
from bot_platform.telegram.middleware import PASSING_FAULT
from bot_platform.telegram.plain_answers import UnreadableResult
from bot_platform.telegram.texts import DEFAULT, Texts

log = structlog.get_logger()


def error_router() -> Router:
    """Build the router for errors to which no other router replied; include it last."""
    router = Router(name="apologies")
    router.error.register(server_error, ~PASSING_FAULT)
    return router


async def server_error(event: ErrorEvent, bot: Bot, texts: Texts) -> None:
    """Log the error and reply to the user, unless the user has blocked the bot, or has read the answer."""
    if isinstance(event.exception, TelegramForbiddenError):
        log.info("telegram.blocked", update=event.update.update_id)
        return
    if is_answered(event):
        return
    log.error(
        "telegram.handler_failed", update=event.update.update_id, **safe_errors.describe(event.exception)
    )
    log.debug("telegram.traceback", exc_info=event.exception)
    source = event.update.message or event.update.callback_query
    if source and source.from_user:
        await send_apology(bot, texts, source, source.from_user, "server-error")


def is_answered(event: ErrorEvent) -> bool:
    """Whether the answer reached the user, and only Telegram's report of it cannot be read; logs that."""
    if not isinstance(event.exception, UnreadableResult):
        return False
    log.error("telegram.unreadable_result", method=type(event.exception.method).__name__)
    return True


async def send_apology(
    bot: Bot, texts: Texts, about: Message | CallbackQuery, to: TelegramUser, text: str
) -> None:
    """Send a text, by its name, in the user's language, to where the update came from.

    Where that topic is gone, it is sent to the chat. An error of Telegram is only logged.
    """
    said, thread = texts.say(text, to.language_code or DEFAULT), thread_of(about)
    for place in dict.fromkeys((thread, None)):
        try:
            await bot.send_message(to.id, said, message_thread_id=place)
        except TelegramBadRequest as error:
            log.warning("telegram.could_not_apologise", error=error.message)
        except TelegramAPIError as error:
            log.warning("telegram.could_not_apologise", error=error.message)
            return
        else:
            return
