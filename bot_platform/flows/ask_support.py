"""Sends a buyer's question about a payment to the operators."""

from collections.abc import Sequence

from bot_platform.domain import outbox, support_questions
from bot_platform.domain.errors import TooManyQuestions
from bot_platform.domain.users import User
from bot_platform.infra.database import Database
from bot_platform.infra.sql import advisory_lock, json_safe

MAX_QUESTION_CHARS = 1000
LOCK = "support"  # two questions at once could begin two messages for many


async def ask_support(
    database: Database, operators: Sequence[int], user: User, name: str, question: str, request_key: str
) -> bool:
    """Send the question to every operator (Telegram ids) once; return False when there is none.

    Raises TooManyQuestions for a person who has asked more within an hour than anybody can answer.
    """
    if not operators:
        return False
    about = {
        "name": json_safe(name),
        "user": str(user.telegram_id),
        "question": json_safe(question[:MAX_QUESTION_CHARS]),
    }
    keys = {f"support:{request_key}:{chat_id}": chat_id for chat_id in operators}

    async def story() -> None:
        await advisory_lock(LOCK)
        if await outbox.find(next(iter(keys))):
            return
        asked = await support_questions.asked_lately(user.subject, operators[0])
        if asked >= support_questions.MAX_IN_AN_HOUR:
            raise TooManyQuestions(support_questions.MAX_IN_AN_HOUR)
        for key, chat_id in keys.items():
            await support_questions.post(key, chat_id, user.subject, about)

    await database.transact(story)
    return True
