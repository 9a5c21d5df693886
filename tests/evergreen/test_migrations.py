"""Migrations give both databases the schema of the models, once, even when several processes run them."""

import asyncio
import importlib.util
import json
import os
import re
import sqlite3
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from aerich.utils import decompress_dict, get_models_describe
from tortoise import Tortoise

from bot_platform.domain import book_checks, leases, outages, schedules
from bot_platform.domain.inbox import Event
from bot_platform.domain.outbox import Notice
from bot_platform.infra.database import MIGRATIONS, RETIRED_TABLES, Database, tortoise_config
from bot_platform.infra.sql import query
from tests import programs
from tests.makers import person

ROOT = Path(__file__).parents[2]
FILES = (MIGRATIONS / "models").glob("[0-9]*.py")
NAMES = sorted((path.name for path in FILES), key=lambda name: int(name.partition("_")[0]))
AT_ONCE = 6


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def server(request: pytest.FixtureRequest) -> str | None:
    """Give the URL of the PostgreSQL server, or None for SQLite, of each kind in turn."""
    # Not async: the server's own fixture runs a loop of its own.
    return None if request.param == "SQLite" else str(request.getfixturevalue("postgres_server"))


@pytest.fixture
async def empty_urls(server: str | None, tmp_path: Path) -> AsyncIterator[tuple[str, str]]:
    """Make two databases without tables, of each kind in turn."""
    if server is None:
        yield f"sqlite://{tmp_path / 'one.db'}", f"sqlite://{tmp_path / 'other.db'}"
        return
    names = [f"empty_{uuid.uuid4().hex}" for _ in range(2)]
    admin = await asyncpg.connect(server)
    for name in names:
        await admin.execute(f'CREATE DATABASE "{name}"')
    one, other = (urlunsplit(urlsplit(server)._replace(path=f"/{name}")) for name in names)
    yield one, other
    for name in names:
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await admin.close()


@pytest.fixture
def empty_url(empty_urls: tuple[str, str]) -> str:
    """Make one database without tables, of each kind in turn."""
    return empty_urls[0]


async def _schema(url: str) -> set[tuple[Any, ...]]:
    """Read columns, keys, uniques, indexes and references, without checks, triggers and aerich's table."""
    if url.startswith("sqlite"):
        return _sqlite_schema(url.removeprefix("sqlite://"))
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("""
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text,
               pg_get_expr(d.adbin, d.adrelid)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
        LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
        WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
              AND c.relname <> 'aerich'
        UNION ALL
        SELECT 'index', indexname, indexdef, NULL, NULL FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), NULL, NULL
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'u', 'f')
    """)
    await connection.close()
    return {tuple(row) for row in rows}


def _sqlite_schema(path: str) -> set[tuple[Any, ...]]:
    connection = sqlite3.connect(path)
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    tables.remove("aerich")
    schema: set[tuple[Any, ...]] = set()
    for table in tables:
        # Without the first value: where a column stands in its table is no matter.
        schema |= {(table, *row[1:]) for row in connection.execute(f'PRAGMA table_info("{table}")')}
        schema |= {
            (table, "references", *row[2:])
            for row in connection.execute(f'PRAGMA foreign_key_list("{table}")')
        }
        for _, index, unique, origin, _ in connection.execute(f'PRAGMA index_list("{table}")').fetchall():
            columns = tuple(row[2] for row in connection.execute(f'PRAGMA index_info("{index}")'))
            name = index if origin == "c" else ""  # SQLite numbers the others as it meets them
            schema.add((table, name, unique, columns))
    connection.close()
    return schema


async def _migrate(url: str) -> list[str]:
    database = Database(url)
    await database.open()
    try:
        return await database.migrate()
    finally:
        await database.close()


async def _from_models(url: str) -> None:
    await Tortoise.init(config=tortoise_config(url))
    await Tortoise.generate_schemas()
    await Tortoise.close_connections()


async def test_an_empty_database_gets_each_migration_once(empty_url: str) -> None:
    assert await _migrate(empty_url) == NAMES
    assert await _migrate(empty_url) == []


