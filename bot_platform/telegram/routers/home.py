"""The first screen: /start, help, terms, and the reply to what was not understood."""

import structlog
from aiogram import Router
from aiogram.enums import ContentType
from aiogram.filters import CommandStart
from aiogram.types import Message

from bot_platform.domain import ledger
from bot_platform.domain.packages import PriceList
from bot_platform.flows import not_read
from bot_platform.flows.arrive import arrive
from bot_platform.infra.database import Database
from bot_platform.telegram import contents, keyboards
from bot_platform.telegram.commands import command
from bot_platform.telegram.texts import Say, Texts
from bot_platform.work.engine.orders import Orders

log = structlog.get_logger()


def screen() -> Router:
    """Build the router of this screen."""
    router = Router(name="home")
    router.message.register(start, CommandStart(ignore_case=True))
    router.message.register(say_help, command("help"))
    router.message.register(say_terms, command("terms"))
    router.message.register(say_privacy, command("privacy"))
    return router


def last_resort() -> Router:
    """Build the router for messages that no other router handled; include it last."""
    router = Router(name="last_resort")
    router.message.register(cannot_read, contents.media)
    router.message.register(not_understood, contents.words)
    router.message.register(stay_silent)
    return router


async def start(
    message: Message,
    database: Database,
    texts: Texts,
    prices: PriceList,
    welcome_credits: int,
    language: str,
    request_key: str,
    say: Say,
) -> None:
    """Register the user, and show the shop."""
    user, new = await arrive(
        database,
        telegram_id=message.chat.id,
        language=language,
        welcome_credits=welcome_credits,
        request_key=request_key,
    )
    if not new:
        account = await ledger.find_account(user.id)
        greeting = say("welcome-back", balance=account.available)
    elif welcome_credits:
        greeting = say("welcome-gift", credits=welcome_credits)
    else:
        greeting = say("welcome")
    await message.answer(greeting, reply_markup=keyboards.shop(texts, language, prices))


async def say_help(message: Message, orders: Orders, texts: Texts, language: str, say: Say) -> None:
    """List what the bot can do."""
    helps = {code: texts.of_command(code, kind.help, language) for code, kind in orders.kinds.items()}
    work = "\n".join(say("help-line", command=code, what=what) for code, what in helps.items())
    await message.answer(say("help", work=work))


async def say_terms(message: Message, say: Say) -> None:
    """Show the terms of sale."""
    await message.answer(say("terms"))


async def say_privacy(message: Message, orders: Orders, say: Say) -> None:
    """Tell what is kept about a user, for how long, and who else gets it."""
    await message.answer(say("privacy", days=orders.context.keep_texts.days))


async def cannot_read(message: Message, database: Database, request_key: str) -> None:
    """Say that only words are read, once for all pictures of an album."""
    key, what = contents.key_of(message, request_key), contents.media(message)
    await not_read.say_only_words(database, key, message.chat.id, contents.place_of(message), what)


async def not_understood(message: Message, say: Say) -> None:
    """Point to the help, and for a forwarded message to the way to ask about it."""
    await message.answer(say("forwarded" if message.forward_origin else "not-understood"))


async def stay_silent(message: Message) -> None:
    """Give no answer to a service message, which Telegram wrote. One of an unknown kind is logged."""
    if message.content_type == ContentType.UNKNOWN:
        log.warning("telegram.unknown_content", fields=sorted(message.model_extra or {}))
