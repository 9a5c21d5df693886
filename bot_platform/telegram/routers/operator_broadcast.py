"""An operator's message to all users: shown first, then sent, and stopped at any moment."""

from collections.abc import Sequence

from aiogram import F, Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from bot_platform.domain.errors import InvalidInput
from bot_platform.domain.ids import parse_id
from bot_platform.flows import broadcast
from bot_platform.infra.database import Database
from bot_platform.telegram import contents
from bot_platform.telegram.middleware import ReplyToRefusals
from bot_platform.telegram.operator_buttons import about, to
from bot_platform.telegram.operator_commands import admin_command, arguments, operator_of
from bot_platform.telegram.refusals import Channel


def screen(operators: Sequence[int]) -> Router:
    """Build the router of this screen; it handles updates of the operators only (Telegram ids)."""
    router = Router(name="admin_broadcast")
    for observer in (router.message, router.callback_query):
        observer.filter(F.from_user.id.in_(set(operators)))
        observer.middleware(ReplyToRefusals(Channel.TELEGRAM))
    router.message.register(draft, admin_command("say"))
    router.callback_query.register(begin, F.data.startswith(to("tell")))
    router.callback_query.register(drop, F.data.startswith(to("drop")))
    router.callback_query.register(stop, F.data.startswith(to("halt")))
    return router


async def draft(message: Message, command: CommandObject, database: Database, request_key: str) -> None:
    """Show the broadcast to the operator; a button under it sends it."""
    (text,) = arguments(command, 1)
    if not text:
        raise InvalidInput("admin-how-say")
    if lost := contents.unread(message, reads_quotes=False):
        raise InvalidInput("admin-say-words-only", what=lost)
    await broadcast.draft(database, message.chat.id, text, request_key)


async def begin(query: CallbackQuery, database: Database) -> None:
    """Begin to send the broadcast that was shown; the message then shows the progress."""
    await broadcast.begin(database, query.from_user.id, about(query.data))


async def drop(query: CallbackQuery, database: Database) -> None:
    """Drop the broadcast that was shown."""
    await broadcast.drop(database, query.from_user.id, about(query.data))


async def stop(query: CallbackQuery, database: Database) -> None:
    """Stop a broadcast; the message of the operator who began it says so."""
    await broadcast.stop(database, parse_id(about(query.data)) or 0, operator_of(query))
