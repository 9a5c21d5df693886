"""What operators do: credits, refunds, bans, freezes, a payment or an event once more, a message to all."""

from collections.abc import Callable, Sequence

from aiogram import F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from bot_platform.domain import actions, inbox, purchases, users
from bot_platform.domain.amounts import hundredths, minor_units
from bot_platform.domain.checkout import ProviderDown
from bot_platform.domain.errors import InvalidInput, NotFound
from bot_platform.domain.purchases import Purchase
from bot_platform.domain.users import User
from bot_platform.flows import ban, broadcast, freeze, provider_events, reconcile, refund_draft
from bot_platform.flows.context import PaymentContext
from bot_platform.flows.grant import grant
from bot_platform.infra.database import Database
from bot_platform.telegram import operator_reports
from bot_platform.telegram.middleware import Operating, Reply, ReplyToRefusals
from bot_platform.telegram.operator_buttons import Buttons, about, stamp, to
from bot_platform.telegram.refusals import Channel
from bot_platform.telegram.texts import Say, Texts

LONGEST_REASON = 300
QUOTED = 100  # characters of what was written instead of a number


def screen(texts: Texts, admins: Sequence[int]) -> Router:
    """Build the router of this screen; it takes nothing of anybody but the admins (Telegram ids)."""
    router = Router(name="admin_acts")
    for observer in (router.message, router.callback_query):
        observer.filter(F.from_user.id.in_(set(admins)))
        observer.middleware(Operating(texts))
        observer.middleware(ReplyToRefusals(Channel.TELEGRAM))
    router.message.register(give, _command("grant"))
    router.message.register(return_money, _command("refund"))
    router.message.register(close, _command("ban"))
    router.message.register(reopen, _command("unban"))
    router.message.register(thaw, _command("lift"))
    router.message.register(tell_everybody, _command("say"))
    router.callback_query.register(press_close, F.data.startswith(to("ban")))
    router.callback_query.register(press_reopen, F.data.startswith(to("unban")))
    router.callback_query.register(press_thaw, F.data.startswith(to("lift")))
    router.callback_query.register(how_to_refund, F.data.startswith(to("refund")))
    router.callback_query.register(pay_back, F.data.startswith(to("payback")))
    router.callback_query.register(keep_money, F.data.startswith(to("keep")))
    router.callback_query.register(check, F.data.startswith(to("check")))
    router.callback_query.register(replay, F.data.startswith(to("replay")))
    router.callback_query.register(tell, F.data.startswith(to("tell")))
    router.callback_query.register(drop, F.data.startswith(to("drop")))
    router.callback_query.register(halt, F.data.startswith(to("halt")))
    return router


async def give(
    message: Message, command: CommandObject, database: Database, reply: Reply, request_key: str, say: Say
) -> None:
    """Give credits, or take them, with a reason."""
    who, amount, reason = _words(command, 3)
    if not who:
        raise InvalidInput("admin-how-grant")
    user = await _person(who, "grant")
    try:
        credits_ = hundredths(amount)
    except ValueError:
        raise InvalidInput("admin-how-grant") from None
    if not credits_ or not reason:
        raise InvalidInput("admin-how-grant")
    left = await grant(database, user, credits_, _reason(reason), request_key, by=_by(message))
    await reply(say("admin-granted", credits=credits_, user=str(user.telegram_id), balance=left))


async def return_money(
    message: Message, command: CommandObject, payments: PaymentContext, request_key: str
) -> None:
    """Show what a refund would do; a button under it does so."""
    number, first, rest = _words(command, 3)
    if not number:
        raise InvalidInput("admin-how-refund")
    sale = await _purchase(number)
    try:
        amount, reason = minor_units(first, sale.currency), rest
    except ValueError:
        amount, reason = None, f"{first} {rest}".strip()
    if not reason:
        raise InvalidInput("admin-how-refund")
    await refund_draft.draft(payments, message.chat.id, sale.id, amount, _reason(reason), request_key)


async def close(message: Message, command: CommandObject, database: Database, reply: Reply, say: Say) -> None:
    """Ban a person, with a reason or without."""
    who, reason = _words(command, 2)
    await _ban(database, await _person(who, "ban"), _by(message), reply, say, reason)


async def reopen(
    message: Message, command: CommandObject, database: Database, reply: Reply, say: Say
) -> None:
    """Let a person back, with a reason or without."""
    who, reason = _words(command, 2)
    await _let_back(database, await _person(who, "unban"), _by(message), reply, say, reason)


async def press_close(query: CallbackQuery, database: Database, reply: Reply, say: Say) -> None:
    """Ban the person whose button was pressed."""
    await _ban(database, await _person(about(query.data), "ban"), _by(query), reply, say)


async def press_reopen(query: CallbackQuery, database: Database, reply: Reply, say: Say) -> None:
    """Let the person back whose button was pressed."""
    await _let_back(database, await _person(about(query.data), "unban"), _by(query), reply, say)


async def thaw(message: Message, command: CommandObject, database: Database, reply: Reply, say: Say) -> None:
    """Let a person spend although a bank asks."""
    who, _ = _words(command, 2)
    await _lift(database, await _person(who, "lift"), _by(message), reply, say)


