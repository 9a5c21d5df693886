"""What every handler may ask for by name: the person, their language, the texts, the update's key."""

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
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, TelegramObject, Update
from aiogram.types import User as TelegramUser

from bot_platform.domain import users
from bot_platform.domain.errors import NoAccount, Refusal
from bot_platform.flows.arrive import come_back
from bot_platform.infra.database import Database
from bot_platform.infra.database_errors import LOST_CONNECTION
from bot_platform.telegram.operator_buttons import Buttons
from bot_platform.telegram.refusals import Channel, explain
from bot_platform.telegram.texts import DEFAULT, Texts

log = structlog.get_logger()

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]

# What the middlewares below provide to handlers, beside the dispatcher's own names.
PROVIDED = frozenset({"person", "user", "language", "say", "request_key", "buttons", "reply"})
# Telegram or the database failed: the update is handled again later, so nobody is told of it.
PASSING = (TelegramNetworkError, TelegramRetryAfter, TelegramServerError, *LOST_CONNECTION)
PASSING_FAULT = ExceptionTypeFilter(*PASSING)
PROMPT = 5  # seconds to answer a button; its spinner is not worth more


class AnswerCallback(BaseMiddleware):
    """Stops a button's spinner before anything else happens."""

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Answer the callback; one too old to be answered is still a press."""
        if isinstance(event, CallbackQuery):
            try:
                await event.answer(request_timeout=PROMPT)
            except TelegramBadRequest as fault:
                log.info("telegram.callback_too_old", says=fault.message)
            except TelegramAPIError as fault:
                log.warning("telegram.callback_not_answered", error=fault.message)
        return await handler(event, data)


class LoadUser(BaseMiddleware):
    """Finds out who speaks and in which language to answer."""

    def __init__(self, database: Database, texts: Texts) -> None:
        self._database, self._texts = database, texts

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Provide `person`, `language`, `say` and `request_key`."""
        who: TelegramUser | None = data.get("event_from_user")
        if who is None:
            return None  # a channel speaks: nobody to answer
        update: Update = data["event_update"]
        person = await users.find(who.id)
        if person and person.blocked_bot:
            await come_back(self._database, person)
        language = person.language if person else who.language_code or DEFAULT

        def say(name: str, /, **values: Any) -> str:
            return self._texts.say(name, language, **values)

        data |= {"person": person, "language": language, "say": say, "request_key": f"tg:{update.update_id}"}
        return await handler(event, data)


class Registered(BaseMiddleware):
    """Lets only people with an account pass, and provides them as `user`."""

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Provide `user`; raises NoAccount for somebody who never pressed Start."""
        if data["person"] is None:
            raise NoAccount
        data["user"] = data["person"]
        return await handler(event, data)


class Reply(Protocol):
    """Write to whoever speaks."""

    async def __call__(self, text: str, buttons: InlineKeyboardMarkup | None = None) -> None:
        """Send a message, with buttons under it where there are some."""


class Operating(BaseMiddleware):
    """Provides what an operator's screen answers with."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Provide `buttons` and `reply`."""
        bot: Bot = data["bot"]
        who: TelegramUser = data["event_from_user"]

        async def reply(text: str, buttons: InlineKeyboardMarkup | None = None) -> None:
            some = buttons if buttons and buttons.inline_keyboard else None
            await bot.send_message(who.id, text, reply_markup=some)

        data |= {"buttons": Buttons(self._texts, data["language"]), "reply": reply}
        return await handler(event, data)


class ReplyToRefusals(BaseMiddleware):
    """Answers a refusal with its text, in the words of a channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Answer what was refused; anything else is not ours to catch."""
        try:
            return await handler(event, data)
        except Refusal as no:
            bot: Bot = data["bot"]
            who: TelegramUser = data["event_from_user"]
            return await bot.send_message(who.id, explain(no, self._channel, data["say"]))
