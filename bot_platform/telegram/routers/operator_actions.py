"""The actions of an operator: grants, refunds, bans, freezes, and a second look at a payment or an event."""

from collections.abc import Sequence

from aiogram import F, Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from bot_platform.domain import inbox, purchases, users
from bot_platform.domain.amounts import hundredths, minor_units
from bot_platform.domain.checkout import ProviderDown
from bot_platform.domain.errors import InvalidInput, NotFound
from bot_platform.domain.ids import parse_id
from bot_platform.domain.purchases import Purchase
from bot_platform.domain.users import User
from bot_platform.flows import ban, freeze, provider_events, reconcile, refund_draft
from bot_platform.flows.context import PaymentContext
from bot_platform.flows.grant import grant
from bot_platform.infra.database import Database
from bot_platform.telegram import operator_reports
from bot_platform.telegram.middleware import Operating, Reply, ReplyToRefusals
from bot_platform.telegram.operator_buttons import Buttons, about, stamp, to
from bot_platform.telegram.operator_commands import admin_command, arguments, checked_reason, operator_of
from bot_platform.telegram.refusals import Channel
from bot_platform.telegram.texts import Say, Texts

MAX_QUOTED_CHARS = 100  # of a text that was written where a number was expected


def screen(texts: Texts, operators: Sequence[int]) -> Router:
    """Build the router of this screen; it handles updates of the operators only (Telegram ids)."""
    router = Router(name="admin_acts")
    for observer in (router.message, router.callback_query):
        observer.filter(F.from_user.id.in_(set(operators)))
        observer.middleware(Operating(texts))
        observer.middleware(ReplyToRefusals(Channel.TELEGRAM))
    router.message.register(grant_credits, admin_command("grant"))
    router.message.register(draft_refund, admin_command("refund"))
    router.message.register(ban_user, admin_command("ban"))
    router.message.register(unban_user, admin_command("unban"))
    router.message.register(unfreeze_user, admin_command("lift"))
    router.callback_query.register(press_ban, F.data.startswith(to("ban")))
    router.callback_query.register(press_unban, F.data.startswith(to("unban")))
    router.callback_query.register(press_unfreeze, F.data.startswith(to("lift")))
    router.callback_query.register(explain_refund, F.data.startswith(to("refund")))
    router.callback_query.register(confirm_refund, F.data.startswith(to("payback")))
    router.callback_query.register(drop_refund, F.data.startswith(to("keep")))
    router.callback_query.register(check, F.data.startswith(to("check")))
    router.callback_query.register(replay, F.data.startswith(to("replay")))
    return router


async def grant_credits(
    message: Message, command: CommandObject, database: Database, reply: Reply, request_key: str, say: Say
) -> None:
    """Give credits, or take them; the reason is required."""
    who, amount, reason = arguments(command, 3)
    if not who:
        raise InvalidInput("admin-how-grant")
    user = await _user(who, "grant")
    try:
        credits_ = hundredths(amount)
    except ValueError:
        raise InvalidInput("admin-how-grant") from None
    if not credits_ or not reason:
        raise InvalidInput("admin-how-grant")
    left = await grant(database, user, credits_, checked_reason(reason), request_key, by=operator_of(message))
    await reply(say("admin-granted", credits=credits_, user=str(user.telegram_id), balance=left))


async def draft_refund(
    message: Message, command: CommandObject, payments: PaymentContext, request_key: str
) -> None:
    """Show what a refund would do; a button under it makes the refund."""
    number, first, rest = arguments(command, 3)
    if not number:
        raise InvalidInput("admin-how-refund")
    sale = await _purchase(number)
    try:
        amount, reason = minor_units(first, sale.currency), rest
    except ValueError:
        amount, reason = None, f"{first} {rest}".strip()
    if not reason:
        raise InvalidInput("admin-how-refund")
    await refund_draft.draft(payments, message.chat.id, sale.id, amount, checked_reason(reason), request_key)


async def ban_user(
    message: Message, command: CommandObject, database: Database, reply: Reply, say: Say
) -> None:
    """Ban a user; the reason is optional."""
    who, reason = arguments(command, 2)
    await _ban(database, await _user(who, "ban"), operator_of(message), reply, say, reason)


async def unban_user(
    message: Message, command: CommandObject, database: Database, reply: Reply, say: Say
) -> None:
    """Unban a user; the reason is optional."""
    who, reason = arguments(command, 2)
    await _unban(database, await _user(who, "unban"), operator_of(message), reply, say, reason)


