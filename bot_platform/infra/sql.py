"""SQL for both databases: queries, inserts of new rows, locks, the database's clock."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import require_context
from tortoise.expressions import Expression, RawSQL, ResolveContext, ResolveResult
from tortoise.fields import DatetimeField
from tortoise.models import Model

from bot_platform.infra.clock import current, now

Ask = Callable[..., Awaitable[Sequence[dict[str, Any]]]]
"""Runs one query, written with `?`, and returns its rows; it sees one state of the database."""
# Settings of PostgreSQL.
WAYS_WITHOUT_ORDER = ("enable_seqscan", "enable_bitmapscan", "enable_sort", "enable_incremental_sort")


def connection() -> BaseDBAsyncClient:
    """Return the connection of the running transaction, else that of the database opened in this context."""
    context = require_context()
    return context.db(context.default_connection)


def clock() -> str:
    """Return SQL for the time in unix milliseconds, by the database's clock, which all replicas share.

    It is the time at which the running statement began, so that the planner can look for it in an index.
    """
    if connection().capabilities.dialect == "sqlite":
        time = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
    else:
        time = "CAST(EXTRACT(EPOCH FROM statement_timestamp()) * 1000 AS BIGINT)"
    offset = current().offset_ms
    return f"({time} + {offset})" if offset else time


class DbClock(Expression):
    """The database's clock in unix milliseconds, plus `plus_ms`, for Tortoise's filters and updates."""

    def __init__(self, plus_ms: int = 0) -> None:
        self.plus_ms = plus_ms

    def resolve(self, resolve_context: ResolveContext) -> ResolveResult:  # noqa: ARG002 -- Tortoise's signature
        """Return the SQL of the time."""
        return ResolveResult(term=RawSQL(f"{clock()} + {self.plus_ms}"))


@cache
def table_of(model: type[Model]) -> str:
    """Return the name of a model's table."""
    # A model that names no table (aerich's) has none here before Tortoise is initialised.
    return str(model.describe()["table"] or model.__name__.lower())


def tables(modules: Sequence[str]) -> list[str]:
    """Return the names of the tables of the models in these modules."""
    return [
        table_of(model)
        for module in map(import_module, modules)
        for model in vars(module).values()
        if isinstance(model, type) and issubclass(model, Model) and model.__module__ == module.__name__
    ]


def indexed_by(name: str) -> str:
    """Return SQL, after the name of a table, that makes SQLite use this index; PostgreSQL finds it itself."""
    # SQLite prefers an index that names more columns to a partial one, however few rows that holds.
    return f'INDEXED BY "{name}"' if name and connection().capabilities.dialect == "sqlite" else ""


async def query(sql: str, *values: Any) -> list[dict[str, Any]]:
    """Run SQL (written with `?`) on the current connection; return its rows, also those of RETURNING."""
    here = connection()
    if here.capabilities.dialect != "sqlite":
        sql = numbered(sql)
    return await here.execute_query_dict(sql, list(values))


def numbered(sql: str) -> str:
    """Replace each `?` by PostgreSQL's $1, $2, $3."""
    parts = sql.split("?")
    return parts[0] + "".join(f"${n}{part}" for n, part in enumerate(parts[1:], start=1))


async def insert_if_new(row: Model) -> bool:
    """Insert the row; False when one of its unique keys is taken.

    On PostgreSQL this waits while another transaction has inserted the same key and not committed. Columns
    that Tortoise would set by the system's time (`auto_now_add`) are set by the running clock.
    """
    here = connection()
    meta: Any = row._meta  # noqa: SLF001 -- Tortoise has no public way to insert with ON CONFLICT and learn the result
    for name, column in meta.fields_map.items():
        if isinstance(column, DatetimeField) and column.auto_now_add and getattr(row, name) is None:
            setattr(row, name, now())
    executor: Any = here.executor_class(model=type(row), db=here)
    fields, key = executor.regular_columns, meta.db_pk_column
    columns = ", ".join(f'"{meta.fields_db_projection[field]}"' for field in fields)
    marks = ", ".join("?" for _ in fields)
    inserted = await query(
        f'INSERT INTO "{meta.db_table}" ({columns}) VALUES ({marks})'  # noqa: S608 -- names are the model's
        f' ON CONFLICT DO NOTHING RETURNING "{key}"',
        *(meta.fields_map[field].to_db_value(getattr(row, field), row) for field in fields),
    )
    if inserted:
        row.pk = inserted[0][key]
        row._saved_in_db = True  # noqa: SLF001 -- otherwise `save` would insert the row again
    return bool(inserted)


async def advisory_lock(name: str) -> None:
    """Take the lock of this name until the end of the transaction; wait while another transaction has it.

    Use it where there is no row to lock. SQLite allows one writer at a time anyway.
    """
    if connection().capabilities.dialect == "sqlite":
        await query("DELETE FROM aerich WHERE id IS NULL")  # takes the write lock, changes nothing
    else:
        await query("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", name)


async def read_by_indexes() -> None:
    """Until the end of the transaction PostgreSQL reads by indexes and in their order, if there is one.

    Without statistics, or with old ones, its planner believes that nearly nothing waits: it would read all
    that does, and sort it.
    """
    if connection().capabilities.dialect != "sqlite":
        await query("SELECT " + ", ".join(f"set_config('{way}', 'off', TRUE)" for way in WAYS_WITHOUT_ORDER))


async def claim_lock(name: str) -> None:
    """Begin a claim: take an advisory lock, and read by indexes."""
    await advisory_lock(name)
    await read_by_indexes()


def json_safe(value: Any) -> Any:
    """Replace what PostgreSQL's JSON cannot store: NUL, and half a surrogate pair."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode(errors="replace").decode()
    if isinstance(value, (list, tuple)):
        return [json_safe(item) for item in value]
    if isinstance(value, Mapping):
        return {json_safe(key): json_safe(item) for key, item in value.items()}
    return value
