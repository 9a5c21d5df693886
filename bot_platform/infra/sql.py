"""SQL that both databases take: rows inserted once, and lanes of rows claimed under a lease."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import require_context
from tortoise.models import Model


def connection() -> BaseDBAsyncClient:
    """Find the connection of the running transaction, or of the database that was opened here."""
    context = require_context()
    return context.db(context.default_connection)


def clock() -> str:
    """Write SQL for the database's own time in milliseconds: leases of all replicas use one clock."""
    if connection().capabilities.dialect == "sqlite":
        return "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"


def tables(modules: Sequence[str]) -> list[str]:
    """Name the tables of the models in these modules."""
    return [
        model._meta.db_table or model.__name__.lower()  # as Tortoise names one without a name
        for module in map(import_module, modules)
        for model in vars(module).values()
        if isinstance(model, type) and issubclass(model, Model) and model.__module__ == module.__name__
    ]


async def query(sql: str, *values: Any) -> list[dict[str, Any]]:
    """Run SQL written with `?` on the current connection; rows as dicts, RETURNING included."""
    here = connection()
    if here.capabilities.dialect != "sqlite":
        sql = numbered(sql)
    return await here.execute_query_dict(sql, list(values))


def numbered(sql: str) -> str:
    """Write `?` as PostgreSQL does: $1, $2, $3."""
    parts = sql.split("?")
    return parts[0] + "".join(f"${n}{part}" for n, part in enumerate(parts[1:], start=1))


async def insert_once(row: Model) -> bool:
    """Insert the row unless one of its unique keys is taken; False for such a repeat.

    On PostgreSQL a rival's uncommitted insert of the same key is waited for.
    """
    here = connection()
    executor: Any = here.executor_class(model=type(row), db=here)
    columns = executor.regular_columns
    names = ", ".join(f'"{type(row)._meta.fields_db_projection[c]}"' for c in columns)
    marks = ", ".join("?" for _ in columns)
    table, key = row._meta.db_table, row._meta.db_pk_column
    inserted = await query(
        f'INSERT INTO "{table}" ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING RETURNING "{key}"',  # noqa: S608 -- names are the model's
        *(row._meta.fields_map[c].to_db_value(getattr(row, c), row) for c in columns),
    )
    if inserted:
        row.pk = inserted[0][key]
        row._saved_in_db = True
    return bool(inserted)


async def claim_heads(
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
    table = model._meta.db_table
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


async def take_turns(name: str) -> None:
    """Wait until no other transaction that named the same is running, and keep the turn until commit.

    For a row that is not there yet and so cannot be locked. On SQLite whoever writes is alone.
    """
    if connection().capabilities.dialect == "sqlite":
        await query("DELETE FROM round WHERE name IS NULL")  # takes the write lock, changes nothing
    else:
        await query("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", name)


async def lease(model: type[Model], ids: Sequence[int], lease_ms: int, *, only: str = "TRUE") -> None:
    """Keep others from these rows; `only` is SQL, as for `claim_heads`."""
    if ids:
        marks = ", ".join("?" for _ in ids)
        await query(
            f"""UPDATE "{model._meta.db_table}" SET lease_until = {clock()} + ?
                WHERE id IN ({marks}) AND {only}""",  # noqa: S608 -- names and `only` are the code's own, values are bound
            lease_ms,
            *ids,
        )


async def renew(model: type[Model], ids: Sequence[int], lease_ms: int) -> None:
    """Keep the leases of these rows while their work goes on.

    Work that ended since the ids were listed has given its row back, and it stays given back.
    """
    await lease(model, ids, lease_ms, only="lease_until > 0")


async def put_off(model: type[Model], row_id: int, ms: int) -> None:
    """End the lease of a row and let it wait `ms` milliseconds."""
    await query(
        f'UPDATE "{model._meta.db_table}" SET lease_until = 0, next_at = {clock()} + ? WHERE id = ?',  # noqa: S608 -- as above
        ms,
        row_id,
    )


def storable(value: Any) -> Any:
    """Replace what JSON can spell and PostgreSQL's JSON cannot hold: NUL, and half a surrogate pair."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode(errors="replace").decode()
    if isinstance(value, (list, tuple)):
        return [storable(item) for item in value]
    if isinstance(value, Mapping):
        return {storable(key): storable(item) for key, item in value.items()}
    return value
