"""Leases on rows: a worker claims a row, renews the lease while it works, and releases the row."""

from collections.abc import Sequence

from tortoise.models import Model

from bot_platform.infra.moments import has_come
from bot_platform.infra.sql import DbClock, clock, connection, query, table_of

MAX_PAUSE_MS = 15 * 60 * 1000  # until a row is tried again; a moment further ahead is none (infra/moments.py)


async def claim(
    model: type[Model],
    *,
    waiting: str,
    lane: str | None,
    order: str,
    limit: int,
    lease_ms: int,
    first: str = "",
    only: str = "TRUE",
) -> Sequence[int]:
    """Lease the first waiting row of each lane, `limit` at most, and return their ids.

    The table has `id`, `state`, `next_at`, `lease_until` and `attempts`; `order`, `first` and `only`
    are SQL with `{t}` for the table: the order within a lane, an order between lanes that comes before
    it, and a condition for the rows that may be claimed now. Only the first waiting row of a lane can be
    claimed, so the rows of a lane are handled in order, by one worker at a time. Without `lane` the rows
    are independent.
    """
    table = table_of(model)
    mine, theirs = order.format(t="head"), order.format(t="other")
    between = f"{first.format(t='head')}, {mine}" if first else mine
    lock = "" if connection().capabilities.dialect == "sqlite" else "FOR UPDATE SKIP LOCKED"
    now = clock()
    is_free = f"{has_come('head.next_at', MAX_PAUSE_MS)} AND {has_come('head.lease_until', lease_ms)}"
    heads, values = "", [lease_ms, waiting]
    if lane:
        heads = f"""AND head.{lane} IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM "{table}" other WHERE other.state = ?
            AND other.{lane} = head.{lane} AND ({theirs}) < ({mine}))"""  # noqa: S608 -- names are the code's own, values are bound
        values.append(waiting)
    rows = await query(
        f"""UPDATE "{table}" SET lease_until = {now} + ?, attempts = attempts + 1
            WHERE id IN (
                SELECT head.id FROM "{table}" head
                WHERE head.state = ? AND {is_free}
                AND {only.format(t="head")} {heads}
                ORDER BY {between} LIMIT {limit} {lock})
            RETURNING id""",  # noqa: S608 -- as above
        *values,
    )
    return [row["id"] for row in rows]


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
