"""The audit is linear in the rows: no check reads a table for each row, on either database."""

import asyncio
import sqlite3
from pathlib import Path

import asyncpg
import pytest

from bot_platform.domain import audit as audits
from bot_platform.domain.audit import audit
from bot_platform.domain.invariants import CHECKS, Check
from bot_platform.flows.grant import grant
from bot_platform.infra import sqlite_file
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from tests.makers import person
from tests.query_plans import expensive_steps

# The refunds without an answer: few, and read once for each range of holds.
READ_ONCE = {"SEARCH r USING COVERING INDEX idx_refund_state_6c6de1 (state=?)"}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.invariant}-{check.table}")
def test_no_check_reads_a_whole_table_on_sqlite(sqlite_template: Path, check: Check) -> None:
    with sqlite3.connect(sqlite_template) as connection:
        steps = expensive_steps(connection, check.sql, (1, 10_000))
    connection.close()
    assert set(steps) <= READ_ONCE


async def test_each_check_has_an_index_on_postgresql(postgres_url: str) -> None:
    server = await asyncpg.connect(postgres_url)
    try:
        await server.execute("SET enable_seqscan = off")  # the tables are empty
        for check in CHECKS:
            sql = check.sql.replace("?", "1", 1).replace("?", "10000", 1)
            plan = "\n".join(row[0] for row in await server.fetch(f"EXPLAIN {sql}"))
            assert "Seq Scan" not in plan, (check.sql, plan)
    finally:
        await server.close()


async def test_ids_far_apart_are_audited_in_as_many_steps_as_their_rows_need(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audits, "CHUNK_ROWS", 2)
    for telegram_id in range(1, 6):
        await person(database, telegram_id)
    asked = []
    async with database.reader() as ask:

        async def counted(sql: str, *values: object) -> object:
            asked.append(sql)
            return await ask(sql, *values)

        steps = [step async for step in audit(counted)]  # type: ignore[arg-type]  # rows pass through
    assert steps[-1].done == steps[-1].rows == 5 * (1 + sum(check.table == "account" for check in CHECKS))
    assert len(asked) < 150, "the ids of users are random numbers of 48 bits"


async def test_a_long_audit_leaves_the_log_of_sqlite_short(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "MAX_WAL_BYTES", 40_000)
    database = Database(sqlite_url)
    await database.open()
    assert database.file
    log, sizes = Path(f"{database.file}-wal"), []
    try:
        user = await person(database, credits_=100)
        await query("PRAGMA wal_autocheckpoint = 0")  # as when a reader is always there at a commit
        async with database.reader() as ask:
            for n in range(60):
                await grant(database, user, 1, "because", f"g{n}")
                await ask("SELECT COUNT(*) FROM entry")
                sizes.append((await asyncio.to_thread(log.stat)).st_size)
    finally:
        await database.close()
    assert max(sizes) < 4 * 40_000
    assert sum(size for size in sizes) > 0
