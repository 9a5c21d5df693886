"""Schedules: periodic work that is done when it is due, by one replica at a time."""

from tortoise import fields
from tortoise.models import Model

from bot_platform.infra.sql import clock, insert_if_new, query

LEASE_MS = 30_000  # work that takes longer may be done twice, so it must allow that


class Schedule(Model):
    """One kind of periodic work; `position` is how far it has come, in a unit of its own."""

    name = fields.CharField(max_length=64, primary_key=True)
    position = fields.BigIntField(default=0)
    next_at = fields.BigIntField(default=0)  # milliseconds on the database's clock, as lease_until
    lease_until = fields.BigIntField(default=0)

    class Meta:
        table = "schedule"


async def claim(name: str, *, early: bool) -> int | None:
    """Lease the work and return its position, 0 the first time.

    None when another replica does it, or when it is not due and not `early`.
    """
    await insert_if_new(Schedule(name=name))
    due = "" if early else f"AND next_at <= {clock()}"
    rows = await query(
        f"UPDATE schedule SET lease_until = {clock()} + ? "  # noqa: S608 -- names are the code's own
        f"WHERE name = ? AND lease_until < {clock()} {due} RETURNING position",
        LEASE_MS,
        name,
    )
    return rows[0]["position"] if rows else None


async def finish(name: str, position: int, every_ms: int) -> None:
    """Store the new position and end the lease; the work is due again in `every_ms` milliseconds."""
    await query(
        f"UPDATE schedule SET position = ?, lease_until = 0, next_at = {clock()} + ? WHERE name = ?",  # noqa: S608 -- as above
        position,
        every_ms,
        name,
    )


async def release(name: str) -> None:
    """End the lease of work that failed: any replica may try again at once."""
    await Schedule.filter(name=name).update(lease_until=0)


async def furthest(prefix: str) -> int:
    """Return the highest position of all work whose name begins with `prefix`, 0 when there is none."""
    return max([row.position for row in await Schedule.filter(name__startswith=prefix)], default=0)
