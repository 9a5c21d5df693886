"""What operators did: one row for each action, written in the transaction of the action, never changed."""

from collections.abc import Sequence
from typing import Any

from tortoise import fields
from tortoise.models import Model

from bot_platform.infra.clock import now
from bot_platform.infra.columns import Key
from bot_platform.infra.sql import json_safe

# Operators without a Telegram id: at the command line, and in the operator's pages.
CONSOLE, PAGES = "console", "pages"


class Action(Model):
    """One action; the database refuses to change or delete it."""

    id: int = fields.BigIntField(primary_key=True)
    by = fields.CharField(max_length=64)  # `telegram:<id>`, `console` or `pages`
    what = fields.CharField(max_length=32)  # a verb, such as `grant`
    subject = Key()  # such as `user:7` or `purchase:12`
    details: Any = fields.JSONField(default=dict)  # the arguments and the reason
    at = fields.DatetimeField(default=now)

    class Meta:
        table = "action"
        indexes = (("subject", "id"),)


def telegram(telegram_id: int) -> str:
    """Return the name of an operator who acts in Telegram."""
    return f"telegram:{telegram_id}"


async def record(by: str, what: str, subject: str, **details: Any) -> None:
    """Store an action; call it in the transaction that does it."""
    await Action.create(by=by, what=what, subject=subject, details=json_safe(details), at=now())


async def of(subjects: Sequence[str], limit: int) -> Sequence[Action]:
    """Read what was done to any of these subjects, newest first."""
    return await Action.filter(subject__in=list(subjects)).order_by("-id").limit(limit)
