"""What statements cost, counted and not timed: the rows of a table that they read, or the steps they take."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tortoise.models import Model

from bot_platform.infra.database import Database
from bot_platform.infra.sql import connection, query, table_of

T = TypeVar("T")

STEPS = 20  # of SQLite's virtual machine between two counts
SMALL = ("aerich", "lanes", "ahead", "CONSTANT ROW")  # what a plan may read as a whole


@dataclass
class Cost:
    """What some statements did: `reads` are rows on PostgreSQL, steps of SQLite's machine in units of STEPS.

    `scans` names each reading of the whole table.
    """

    reads: int = 0
    scans: list[str] = field(default_factory=list)


@asynccontextmanager
async def counted(database: Database, table: str, cost: Cost) -> AsyncIterator[None]:
    """Add to the cost what statements of a transaction do, which must be running."""
    if database.name == "SQLite":
        file: Any = connection()._connection  # noqa: SLF001 -- Tortoise has no other name for it
        said: list[str] = []

        def step() -> int:
            cost.reads += 1
            return 0

        await file.set_trace_callback(said.append)
        await file.set_progress_handler(step, STEPS)
        try:
            yield
        finally:
            await file.set_trace_callback(None)
            await file.set_progress_handler(None, 0)
        for sql in said:
            cost.scans += await _scans(sql)
        return
    before = await _rows_read(table)
    yield
    after = await _rows_read(table)
    cost.reads += after["reads"] - before["reads"]
    if scanned := after["scanned"] - before["scanned"]:
        cost.scans.append(f"{scanned} rows of {table}")


async def _scans(sql: str) -> list[str]:
    """Name what a statement reads as a whole, by no index."""
    if not sql.startswith(("SELECT", "UPDATE", "WITH", "DELETE")):
        return []
    lines = [row["detail"] for row in await query(f"EXPLAIN QUERY PLAN {sql}")]
    found = [line.removeprefix("SCAN ") for line in lines if line.startswith("SCAN") and "INDEX" not in line]
    return [name for name in found if name not in SMALL]


async def _rows_read(table: str) -> dict[str, int]:
    """Read how many rows of a table the running transaction has read so far, in all and by whole scans."""
    (row,) = await query(
        """SELECT COALESCE(seq_tup_read, 0) AS scanned,
               COALESCE(seq_tup_read, 0) + COALESCE(idx_tup_fetch, 0) AS reads
           FROM pg_stat_xact_user_tables WHERE relname = ?""",
        table,
    )
    return row


async def copy_row(model: type[Model], row_id: int, count: int, **changed: str) -> None:
    """Insert copies of a row; `changed` are SQL for columns, in which `n` counts the copies from 1."""
    columns = {*model._meta.fields_db_projection.values()} - ({"id"} - changed.keys())  # noqa: SLF001 -- there is no public list of columns
    values = [changed.get(name, f"one.{name}") for name in columns]
    await query(
        f"""WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {count})
            INSERT INTO {table_of(model)} ({", ".join(columns)})
            SELECT {", ".join(values)} FROM counted, {table_of(model)} one WHERE one.id = {row_id}"""  # noqa: S608 -- names and numbers of tests
    )


async def writes_nothing(database: Database, story: Callable[[], Awaitable[T]]) -> T:
    """Run a story, and fail if it has written anything or taken a lock of a writer; return its result."""
    sqlite = database.name == "SQLite"
    written = "total_changes()" if sqlite else "COALESCE(pg_current_xact_id_if_assigned()::text, '')"

    async def watched() -> T:
        (before,) = await query(f"SELECT {written} AS written")
        result = await story()
        (after,) = await query(f"SELECT {written} AS written")
        assert before == after
        return result

    return await database.transact(watched, notify=False)
