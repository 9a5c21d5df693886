"""Schedules: periodic work that is done when it is due, by one replica at a time."""

from tortoise import fields
from tortoise.models import Model

from bot_platform.infra.moments import come
from bot_platform.infra.sql import DbClock, insert_if_new

LEASE_MS = 30_000  # after a crash another replica does the work when this has passed


class Schedule(Model):
    """One kind of periodic work; `position` is how far it has come, in a unit of its own."""

    name = fields.CharField(max_length=64, primary_key=True)
    position: int = fields.BigIntField(default=0)
    next_at = fields.BigIntField(default=0)  # milliseconds on the database's clock, as lease_until
    lease_until = fields.BigIntField(default=0)

    class Meta:
        table = "schedule"


async def may_be_claimed(name: str, every_ms: int, *, early: bool) -> bool:
    """Whether `claim` could lease the work; called often, so it takes no lock and writes nothing."""
    not_now = ~come("lease_until", LEASE_MS)
    if not early:
        not_now |= ~come("next_at", every_ms)
    return not await Schedule.filter(not_now, name=name).exists()


async def claim(name: str, every_ms: int, *, early: bool) -> int | None:
    """Lease the work and return its position, 0 the first time.

    None when another replica does it, or when it is not due and not `early`. `every_ms` as for `finish`.
    """
    await insert_if_new(Schedule(name=name))
    free = Schedule.filter(come("lease_until", LEASE_MS), name=name)
    due = free if early else free.filter(come("next_at", every_ms))
    if not await due.update(lease_until=DbClock(LEASE_MS)):
        return None
    return (await Schedule.get(name=name)).position


async def renew(name: str) -> None:
    """Extend the lease of work that takes long; one that has ended stays so."""
    await Schedule.filter(name=name, lease_until__gt=0).update(lease_until=DbClock(LEASE_MS))


async def finish(name: str, position: int, every_ms: int) -> None:
    """Store the new position and end the lease; the work is due again in `every_ms` milliseconds."""
    row = Schedule.filter(name=name)
    await row.update(position=position, lease_until=0, next_at=DbClock(every_ms))


async def release(name: str, after_ms: int) -> None:
    """End the lease of work that failed: any replica may try again in `after_ms` milliseconds."""
    await Schedule.filter(name=name).update(lease_until=0, next_at=DbClock(after_ms))


async def furthest(prefix: str) -> int:
    """Return the highest position of all work whose name begins with `prefix`, 0 when there is none."""
    return max([row.position for row in await Schedule.filter(name__startswith=prefix)], default=0)
