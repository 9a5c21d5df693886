"""What operators did: one row for each act, written in the commit of what it did, and never changed."""

from collections.abc import Sequence
from typing import Any

from tortoise import fields
from tortoise.models import Model

from bot_platform.infra.clock import now
from bot_platform.infra.sql import json_safe

CONSOLE, PAGES = (
    "console",
    "pages",
)  # who acts without a Telegram number: whoever has the machine, or the token


class Action(Model):
    """One act: who did it, what it was, and to whom; the database refuses to change or delete one."""

    id: int = fields.BigIntField(primary_key=True)
    by = fields.CharField(max_length=64)  # `telegram:<id>`, `console` or `pages`
    what = fields.CharField(max_length=32)  # a verb, such as `grant`
    subject = fields.CharField(max_length=100)  # such as `user:7` or `purchase:12`
    details: Any = fields.JSONField(default=dict)  # with what, and why
    at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        """Operators look for what was done to one subject."""

        table = "action"
        indexes = (("subject", "id"),)


def telegram(telegram_id: int) -> str:
    """Name the operator who acts in Telegram."""
    return f"telegram:{telegram_id}"


async def record(by: str, what: str, subject: str, **details: Any) -> None:
    """Note an act; part of the transaction that does it."""
    await Action.create(by=by, what=what, subject=subject, details=json_safe(details), at=now())


async def of(subjects: Sequence[str], limit: int) -> Sequence[Action]:
    """Read what was done to any of these, newest first."""
    return await Action.filter(subject__in=list(subjects)).order_by("-id").limit(limit)
