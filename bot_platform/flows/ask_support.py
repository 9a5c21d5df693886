"""Sends a buyer's question about a payment to the operators."""

from collections.abc import Sequence
from functools import partial

from bot_platform.domain import outbox
from bot_platform.domain.users import User
from bot_platform.infra.database import Database

MAX_QUESTION_CHARS = 1000


async def ask_support(
    database: Database, operators: Sequence[int], user: User, name: str, question: str, request_key: str
) -> bool:
    """Send the question to every operator (Telegram ids) once; return False when there is none."""
    if not operators:
        return False
    notice = partial(
        outbox.post_to_each,
        operators,
        f"support:{request_key}",
        f"user:{user.id}",
        "paysupport-question",
        rank=outbox.OTHER,
        name=name,
        user=str(user.telegram_id),
        question=question[:MAX_QUESTION_CHARS],
    )
    await database.transact(notice)
    return True
