"""Builds the dispatcher: screens, middlewares, and the answer when something breaks."""

from collections.abc import Mapping

from aiogram import Bot, Dispatcher, F
from aiogram.types import BotCommand

from bot_platform.database import Database
from bot_platform.domain.packages import PriceList
from bot_platform.flows.till import Till
from bot_platform.telegram import apologies
from bot_platform.telegram.middleware import Acquaint, AnswerFirst, SayNo
from bot_platform.telegram.routers import home, shop, work
from bot_platform.telegram.texts import Texts
from bot_platform.work.kinds import Kind
from bot_platform.work.workshop import Workshop

# The menu, with the kinds of work after "start".
ABOUT_WORK = ("jobs", "cancel", "new", "forget")
COMMANDS = ("start", "buy", "balance", "history", *ABOUT_WORK, "help", "paysupport", "terms")


def dispatcher(
    *,
    database: Database,
    till: Till,
    workshop: Workshop,
    prices: PriceList,
    texts: Texts,
    welcome_credits: int,
) -> Dispatcher:
    """Build the dispatcher; every name given here is one that handlers may ask for."""
    built = Dispatcher(
        disable_fsm=True,
        database=database,
        till=till,
        workshop=workshop,
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
    built.include_routers(
        home.screen(), work.screen(workshop), shop.screen(prices), home.last_resort(), apologies.last_words()
    )
    return built


async def set_commands(bot: Bot, texts: Texts, kinds: Mapping[str, Kind]) -> None:
    """Set the menu of commands in every language."""
    first, *rest = COMMANDS
    explained = dict.fromkeys(COMMANDS, "") | {code: kind.help for code, kind in kinds.items()}
    for language in texts.languages:
        commands = [
            BotCommand(command=name, description=texts.of_command(name, explained[name], language))
            for name in (first, *kinds, *rest)
        ]
        await bot.set_my_commands(commands, language_code=None if language == "en" else language)
