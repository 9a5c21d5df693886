"""SQL that runs on both databases: queries, inserts that happen once, locks, the database's clock."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import require_context
from tortoise.fields import DatetimeField
from tortoise.models import Model

from bot_platform.infra.clock import current, now


def connection() -> BaseDBAsyncClient:
    """Find the connection of the running transaction, or of the database that was opened here."""
    context = require_context()
    return context.db(context.default_connection)


def clock() -> str:
    """Write SQL for the time in milliseconds: the database's own, so that all replicas share one clock."""
    if connection().capabilities.dialect == "sqlite":
        time = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
    else:
        time = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
    offset = current().offset_ms
    return f"({time} + {offset})" if offset else time


@cache
def table_of(model: type[Model]) -> str:
    """Return the name of a model's table."""
    return str(model.describe()["table"])


def tables(modules: Sequence[str]) -> list[str]:
    """Return the names of the tables of the models in these modules."""
    return [
        table_of(model)
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


async def insert_if_new(row: Model) -> bool:
    """Insert the row unless one of its unique keys is taken; False for such a repeat.

    On PostgreSQL a rival's uncommitted insert of the same key is waited for. Moments that Tortoise would
    set by the system's time (`auto_now_add`) are set by the running code's clock.
    """
    here = connection()
    for name, column in type(row)._meta.fields_map.items():
        if isinstance(column, DatetimeField) and column.auto_now_add and getattr(row, name) is None:
            setattr(row, name, now())
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


async def advisory_lock(name: str) -> None:
    """Wait until no other transaction that named the same is running, and keep the turn until commit.

    For a row that is not there yet and so cannot be locked. On SQLite whoever writes is alone.
    """
    if connection().capabilities.dialect == "sqlite":
        await query("DELETE FROM aerich WHERE id IS NULL")  # takes the write lock, changes nothing
    else:
        await query("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", name)


def json_safe(value: Any) -> Any:
    """Replace what JSON can spell and PostgreSQL's JSON cannot hold: NUL, and half a surrogate pair."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode(errors="replace").decode()
    if isinstance(value, (list, tuple)):
        return [json_safe(item) for item in value]
    if isinstance(value, Mapping):
        return {json_safe(key): json_safe(item) for key, item in value.items()}
    return value
