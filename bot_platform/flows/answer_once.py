"""Answers messages through the outbox, once for each key: several messages may be one act of their sender."""

from functools import partial
from typing import Any

from bot_platform.domain import outbox
from bot_platform.domain.places import Place
from bot_platform.infra.database import Database


async def answer_once(
    database: Database, key: str, chat_id: int, text: str, place: Place, **values: Any
) -> None:
    """Send the text of this name to a chat, unless this key was answered before."""
    rank = outbox.OTHER
    story = partial(outbox.post, key, chat_id, f"chat:{chat_id}", text, rank=rank, place=place, **values)
    await database.transact(story)
