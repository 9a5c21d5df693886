"""The arguments that handlers may declare: the user, the language, the texts, the update's key."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import structlog
from aiogram import BaseMiddleware, Bot
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.filters import ExceptionTypeFilter
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, TelegramObject
from aiogram.types import User as TelegramUser

from bot_platform.domain import users
from bot_platform.domain.errors import NoAccount, Refusal
from bot_platform.flows.arrive import come_back
from bot_platform.infra.database import Database
from bot_platform.infra.database_errors import LOST_CONNECTION
from bot_platform.telegram.contents import thread_of
from bot_platform.telegram.operator_buttons import Buttons
from bot_platform.telegram.refusals import Channel, explain
from bot_platform.telegram.texts import DEFAULT, Texts

log = structlog.get_logger()

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]

# What handlers may declare beside the names that the dispatcher was built with: what the middlewares below
# provide, and the `request_key` that comes with each update.
PROVIDED = frozenset({"known_user", "user", "language", "say", "request_key", "buttons", "reply"})
# Telegram or the database failed. The update is handled again later, so the user gets no error message.
PASSING = (TelegramNetworkError, TelegramRetryAfter, TelegramServerError, *LOST_CONNECTION)
PASSING_FAULT = ExceptionTypeFilter(*PASSING)
CALLBACK_TIMEOUT_SECONDS = 5  # to answer a pressed button: its spinner is not worth a longer wait


class AnswerCallback(BaseMiddleware):
    """Stops the spinner of a pressed button before anything else happens."""

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Answer the callback, then handle it, even if it is too old to be answered."""
        if isinstance(event, CallbackQuery):
            try:
                await event.answer(request_timeout=CALLBACK_TIMEOUT_SECONDS)
            except TelegramBadRequest as error:
                log.info("telegram.callback_too_old", says=error.message)
            except TelegramAPIError as error:
                log.warning("telegram.callback_not_answered", error=error.message)
        return await handler(event, data)


class LoadUser(BaseMiddleware):
    """Finds the sender of an update, and the language for the answer."""

    def __init__(self, database: Database, texts: Texts) -> None:
        self._database, self._texts = database, texts

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Provide `known_user` (None before /start), `language` and `say`."""
        sender: TelegramUser | None = data.get("event_from_user")
        if sender is None:
            return None  # a channel's post has no sender to answer
        known_user = await users.find(sender.id)
        if known_user and known_user.blocked_bot:
            await come_back(self._database, known_user)
        language = known_user.language if known_user else sender.language_code or DEFAULT

        def say(name: str, /, **values: Any) -> str:
            return self._texts.say(name, language, **values)

        data |= {"known_user": known_user, "language": language, "say": say}
        return await handler(event, data)


class Registered(BaseMiddleware):
    """Lets an update pass only if its sender has an account."""

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Provide `user`; raises NoAccount for a sender who never pressed Start."""
        if data["known_user"] is None:
            raise NoAccount
        data["user"] = data["known_user"]
        return await handler(event, data)


class Reply(Protocol):
    """Sends a message to the sender of the update."""

    async def __call__(self, text: str, buttons: InlineKeyboardMarkup | None = None) -> None:
        """Send a message, with buttons under it if there are any."""


class Operating(BaseMiddleware):
    """Provides the means by which an operator's screen answers."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Provide `buttons` and `reply`."""
        bot: Bot = data["bot"]
        operator: TelegramUser = data["event_from_user"]

        async def reply(text: str, buttons: InlineKeyboardMarkup | None = None) -> None:
            some = buttons if buttons and buttons.inline_keyboard else None
            await bot.send_message(operator.id, text, message_thread_id=thread_of(event), reply_markup=some)

        data |= {"buttons": Buttons(self._texts, data["language"]), "reply": reply}
        return await handler(event, data)


class ReplyToRefusals(BaseMiddleware):
    """Answers a refusal with its text, in the words of a channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Catch refusals only: any other exception is an error, and goes to the error handlers."""
        try:
            return await handler(event, data)
        except Refusal as refusal:
            bot: Bot = data["bot"]
            sender: TelegramUser = data["event_from_user"]
            text = explain(refusal, self._channel, data["say"])
            return await bot.send_message(sender.id, text, message_thread_id=thread_of(event))
