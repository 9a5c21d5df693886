"""Who hears a message to all: whoever can be written to and is not banned."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot_platform.infra.sql import query

HEAR = """FROM users JOIN account ON account.user_id = users.id
    WHERE NOT users.blocked_bot AND NOT account.banned"""


@dataclass(frozen=True, slots=True)
class Listener:
    """One of them, by our id and by Telegram's."""

    user_id: int
    telegram_id: int


async def size() -> int:
    """Count them."""
    (row,) = await query(f"SELECT COUNT(*) AS n {HEAR}")
    return int(row["n"])


async def after(user_id: int, limit: int) -> Sequence[Listener]:
    """Read the next of them, by our id."""
    rows = await query(
        f"SELECT users.id, users.telegram_id {HEAR} AND users.id > ? ORDER BY users.id LIMIT {limit}",
        user_id,
    )
    return [Listener(row["id"], row["telegram_id"]) for row in rows]