async def press_ban(query: CallbackQuery, database: Database, reply: Reply, say: Say) -> None:
    """Ban the user whose button was pressed."""
    await _ban(database, await _user(about(query.data), "ban"), operator_of(query), reply, say)


async def press_unban(query: CallbackQuery, database: Database, reply: Reply, say: Say) -> None:
    """Unban the user whose button was pressed."""
    await _unban(database, await _user(about(query.data), "unban"), operator_of(query), reply, say)


async def unfreeze_user(
    message: Message, command: CommandObject, database: Database, reply: Reply, say: Say
) -> None:
    """Let a user spend although a bank asks about a payment."""
    who, _ = arguments(command, 2)
    await _unfreeze(database, await _user(who, "lift"), operator_of(message), reply, say)


async def press_unfreeze(query: CallbackQuery, database: Database, reply: Reply, say: Say) -> None:
    """Unfreeze the user whose button was pressed."""
    await _unfreeze(database, await _user(about(query.data), "lift"), operator_of(query), reply, say)


async def explain_refund(query: CallbackQuery, reply: Reply, say: Say) -> None:
    """Show how to write a refund: it needs a reason, which a button cannot give."""
    await reply(say("admin-refund-how-this", purchase=about(query.data)))


async def confirm_refund(query: CallbackQuery, payments: PaymentContext) -> None:
    """Request the refund that was shown; its message then says so."""
    await refund_draft.confirm(payments, query.from_user.id, about(query.data))


async def drop_refund(query: CallbackQuery, payments: PaymentContext) -> None:
    """Drop the refund that was shown; its message then says so."""
    await refund_draft.drop(payments, query.from_user.id, about(query.data))


async def check(
    query: CallbackQuery, payments: PaymentContext, buttons: Buttons, reply: Reply, say: Say
) -> None:
    """Ask the provider for the state of a payment."""
    sale = await _purchase(about(query.data))
    number = str(sale.id)
    try:
        outcome = await reconcile.check_by_operator(payments, sale, by=operator_of(query))
    except ProviderDown:
        await reply(say("admin-cannot-ask"))
        return
    if outcome is None:
        await reply(say("admin-nobody-to-ask", purchase=number))
        return
    changed = "yes" if outcome.changed else "no"
    await reply(say("admin-checked", purchase=number, changed=changed), buttons.to_purchase(number))


async def replay(
    query: CallbackQuery, payments: PaymentContext, buttons: Buttons, reply: Reply, say: Say
) -> None:
    """Handle an event again, unless it has changed since the operator saw it."""
    number, _, seen = about(query.data).partition(":")
    row = await inbox.look_up(number)
    if row is None:
        raise NotFound("admin-found-nothing", what=number)
    name = row.key.removeprefix("stripe:")
    if seen == str(stamp(row)) and await provider_events.replay(payments, row, by=operator_of(query)):
        await reply(say("admin-replayed", event=name), buttons.to_event(row.id))
        return
    await row.refresh_from_db()
    await reply(f"{say('admin-moved-on')}\n\n{operator_reports.event(say, row)}", buttons.event(row))


async def _ban(database: Database, user: User, by: str, reply: Reply, say: Say, reason: str = "") -> None:
    changed = await ban.ban(database, user, banned=True, reason=checked_reason(reason), by=by)
    await reply(say("admin-banned" if changed else "admin-banned-before", user=str(user.telegram_id)))


async def _unban(database: Database, user: User, by: str, reply: Reply, say: Say, reason: str = "") -> None:
    changed = await ban.ban(database, user, banned=False, reason=checked_reason(reason), by=by)
    await reply(say("admin-unbanned" if changed else "admin-unbanned-before", user=str(user.telegram_id)))


async def _unfreeze(database: Database, user: User, by: str, reply: Reply, say: Say) -> None:
    unfrozen = await freeze.unfreeze(database, user, by=by)
    await reply(say("admin-lifted" if unfrozen else "admin-lifted-before", user=str(user.telegram_id)))


async def _user(number: str, verb: str) -> User:
    if not number:
        raise InvalidInput("admin-how-who", verb=verb)
    user = await users.look_up(number)
    if user is None:
        raise InvalidInput("admin-not-a-person", what=f"“{number[:MAX_QUOTED_CHARS]}”", verb=verb)
    return user


async def _purchase(number: str) -> Purchase:
    wanted = parse_id(number.removeprefix("#"))
    sale = await purchases.look_up(wanted) if wanted else None
    if sale is None:
        raise InvalidInput("admin-not-a-purchase", what=f"“{number[:MAX_QUOTED_CHARS]}”")
    return sale