async def test_the_migrations_give_what_the_models_describe(empty_urls: tuple[str, str]) -> None:
    migrated, generated = empty_urls
    await _migrate(migrated)
    await _from_models(generated)
    there, wanted = await _schema(migrated), await _schema(generated)
    there = {row for row in there if not any(f"{name}" in str(row) for name in RETIRED_TABLES)}
    assert wanted
    assert there - wanted == set(), "the migrations have more than the models"
    assert wanted - there == set(), "the models have more than the migrations"


async def test_a_migration_that_was_not_noted_runs_again(empty_url: str) -> None:
    await _migrate(empty_url)
    before = await _schema(empty_url)
    database = Database(empty_url)
    await database.open()
    try:
        user = await person(database, credits_=500)
        await query("DELETE FROM aerich")
        assert await database.migrate() == NAMES
        assert [row["user_id"] for row in await query("SELECT user_id FROM account")] == [user.id]
    finally:
        await database.close()
    assert await _schema(empty_url) == before


ROUNDS = (
    ("missed:stripe", 1_700_000_000, 10, 0),
    ("audit", 1_700_000_100, 20, 30),
    ("broadcast", 7, 40, 0),
    ("audit:turns", 3, 0, 0),
    ("outage:stripe", 1_700_000_200, 50, 0),
    ("outage:model", 0, 60, 0),
    ("telegram.polls", 4711, 0, 70),
)


async def test_what_the_table_round_held_is_kept_and_stays_there(empty_url: str) -> None:
    await _migrate(empty_url)
    database = Database(empty_url)
    await database.open()
    try:
        # As the version before left it.
        for table in ("schedule", "lease", "outage", "book_check"):
            await query(f'DROP TABLE "{table}"')
        await query("DELETE FROM aerich WHERE version LIKE '4%'")
        for row in ROUNDS:
            await query("INSERT INTO round (name, mark, next_at, lease_until) VALUES (?, ?, ?, ?)", *row)
        assert await database.migrate() == [NAMES[4]]
        kept = [tuple(row.values()) for row in await query("SELECT * FROM schedule ORDER BY next_at")]
        assert kept == [ROUNDS[0], ROUNDS[1], ROUNDS[2]]
        assert await leases.find_holder("telegram.polls") is None
        assert [tuple(row.values()) for row in await query("SELECT * FROM lease")] == [
            ("telegram.polls", 4711, 70)
        ]
        assert await outages.find_start("stripe") == 1_700_000_200
        assert await outages.find_start("model") is None
        assert (await outages.Outage.get(party="model")).quiet_until == 60
        check = await book_checks.last()
        assert (check.off, check.changes) == (True, 3)
        assert check.proved_at == datetime.fromtimestamp(1_700_000_100, UTC)
        assert len(await query("SELECT * FROM round")) == len(ROUNDS)
        await schedules.finish("broadcast", 8, 0)
        await query("DELETE FROM aerich WHERE version LIKE '4%'")
        assert await database.migrate() == [NAMES[4]]
        assert (await schedules.Schedule.get(name="broadcast")).position == 8, "what came since is kept"
    finally:
        await database.close()


async def test_stored_errors_that_quote_the_bots_token_are_removed(empty_url: str) -> None:
    await _migrate(empty_url)
    database = Database(empty_url)
    await database.open()
    leak, harmless = "InvalidURL: http://[/bot123:AA-half/getMe", "Bad Request: chat not found"
    try:
        for n, said in enumerate((leak, harmless)):
            values = {"user": "7", "about": "job:1", "error": said}
            notice = await Notice.create(
                key=f"n{n}", subject="s", chat_id=1, text="operator-notice-lost", text_values=values
            )
            await query('UPDATE "notice" SET "error" = ? WHERE "id" = ?', said, notice.id)
            event = await Event.create(key=f"e{n}", type="t")
            await query('UPDATE "event" SET "error" = ? WHERE "id" = ?', said, event.id)
        for _ in range(2):
            await query("DELETE FROM aerich WHERE version LIKE '10_%'")
            assert await database.migrate() == [name for name in NAMES if name.startswith("10_")]
            texts = [row.error for row in await Notice.all().order_by("id")]
            texts += [row.error for row in await Event.all().order_by("id")]
            assert [text == harmless for text in texts] == [False, True] * 2
            assert "AA-half" not in str(texts)
            lost, kept = await Notice.all().order_by("id")
            assert "AA-half" not in str(lost.text_values)
            assert kept.text_values["error"] == harmless
            assert lost.text_values.keys() == kept.text_values.keys()  # the text needs each of them
    finally:
        await database.close()