async def press_thaw(query: CallbackQuery, database: Database, reply: Reply, say: Say) -> None:
    """Let the person spend whose button was pressed."""
    await _lift(database, await _person(about(query.data), "lift"), _by(query), reply, say)


async def how_to_refund(query: CallbackQuery, reply: Reply, say: Say) -> None:
    """Say how a refund is written: it wants a reason."""
    await reply(say("admin-refund-how-this", purchase=about(query.data)))


async def pay_back(query: CallbackQuery, payments: PaymentContext) -> None:
    """Ask for the refund that was shown; its message says so."""
    await refund_draft.confirm(payments, query.from_user.id, about(query.data))


async def keep_money(query: CallbackQuery, payments: PaymentContext) -> None:
    """Drop the refund that was shown; its message says so."""
    await refund_draft.drop(payments, query.from_user.id, about(query.data))


async def check(
    query: CallbackQuery, payments: PaymentContext, buttons: Buttons, reply: Reply, say: Say
) -> None:
    """Ask at once how a payment stands."""
    sale = await _purchase(about(query.data))
    number = str(sale.id)
    try:
        outcome = await reconcile.by_hand(payments, sale, by=_by(query))
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
    """Let an event be handled once more, if it still is what the operator saw."""
    number, _, seen = about(query.data).partition(":")
    row = await inbox.look_up(number)
    if row is None:
        raise NotFound("admin-found-nothing", what=number)
    name = row.key.removeprefix("stripe:")
    if seen == str(stamp(row)) and await provider_events.replay(payments, row, by=_by(query)):
        await reply(say("admin-replayed", event=name), buttons.to_event(row.id))
        return
    await row.refresh_from_db()
    await reply(f"{say('admin-moved-on')}\n\n{operator_reports.event(say, row)}", buttons.event(row))


async def tell_everybody(
    message: Message, command: CommandObject, database: Database, request_key: str
) -> None:
    """Show a message to all; a button under it sends it."""
    (text,) = _words(command, 1)
    if not text:
        raise InvalidInput("admin-how-say")
    await broadcast.draft(database, message.chat.id, text, request_key)


async def tell(query: CallbackQuery, database: Database) -> None:
    """Begin to send the message that was shown; it says how far it is."""
    await broadcast.begin(database, query.from_user.id, about(query.data))


async def drop(query: CallbackQuery, database: Database) -> None:
    """Send the message to nobody that was shown."""
    await broadcast.drop(database, query.from_user.id, about(query.data))


async def halt(query: CallbackQuery, database: Database) -> None:
    """Send no more of a message to all; the message of whoever began it says so."""
    number = about(query.data)
    await broadcast.stop(database, int(number) if number.isdecimal() else 0, _by(query))


async def _ban(database: Database, user: User, by: str, reply: Reply, say: Say, reason: str = "") -> None:
    changed = await ban.ban(database, user, banned=True, reason=_reason(reason), by=by)
    await reply(say("admin-banned" if changed else "admin-banned-before", user=str(user.telegram_id)))


async def _let_back(
    database: Database, user: User, by: str, reply: Reply, say: Say, reason: str = ""
) -> None:
    changed = await ban.ban(database, user, banned=False, reason=_reason(reason), by=by)
    await reply(say("admin-unbanned" if changed else "admin-unbanned-before", user=str(user.telegram_id)))


async def _lift(database: Database, user: User, by: str, reply: Reply, say: Say) -> None:
    lifted = await freeze.unfreeze(database, user, by=by)
    await reply(say("admin-lifted" if lifted else "admin-lifted-before", user=str(user.telegram_id)))


async def _person(number: str, verb: str) -> User:
    if not number:
        raise InvalidInput("admin-how-who", verb=verb)
    user = await users.look_up(number)
    if user is None:
        raise InvalidInput("admin-not-a-person", what=f"“{number[:QUOTED]}”", verb=verb)
    return user


async def _purchase(number: str) -> Purchase:
    wanted = number.removeprefix("#")
    known = wanted.isascii() and wanted.isdigit() and len(wanted) < users.LONGEST_NUMBER
    sale = await purchases.look_up(int(wanted)) if known else None
    if sale is None:
        raise InvalidInput("admin-not-a-purchase", what=f"“{number[:QUOTED]}”")
    return sale


def _command(verb: str) -> Command:
    """Match `/admin` with this word behind it."""
    return Command("admin", magic=F.args.func(_begins_with(verb)))


def _begins_with(verb: str) -> Callable[[str | None], bool]:
    return lambda args: (args or "").lower().split(maxsplit=1)[:1] == [verb]


def _words(command: CommandObject, n: int) -> Sequence[str]:
    """Read the `n` words behind the verb, the last with all that follows; empty where there is none."""
    words = (command.args or "").split(maxsplit=n)[1:]
    return [*words, *[""] * (n - len(words))]


def _reason(text: str) -> str:
    if len(text) > LONGEST_REASON:
        raise InvalidInput("admin-reason-too-long", most=str(LONGEST_REASON))
    return text.strip()


def _by(event: Message | CallbackQuery) -> str:
    """Name the operator in the log."""
    return actions.telegram(event.from_user.id if event.from_user else 0)
