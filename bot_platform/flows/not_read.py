"""Says what of a message cannot be read, once for each key: an album is several messages and one act."""

from functools import partial
from typing import Any

from bot_platform.domain import outbox
from bot_platform.domain.places import Place
from bot_platform.infra.database import Database


async def say_only_words(database: Database, key: str, chat_id: int, place: Place, what: str) -> None:
    """Say that only words are read, and not `what` (a value of the text `unread-thing`)."""
    await _say(database, key, chat_id, "only-words", place, what=what)


async def ask_for_words_alone(
    database: Database, key: str, chat_id: int, place: Place, *, what: str, kind: str, words: int
) -> None:
    """Ask whether an order of a kind shall begin with its words alone; `words` is their length."""
    await _say(database, key, chat_id, "order-unread", place, what=what, kind=kind, words=words)


async def ask_to_repeat(database: Database, key: str, chat_id: int, place: Place, *, what: str) -> None:
    """Ask for the words of an order once more, without what is not read."""
    await _say(database, key, chat_id, "order-unread-long", place, what=what)


async def _say(database: Database, key: str, chat_id: int, text: str, place: Place, **values: Any) -> None:
    rank = outbox.OTHER
    story = partial(outbox.post, key, chat_id, f"chat:{chat_id}", text, rank=rank, place=place, **values)
    await database.transact(story)
