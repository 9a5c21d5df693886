"""Buyers' questions in the operators' chats: after all alarms, few of each person, many in one message."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from tortoise.expressions import F

from bot_platform.domain import outbox
from bot_platform.domain.outbox import QUESTION, Notice, NoticeState
from bot_platform.infra.clock import now

MAX_IN_AN_HOUR = 5  # of one person
HOUR = timedelta(hours=1)
ALONE = 3  # messages with questions that wait in a chat; further questions share a message
MAX_UNITS = 3000  # of UTF-16 in a message that is shared; Telegram accepts 4096
ONE, MANY = "paysupport-question", "paysupport-questions"


async def asked_lately(subject: str, chat_id: int) -> int:
    """Count the questions about a subject in a chat within the last hour."""
    asked = Notice.filter(subject=subject, text=ONE, chat_id=chat_id)
    return await asked.filter(created_at__gt=now() - HOUR, created_at__lte=now()).count()


async def post(key: str, chat_id: int, subject: str, question: Mapping[str, str]) -> None:
    """Write a question (`name`, `user`, `question`) to an operator, once for each key.

    Part of a transaction that lets in one question at a time.
    """
    waiting = Notice.filter(chat_id=chat_id, state=NoticeState.PENDING, message_id=None)
    messages = await waiting.filter(text__in=[ONE, MANY]).count()
    values: dict[str, Any] = dict(question)
    is_new = await outbox.post(key, chat_id, subject, ONE, rank=QUESTION, **values)
    if not is_new or messages < ALONE:
        return
    await Notice.filter(key=key).update(state=NoticeState.SENT)  # as a part of another message
    last = await waiting.filter(text=MANY).order_by("-id").first()
    shared: Sequence[Mapping[str, str]] = [*(last.text_values["questions"] if last else []), question]
    if last and _units(shared) <= MAX_UNITS:
        mine = Notice.filter(id=last.id, state=NoticeState.PENDING)  # it may have been sent since it was read
        if await mine.update(text_values={"questions": shared}, version=F("version") + 1):
            return
    await outbox.post(f"{key}:many", chat_id, "support", MANY, rank=QUESTION, questions=[question])


def _units(questions: Sequence[Mapping[str, str]]) -> int:
    return sum(
        len(text.encode("utf-16-le", "replace")) // 2 + 20 for one in questions for text in one.values()
    )
