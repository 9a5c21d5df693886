"""Leases on rows: a worker claims a row, renews it while it works, and gives it back."""

from collections.abc import Sequence

from tortoise.models import Model

from bot_platform.infra.sql import clock, connection, query, table_of


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
    are SQL with `{t}` for the table: the order within a lane, what goes before it between lanes, and
    which heads may be taken now. Whoever leases a lane's first row holds the lane, so a lane is
    worked in order and by one worker. Without a `lane` every row is its own.
    """
    table = table_of(model)
    mine, theirs = order.format(t="head"), order.format(t="other")
    between = f"{first.format(t='head')}, {mine}" if first else mine
    lock = "" if connection().capabilities.dialect == "sqlite" else "FOR UPDATE SKIP LOCKED"
    now = clock()
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
                WHERE head.state = ? AND head.next_at <= {now} AND head.lease_until < {now}
                AND {only.format(t="head")} {heads}
                ORDER BY {between} LIMIT {limit} {lock})
            RETURNING id""",  # noqa: S608 -- as above
        *values,
    )
    return [row["id"] for row in rows]


async def acquire(model: type[Model], ids: Sequence[int], lease_ms: int, *, only: str = "TRUE") -> None:
    """Keep others from these rows; `only` is SQL, as for `claim`."""
    if ids:
        marks = ", ".join("?" for _ in ids)
        await query(
            f"""UPDATE "{table_of(model)}" SET lease_until = {clock()} + ?
                WHERE id IN ({marks}) AND {only}""",  # noqa: S608 -- names and `only` are the code's own, values are bound
            lease_ms,
            *ids,
        )


async def renew(model: type[Model], ids: Sequence[int], lease_ms: int) -> None:
    """Keep the leases of these rows while their work goes on.

    Work that ended since the ids were listed has given its row back, and it stays given back.
    """
    await acquire(model, ids, lease_ms, only="lease_until > 0")


async def reschedule(model: type[Model], row_id: int, ms: int) -> None:
    """End the lease of a row and let it wait `ms` milliseconds."""
    await query(
        f'UPDATE "{table_of(model)}" SET lease_until = 0, next_at = {clock()} + ? WHERE id = ?',  # noqa: S608 -- as above
        ms,
        row_id,
    )
