"""A buyer's question about a payment reaches whoever runs the bot."""

from collections.abc import Sequence

from bot_platform.domain import outbox
from bot_platform.domain.users import User
from bot_platform.infra.database import Database

LONGEST = 1000  # characters of a question


async def ask_support(
    database: Database, admins: Sequence[int], user: User, name: str, question: str, request_key: str
) -> bool:
    """Write a notice with the question to every admin (Telegram ids), once; False when there is none."""

    async def story() -> None:
        await outbox.post_to_each(
            admins,
            f"support:{request_key}",
            f"user:{user.id}",
            "paysupport-question",
            rank=outbox.OTHER,
            name=name,
            user=str(user.telegram_id),
            question=question[:LONGEST],
        )

    if admins:
        await database.transact(story)
    return bool(admins)
