"""Builds the dispatcher: screens, middlewares, and the answer when something breaks."""

from aiogram import Bot, Dispatcher, F
from aiogram.types import BotCommand

from bot_platform.database import Database
from bot_platform.domain.packages import PriceList
from bot_platform.flows.till import Till
from bot_platform.telegram import apologies
from bot_platform.telegram.middleware import Acquaint, AnswerFirst, SayNo
from bot_platform.telegram.routers import home, shop
from bot_platform.telegram.texts import Texts

COMMANDS = ("start", "buy", "balance", "history", "help", "paysupport", "terms")


def dispatcher(
    *,
    database: Database,
    till: Till,
    prices: PriceList,
    texts: Texts,
    welcome_credits: int,
) -> Dispatcher:
    """Build the dispatcher; every name given here is one that handlers may ask for."""
    built = Dispatcher(
        disable_fsm=True,
        database=database,
        till=till,
        prices=prices,
        texts=texts,
        welcome_credits=welcome_credits,
    )
    built.callback_query.outer_middleware(AnswerFirst())
    for observer in (built.message, built.callback_query):
        observer.outer_middleware(Acquaint(database, texts))
        observer.outer_middleware(SayNo())
    built.message.filter(F.chat.type == "private")
    # The first router that has words for a fault says them, so the general apology is last.
    built.include_routers(home.screen(), shop.screen(prices), home.last_resort(), apologies.last_words())
    return built


async def set_commands(bot: Bot, texts: Texts) -> None:
    """Set the menu of commands in every language."""
    for language in texts.languages:
        commands = [
            BotCommand(command=name, description=texts.say(f"command-{name}", language)) for name in COMMANDS
        ]
        await bot.set_my_commands(commands, language_code=None if language == "en" else language)
