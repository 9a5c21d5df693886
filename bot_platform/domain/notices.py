"""The outbox: messages that people must be told, written in the commit they tell of."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.expressions import F
from tortoise.models import Model

from bot_platform.sql import claim_heads, insert_once, put_off, renew

LEASE_MS = 15_000  # a crashed sender's notices are taken up after this


class State(StrEnum):
    """Pending until Telegram took it, or never will."""

    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"


class Notice(Model):
    """One message in a chat; rewriting it edits the message that was sent."""

    id: int = fields.BigIntField(primary_key=True)
    key = fields.CharField(max_length=100, unique=True)
    subject = fields.CharField(max_length=100)  # what it tells of, such as `purchase:7`
    chat_id = fields.BigIntField()
    text = fields.CharField(max_length=64)  # the name of a text in telegram/locales
    text_values: Any = fields.JSONField(default=dict)  # what stands in it
    version = fields.IntField(default=1)  # rises with each rewriting; a sender marks only what it sent
    message_id: int | None = fields.BigIntField(null=True)  # Telegram's, once sent
    state = fields.CharEnumField(State, max_length=16, default=State.PENDING)
    error = fields.TextField(null=True)
    attempts = fields.IntField(default=0)
    next_at = fields.BigIntField(default=0)  # milliseconds on the database's clock, as lease_until
    lease_until = fields.BigIntField(default=0)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        """Senders look for the first pending row of a chat."""

        table = "notice"
        indexes = (("state", "chat_id", "id"), ("subject",))


async def post(key: str, chat_id: int, subject: str, text: str, **values: Any) -> bool:
    """Write a message to be sent; False when this key was posted before."""
    return await insert_once(Notice(key=key, chat_id=chat_id, subject=subject, text=text, text_values=values))


async def rewrite(subject: str, text: str, **values: Any) -> None:
    """Let every message about the subject say something else, whether it was sent or not."""
    await (
        Notice.filter(subject=subject)
        .exclude(state=State.DEAD)
        .update(
            text=text,
            text_values=values,
            version=F("version") + 1,
            state=State.PENDING,
            next_at=0,
            attempts=0,
        )
    )


async def claim(limit: int) -> Sequence[Notice]:
    """Lease the next notice of each chat; a new message goes before an edit, so that no edit delays money."""
    ids = await claim_heads(
        Notice,
        waiting=State.PENDING,
        lane="chat_id",
        order="{t}.message_id IS NOT NULL, {t}.id",
        limit=limit,
        lease_ms=LEASE_MS,
    )
    return await Notice.filter(id__in=ids).order_by("id") if ids else []


async def keep(ids: Sequence[int]) -> None:
    """Renew the leases of notices still being sent."""
    await renew(Notice, ids, LEASE_MS)


async def mark_sent(notice: Notice, message_id: int) -> None:
    """Note that this version stands in the chat; one that was rewritten meanwhile stays pending."""
    await Notice.filter(id=notice.id).update(message_id=message_id, lease_until=0)
    await Notice.filter(id=notice.id, version=notice.version).update(state=State.SENT, error=None)


async def mark_dead(notice: Notice, error: str) -> None:
    """Give up on this version; repeating cannot mend it."""
    await Notice.filter(id=notice.id, version=notice.version).update(
        state=State.DEAD, error=error, lease_until=0
    )


async def later(notice: Notice, ms: int, error: str) -> None:
    """Try again after `ms` milliseconds."""
    await Notice.filter(id=notice.id).update(error=error)
    await put_off(Notice, notice.id, ms)