async def test_many_processes_migrate_at_once_and_one_does_it(empty_url: str, tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": empty_url,
        "TELEGRAM_BOT_TOKEN": "123456789:AAExampleExampleExampleExample",
        "MOCK_STRIPE_PAYMENTS": "true",
    }

    async def migrator() -> tuple[int | None, list[str]]:
        # In a folder of its own: there is no `.env` of a developer.
        process = await programs.start(
            str(ROOT / "run.py"), "migrate", folder=tmp_path, environment=environment
        )
        said = b"".join(await process.communicate())
        return process.returncode, said.decode().splitlines()

    results = await asyncio.gather(*(migrator() for _ in range(AT_ONCE)))
    assert [code for code, _ in results] == [0] * AT_ONCE, results
    lines = [line for _, said in results for line in said]
    assert sorted(lines) == sorted(
        [f"applied {name}" for name in NAMES] + ["already at the newest schema"] * (AT_ONCE - 1)
    )


THE_REST = "'', created_at, account_id, NULL, NULL FROM entry"
FORBIDDEN = {
    "SQLite": (
        "UPDATE entry SET amount = amount + 1",
        "UPDATE OR REPLACE entry SET note = 'x'",
        "DELETE FROM entry",
        "DELETE FROM entry WHERE id = 1",
        # Each takes the place of an entry by another of its unique keys.
        f"REPLACE INTO entry SELECT id, 9, kind, 1, 1, 'x', {THE_REST}",
        f"REPLACE INTO entry SELECT 99, 9, kind, 1, 1, cause, {THE_REST}",
        f"REPLACE INTO entry SELECT 99, seq, kind, 1, 1, 'x', {THE_REST}",
        "INSERT INTO entry SELECT * FROM entry WHERE true ON CONFLICT DO UPDATE SET amount = 1",
    ),
    "PostgreSQL": (
        "UPDATE entry SET amount = amount + 1",
        "DELETE FROM entry",
        "TRUNCATE entry",
        "TRUNCATE account CASCADE",
        "INSERT INTO entry SELECT * FROM entry ON CONFLICT (id) DO UPDATE SET amount = 1",
    ),
}


async def test_an_entry_once_written_stays(database: Database, database_url: str) -> None:
    await person(database, credits_=500)
    before = await query("SELECT * FROM entry")
    assert len(before) == 1
    for sql in FORBIDDEN[database.name]:
        # A foreign connection, without our settings.
        with pytest.raises((sqlite3.IntegrityError, asyncpg.RaiseError), match="append-only"):
            await _run(database_url, sql)
        assert await query("SELECT * FROM entry") == before, sql


async def _run(url: str, sql: str) -> None:
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite://"))
        try:
            connection.execute(sql)
            connection.commit()
        finally:
            connection.close()
        return
    server = await asyncpg.connect(url)
    try:
        await server.execute(sql)
    finally:
        await server.close()


def _compared(state: Any) -> Any:
    """Keep what aerich compares: no docstring, no comment, and no name of a function that gives a default."""
    if isinstance(state, dict):
        return {key: _compared(v) for key, v in state.items() if key not in {"docstring", "description"}}
    if isinstance(state, str):
        return re.sub(r"<function [^>]+>", "<function>", state)
    return [_compared(value) for value in state] if isinstance(state, list) else state


async def test_the_last_migration_carries_the_models_of_today(sqlite_url: str) -> None:
    # `aerich migrate` compares with it: a stale one would make the next migration wrong.
    spec = importlib.util.spec_from_file_location("last_migration", MIGRATIONS / "models" / NAMES[-1])
    assert spec
    assert spec.loader
    last = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(last)
    database = Database(sqlite_url)
    await database.open()
    try:
        today = json.loads(json.dumps(get_models_describe("models")))  # lists for tuples
        assert _compared(decompress_dict(last.MODELS_STATE)) == _compared(today)
    finally:
        await database.close()
