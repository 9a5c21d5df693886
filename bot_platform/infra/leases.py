"""Leases on rows: a worker renews the lease while it works, and releases the row; queues.py claims rows."""

from collections.abc import Sequence

from tortoise.models import Model

from bot_platform.infra.sql import DbClock, clock, connection, query, table_of

MAX_PAUSE_MS = 15 * 60 * 1000  # until a row is tried again; a moment further ahead is none (infra/moments.py)


async def acquire(model: type[Model], ids: Sequence[int], lease_ms: int) -> None:
    """Lease these rows for `lease_ms` milliseconds."""
    if ids:
        await model.filter(id__in=list(ids)).update(lease_until=DbClock(lease_ms))


async def renew(model: type[Model], ids: Sequence[int], lease_ms: int) -> None:
    """Extend the leases of these rows.

    A row that was released since the ids were listed stays released. A row that a transaction has locked is
    left for the next time, because to wait for one row while others are held could end in a deadlock.
    """
    if ids:
        table, marks = table_of(model), ", ".join("?" for _ in ids)
        lock = "" if connection().capabilities.dialect == "sqlite" else "FOR UPDATE SKIP LOCKED"
        await query(
            f"""UPDATE "{table}" SET lease_until = {clock()} + {lease_ms} WHERE id IN (
                SELECT id FROM "{table}" WHERE id IN ({marks}) AND lease_until > 0 {lock})""",  # noqa: S608 -- names are the code's own, values are bound
            *ids,
        )


async def reschedule(model: type[Model], row_id: int, ms: int) -> None:
    """End the lease of a row; it can be claimed again after `ms` milliseconds, MAX_PAUSE_MS at most."""
    await model.filter(id=row_id).update(lease_until=0, next_at=DbClock(min(ms, MAX_PAUSE_MS)))
