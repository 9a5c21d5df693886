"""Reads an operator's command: `/admin`, a verb, and its arguments."""

from collections.abc import Callable, Sequence

from aiogram import F
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from bot_platform.domain import actions
from bot_platform.domain.errors import InvalidInput
from bot_platform.telegram import commands

MAX_REASON_CHARS = 300


def admin_command(verb: str) -> Command:
    """Match `/admin` followed by this verb."""
    return commands.command("admin", magic=F.args.func(_begins_with(verb)))


def arguments(command: CommandObject, n: int) -> Sequence[str]:
    """Return `n` arguments after the verb. The last one is the rest of the text; a missing one is empty."""
    words = (command.args or "").split(maxsplit=n)[1:]
    return [*words, *[""] * (n - len(words))]


def checked_reason(text: str) -> str:
    """Return the reason without surrounding space; raises InvalidInput if it is too long."""
    if len(text) > MAX_REASON_CHARS:
        raise InvalidInput("admin-reason-too-long", most=str(MAX_REASON_CHARS))
    return text.strip()


def operator_of(event: Message | CallbackQuery) -> str:
    """Return the name under which the log of actions has the operator."""
    return actions.telegram(event.from_user.id if event.from_user else 0)


def _begins_with(verb: str) -> Callable[[str | None], bool]:
    return lambda args: (args or "").lower().split(maxsplit=1)[:1] == [verb]
