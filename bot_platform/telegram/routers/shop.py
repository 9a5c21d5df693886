"""The shop: packages, the balance, the history, and help with a payment."""

import structlog
from aiogram import Bot, F, Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, ErrorEvent, Message

from bot_platform.domain import ledger, purchases, statement
from bot_platform.domain.ids import parse_id
from bot_platform.domain.packages import PriceList
from bot_platform.domain.places import Place
from bot_platform.domain.purchases import PurchaseState
from bot_platform.domain.users import User
from bot_platform.flows.ask_support import ask_support
from bot_platform.flows.buy import buy
from bot_platform.flows.context import PaymentContext
from bot_platform.flows.recheck_purchase import check
from bot_platform.infra import safe_errors
from bot_platform.infra.database import Database
from bot_platform.telegram import contents, keyboards
from bot_platform.telegram.commands import command
from bot_platform.telegram.error_replies import is_answered, send_apology
from bot_platform.telegram.middleware import PASSING_FAULT, Registered
from bot_platform.telegram.texts import Say, Texts

log = structlog.get_logger()

MAX_ENTRIES = 10  # of the history
MAX_PURCHASES = 5


def screen(prices: PriceList) -> Router:
    """Build the router of this screen; its buttons are the packages of the price list."""
    router = Router(name="shop")
    router.message.middleware(Registered())
    router.callback_query.middleware(Registered())
    router.message.register(shop, command("buy"))
    router.message.register(balance, command("balance"))
    router.message.register(history, command("history"))
    router.message.register(paysupport, command("paysupport", "support"))
    router.callback_query.register(paid, F.data.startswith(keyboards.PAID))
    router.callback_query.register(press)
    codes = [package.code for package in prices]
    router.error.register(could_not_sell, F.update.callback_query.data.in_(codes), ~PASSING_FAULT)
    return router


async def shop(message: Message, texts: Texts, prices: PriceList, language: str, say: Say) -> None:
    """Show the packages."""
    await message.answer(say("shop"), reply_markup=keyboards.shop(texts, language, prices))


async def press(
    query: CallbackQuery, payments: PaymentContext, prices: PriceList, user: User, request_key: str
) -> None:
    """Buy the package whose button was pressed; the reply comes through the outbox."""
    package, place = prices.get(query.data or ""), Place(contents.thread_of(query))
    await buy(payments, user, package, request_key, place)


async def paid(
    query: CallbackQuery,
    bot: Bot,
    payments: PaymentContext,
    texts: Texts,
    user: User,
    language: str,
    say: Say,
) -> None:
    """Look for the payment at once; a receipt comes through the outbox."""
    number = (query.data or "").removeprefix(keyboards.PAID)
    purchase, just_now = await check(payments, user, parse_id(number) or 0)
    if just_now:
        return
    buttons = None
    if purchase.state in {PurchaseState.EXPIRED, PurchaseState.FAILED}:
        buttons = keyboards.again(texts, language, payments.prices, purchase.package)
    await bot.send_message(
        user.telegram_id,
        say("checked", state=purchase.shown_state),
        message_thread_id=contents.thread_of(query),
        reply_markup=buttons,
    )


async def balance(message: Message, user: User, say: Say) -> None:
    """Show the available credits and the held ones."""
    account = await ledger.find_account(user.id)
    lines = [say("balance", balance=account.available)]
    if account.held:
        lines.append(say("balance-held", held=account.held))
    if account.available < 0:
        lines.append(say("balance-debt"))
    if account.banned:
        lines.append(say("balance-banned"))
    if account.frozen:
        lines.append(say("balance-frozen"))
    await message.answer("\n".join([*lines, "", say("balance-more")]))


async def history(message: Message, user: User, say: Say) -> None:
    """Show the last entries of the ledger, newest first."""
    account = await ledger.find_account(user.id)
    entries = await statement.history(account.id, MAX_ENTRIES)
    lines = [
        say(
            "history-line",
            amount=entry.amount,
            kind="returned"
            if entry.kind is ledger.EntryKind.REVERSAL and entry.amount > 0
            else entry.kind.value,
            what=entry.note,
            at=int(entry.created_at.timestamp()),
            after=entry.balance_after,
        )
        for entry in entries
    ]
    await message.answer("\n".join([say("history"), "", *lines]) if lines else say("history-empty"))


async def paysupport(
    message: Message,
    command: CommandObject,
    database: Database,
    payments: PaymentContext,
    user: User,
    request_key: str,
    say: Say,
) -> None:
    """Show help with a payment, or pass a question on to the operators."""
    if command.args:
        name = message.from_user.full_name if message.from_user else ""
        sent = await ask_support(database, payments.operators, user, name, command.args, request_key)
        lines = [say("paysupport-sent") if sent else say("paysupport-alone", user=str(user.telegram_id))]
        if sent and (lost := contents.unread(message, reads_quotes=False)):
            lines.append(say("paysupport-words-only", what=lost))
        await message.answer("\n\n".join(lines))
        return
    lines = [
        say(
            "paysupport-line",
            purchase=str(purchase.id),
            credits=purchase.credits,
            amount=purchase.amount,
            currency=purchase.currency,
            state=purchase.shown_state,
            reversed=purchase.reversed,
            at=int(purchase.created_at.timestamp()),
        )
        for purchase in await purchases.recent(user.id, MAX_PURCHASES)
    ]
    await message.answer("\n".join([say("paysupport"), "", *(lines or [say("paysupport-none")])]))


async def could_not_sell(event: ErrorEvent, bot: Bot, payments: PaymentContext, texts: Texts) -> None:
    """Reply to an error after the press of a package; pressing again is safe."""
    query = event.update.callback_query
    if is_answered(event):
        return
    log.error("shop.press_failed", update=event.update.update_id, **safe_errors.describe(event.exception))
    log.debug("shop.traceback", exc_info=event.exception)
    if query:
        await send_apology(bot, texts, query, query.from_user, payments.provider.refusal)
