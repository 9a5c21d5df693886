"""Gives up an update that cannot be handled, and finds out from its JSON who is to read that, and where."""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from bot_platform.domain.inbox import Event, GivenUp
from bot_platform.flows import updates
from bot_platform.infra.database import Database
from bot_platform.telegram import contents
from bot_platform.telegram.salvage import place_of, sender_id

log = structlog.get_logger()


async def give_up(database: Database, operators: Sequence[int], row: Event, why: GivenUp) -> None:
    """Close an update, and say so; of a service message that cannot be read nobody has to know."""
    payload = row.payload or {}
    sender = sender_id(payload) if _is_a_persons(payload) else None
    if why is GivenUp.UNREADABLE and sender is None:
        await updates.handled(database, row, why)
        return
    log.error("telegram.gave_up", update=row.key, why=why.value, attempts=row.attempts)
    await updates.give_up(database, operators, row, why, sender, place_of(payload))


def _is_a_persons(update: Mapping[str, Any]) -> bool:
    """Whether a person wrote, sent or pressed something, as far as the names of the fields say."""
    message = update.get("message")
    return not isinstance(message, dict) or not contents.A_PERSONS_FIELDS.isdisjoint(message)
