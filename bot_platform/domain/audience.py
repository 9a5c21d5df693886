"""Who receives a broadcast: every user who has not blocked the bot and is not banned."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot_platform.infra.sql import Ask, query

RECIPIENTS = """FROM users JOIN account ON account.user_id = users.id
    WHERE NOT users.blocked_bot AND NOT account.banned"""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A user who receives it, by our id and by Telegram's."""

    user_id: int
    telegram_id: int


async def size(ask: Ask) -> int:
    """Count the recipients; a reader's `ask` delays no transaction while it reads all users."""
    (row,) = await ask(f"SELECT COUNT(*) AS n {RECIPIENTS}")
    return int(row["n"])


async def after(user_id: int, limit: int) -> Sequence[Recipient]:
    """Read the next recipients in the order of our ids, after `user_id`."""
    rows = await query(
        f"SELECT users.id, users.telegram_id {RECIPIENTS} AND users.id > ? ORDER BY users.id LIMIT {limit}",
        user_id,
    )
    return [Recipient(row["id"], row["telegram_id"]) for row in rows]
