"""Book checks: what the last audit of the books found."""

from tortoise import fields
from tortoise.models import Model

from bot_platform.infra.clock import now
from bot_platform.infra.sql import insert_if_new

ONLY_ID = 1  # the table has one row


class BookCheck(Model):
    """Whether the books are off; `changes` counts how often they went off or were repaired."""

    id = fields.BigIntField(primary_key=True, generated=False, default=ONLY_ID)
    off = fields.BooleanField(default=False)
    changes = fields.BigIntField(default=0)
    proved_at = fields.DatetimeField(null=True)

    class Meta:
        table = "book_check"


async def last() -> BookCheck:
    """Read the result of the last audit; `proved_at` is None when there was none yet."""
    return await BookCheck.get_or_none(id=ONLY_ID) or BookCheck()


async def record(*, off: bool) -> BookCheck:
    """Store the result of an audit that ended now; part of its transaction."""
    await insert_if_new(BookCheck())
    await BookCheck.filter(id=ONLY_ID).update(proved_at=now())  # locks the row before it is read
    check = await BookCheck.get(id=ONLY_ID)
    if check.off != off:
        check.off, check.changes = off, check.changes + 1
        await check.save(update_fields=["off", "changes"])
    return check
