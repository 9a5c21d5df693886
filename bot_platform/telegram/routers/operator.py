"""The operator's reports: the day, users, purchases and events with their timelines."""

from collections.abc import Sequence

from aiogram import F, Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from bot_platform.domain import (
    attention,
    broadcasts,
    inbox,
    listings,
    overview,
    purchases,
    refunds,
    timeline,
    users,
)
from bot_platform.domain.backlog import backlog
from bot_platform.domain.errors import NotFound
from bot_platform.domain.ids import parse_id
from bot_platform.domain.inbox import Event
from bot_platform.domain.purchases import Purchase
from bot_platform.domain.users import User
from bot_platform.flows import broadcast
from bot_platform.flows.context import PaymentContext
from bot_platform.telegram import operator_reports
from bot_platform.telegram.commands import command
from bot_platform.telegram.middleware import Operating, Reply, ReplyToRefusals
from bot_platform.telegram.operator_buttons import Buttons, about, to
from bot_platform.telegram.refusals import Channel
from bot_platform.telegram.texts import Say, Texts

MAX_LISTED = 10
MAX_FOUND = 3  # purchases and events that a search shows
MAX_QUOTED_CHARS = 100  # of the words that were searched for


def screen(texts: Texts, operators: Sequence[int]) -> Router:
    """Build the router of this screen; it handles updates of the operators only (Telegram ids)."""
    router = Router(name="admin")
    for observer in (router.message, router.callback_query):
        observer.filter(F.from_user.id.in_(set(operators)))
        observer.middleware(Operating(texts))
        observer.middleware(ReplyToRefusals(Channel.TELEGRAM))
    router.message.register(today, command("admin", magic=F.args.is_(None)))
    router.message.register(say_help, command("admin", magic=F.args.lower() == "help"))
    router.message.register(find, command("admin"))
    router.callback_query.register(failed, F.data == to("failed"))
    router.callback_query.register(waits, F.data == to("waits"))
    router.callback_query.register(sales, F.data == to("sales"))
    router.callback_query.register(progress, F.data.startswith(to("said")))
    router.callback_query.register(show_user, F.data.startswith(to("person")))
    router.callback_query.register(life, F.data.startswith(to("life")))
    router.callback_query.register(purchase, F.data.startswith(to("purchase")))
    router.callback_query.register(event, F.data.startswith(to("event")))
    return router


async def today(_: Message, buttons: Buttons, reply: Reply, say: Say) -> None:
    """Show the report of the day."""
    report, running = await overview.today(), await broadcasts.running()
    below = buttons.today(report.waits.failed_events, running.id if running else None)
    await reply(operator_reports.day(say, report, await attention.findings()), below)


async def say_help(_: Message, reply: Reply, say: Say) -> None:
    """Show the commands with examples."""
    await reply(say("admin-help"))


async def find(
    _: Message, command: CommandObject, payments: PaymentContext, buttons: Buttons, reply: Reply, say: Say
) -> None:
    """Show what has this number or reference."""
    what = (command.args or "").split()[0]
    found = await listings.search(what, list(payments.providers))
    found_users = list(found.people)
    if not len(found) and (known := await users.look_up(what)):
        found_users = [known]
    for user in found_users:
        await _show_user(user, buttons, reply, say)
    for sale in found.purchases[:MAX_FOUND]:
        await _show_purchase(sale, buttons, reply, say)
    for one in found.events[:MAX_FOUND]:
        await _show_event(one, buttons, reply, say)
    if not (found_users or found.purchases or found.events):
        raise NotFound("admin-found-nothing", what=what[:MAX_QUOTED_CHARS])


async def failed(_: CallbackQuery, buttons: Buttons, reply: Reply, say: Say) -> None:
    """List the events that failed."""
    rows = await inbox.list_provider_events(inbox.EventState.FAILED, MAX_LISTED)
    await reply(operator_reports.failed(say, rows), buttons.numbered("event", [row.id for row in rows]))


async def waits(_: CallbackQuery, reply: Reply, say: Say) -> None:
    """Show what waits to be done."""
    transfers = await listings.count_sales(purchases.PurchaseState.PROCESSING)
    await reply(operator_reports.waits(say, await backlog(), await refunds.unanswered(), transfers))


async def sales(_: CallbackQuery, buttons: Buttons, reply: Reply, say: Say) -> None:
    """List the last sales."""
    sold = await listings.last_paid(MAX_LISTED)
    await reply(operator_reports.sales(say, sold), buttons.numbered("purchase", [one.id for one in sold]))


async def progress(query: CallbackQuery, buttons: Buttons, reply: Reply, say: Say) -> None:
    """Show the progress of a broadcast."""
    found = await broadcasts.find(_number(query))
    if found is None:
        raise NotFound("admin-found-nothing", what=about(query.data))
    values = await broadcast.progress(found)
    text = f"{say('admin-say-progress', **values)}\n\n{values['says']}"
    await reply(text, buttons.stop_broadcast(values))


async def show_user(query: CallbackQuery, buttons: Buttons, reply: Reply, say: Say) -> None:
    """Show a user."""
    await _show_user(await _user(query), buttons, reply, say)


async def life(query: CallbackQuery, reply: Reply, say: Say) -> None:
    """Show the timeline of a user."""
    user = await _user(query)
    await reply(operator_reports.life(say, user, await timeline.of_person(user)))


async def purchase(query: CallbackQuery, buttons: Buttons, reply: Reply, say: Say) -> None:
    """Show a purchase with its timeline."""
    sale = await purchases.look_up(_number(query))
    if sale is None:
        raise NotFound("admin-found-nothing", what=about(query.data))
    await _show_purchase(sale, buttons, reply, say)


async def event(query: CallbackQuery, buttons: Buttons, reply: Reply, say: Say) -> None:
    """Show an event."""
    one = await inbox.look_up(about(query.data))
    if one is None:
        raise NotFound("admin-found-nothing", what=about(query.data))
    await _show_event(one, buttons, reply, say)


async def _show_user(user: User, buttons: Buttons, reply: Reply, say: Say) -> None:
    known = await timeline.about(user)
    await reply(operator_reports.user(say, user, known), buttons.user(user, known.account))


async def _show_purchase(sale: Purchase, buttons: Buttons, reply: Reply, say: Say) -> None:
    buyer = await users.get(sale.user_id)
    text = operator_reports.purchase(say, sale, buyer, await timeline.of_purchase(sale))
    await reply(text, buttons.purchase(sale, buyer.telegram_id))


async def _show_event(one: Event, buttons: Buttons, reply: Reply, say: Say) -> None:
    await reply(operator_reports.event(say, one), buttons.event(one))


async def _user(query: CallbackQuery) -> User:
    user = await users.look_up(about(query.data))
    if user is None:
        raise NotFound("admin-found-nothing", what=about(query.data))
    return user


def _number(query: CallbackQuery) -> int:
    return parse_id(about(query.data)) or 0
