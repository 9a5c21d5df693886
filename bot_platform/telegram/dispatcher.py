"""Builds the dispatcher: routers, middlewares and error replies; and sets the menu of commands."""

from collections.abc import Iterable, Mapping, Sequence

import structlog
from aiogram import Bot, Dispatcher, F
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import BotCommand, BotCommandScopeChat

from bot_platform.domain.packages import PriceList
from bot_platform.flows.context import PaymentContext
from bot_platform.infra.database import Database
from bot_platform.telegram import error_replies
from bot_platform.telegram.middleware import AnswerCallback, LoadUser, ReplyToRefusals
from bot_platform.telegram.refusals import Channel
from bot_platform.telegram.routers import home, operator, operator_actions, operator_broadcast, shop, work
from bot_platform.telegram.texts import Texts, code_of
from bot_platform.work.engine.kind import JobKind
from bot_platform.work.engine.orders import Orders

log = structlog.get_logger()

# The menu; the commands of paid work come after "start".
JOB_COMMANDS = ("jobs", "cancel", "new", "forget")
ADMIN = "admin"
COMMANDS = (
    *("start", "buy", "balance", "history", *JOB_COMMANDS),
    *("help", "paysupport", "support", "terms", "privacy"),
)


def dispatcher(
    *,
    database: Database,
    payments: PaymentContext,
    orders: Orders,
    prices: PriceList,
    texts: Texts,
    welcome_credits: int,
) -> Dispatcher:
    """Build the dispatcher; handlers may declare each of these names as an argument."""
    built = Dispatcher(
        disable_fsm=True,
        database=database,
        payments=payments,
        orders=orders,
        prices=prices,
        texts=texts,
        welcome_credits=welcome_credits,
    )
    built.callback_query.outer_middleware(AnswerCallback())
    for observer in (built.message, built.callback_query):
        observer.outer_middleware(LoadUser(database, texts))
        observer.outer_middleware(ReplyToRefusals(Channel.USER))
    built.message.filter(F.chat.type == "private")
    # The first router with a reply to an error sends it, so the general reply is last.
    built.include_routers(
        operator_actions.screen(texts, payments.operators),
        operator_broadcast.screen(payments.operators),
        operator.screen(texts, payments.operators),
        home.screen(),
        work.screen(orders),
        shop.screen(prices),
        home.last_resort(),
        error_replies.error_router(),
    )
    return built


def names_of_commands(kinds: Iterable[str]) -> frozenset[str]:
    """Return the names of all commands that have an answer, with those of the `kinds` of paid work."""
    return frozenset({*COMMANDS, ADMIN, *(kind.casefold() for kind in kinds)})


async def set_commands(bot: Bot, texts: Texts, kinds: Mapping[str, JobKind]) -> None:
    """Set the menu of commands in every language."""
    for language in texts.languages:
        await bot.set_my_commands(_menu(texts, kinds, language), language_code=code_of(language))


async def set_admin_commands(
    bot: Bot, texts: Texts, kinds: Mapping[str, JobKind], operators: Sequence[int]
) -> None:
    """Set the menu of each admin (Telegram ids): the general one, and `/admin` below it."""
    for chat_id in operators:
        for language in texts.languages:
            admin_command = BotCommand(command=ADMIN, description=texts.of_command(ADMIN, "", language))
            try:
                await bot.set_my_commands(
                    [*_menu(texts, kinds, language), admin_command],
                    scope=BotCommandScopeChat(chat_id=chat_id),
                    language_code=code_of(language),
                )
            except TelegramBadRequest as error:  # before the admin presses Start there is no such chat
                log.warning("telegram.no_menu_for_admin", admin=chat_id, says=error.message)


async def is_menu_set(bot: Bot, texts: Texts, kinds: Mapping[str, JobKind]) -> bool:
    """Whether the menu is as `set_commands` would set it."""
    for language in texts.languages:
        wanted = _menu(texts, kinds, language)
        found = await bot.get_my_commands(language_code=code_of(language))
        if [(c.command, c.description) for c in found] != [(c.command, c.description) for c in wanted]:
            return False
    return True


def _menu(texts: Texts, kinds: Mapping[str, JobKind], language: str) -> list[BotCommand]:
    first, *rest = COMMANDS
    descriptions = dict.fromkeys(COMMANDS, "") | {code: kind.help for code, kind in kinds.items()}
    return [
        BotCommand(command=name, description=texts.of_command(name, descriptions[name], language))
        for name in (first, *kinds, *rest)
    ]
