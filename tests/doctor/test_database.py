"""The checks of the database, its schema, the books and the disk find each fault and change nothing."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from bot_platform.doctor.database import LOW_FREE_BYTES, MIN_FREE_BYTES, DatabaseChecks
from bot_platform.doctor.report import Status
from bot_platform.domain.ledger import Account
from bot_platform.domain.outbox import Notice
from bot_platform.flows import bot_of_database
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from tests.doctor.makers import ERROR, OK, SKIPPED, WARNING, findings, statuses
from tests.makers import free_port, person


async def test_all_is_well(database: Database, database_url: str) -> None:
    await person(database, credits_=500)
    lines = await findings(DatabaseChecks(Database(database_url)).groups())
    assert lines["database"].message.startswith(database.name)
    assert lines["migrations"].message == "at the newest schema"
    assert lines["books"].message.startswith("balanced, ")
    assert set(statuses(lines).values()) <= {OK, SKIPPED}


async def test_the_database_of_another_bot_is_an_error(database: Database, database_url: str) -> None:
    mine, other = (DatabaseChecks(Database(database_url), bot_id=n).groups() for n in (7, 8))
    assert (await findings(mine))["bot"].message == "belongs to the bot that starts on it first"
    await bot_of_database.hand_over(database, 7)
    assert (await findings(mine))["bot"].message == "belongs to bot 7"
    found = (await findings(other))["bot"]
    assert found.status is ERROR
    assert "--new-bot" in found.fix


async def test_books_that_are_wrong_are_an_error_and_no_account_is_frozen_and_no_notice_written(
    database: Database, database_url: str
) -> None:
    user = await person(database, credits_=500)
    await query("UPDATE account SET balance = balance + 1")
    line = (await findings(DatabaseChecks(Database(database_url)).groups()))["books"]
    assert (line.status, line.message) == (ERROR, "rows that are wrong: 1")
    assert "run.py audit" in line.fix
    assert not (await Account.get(user_id=user.id)).broken
    assert await Notice.all().count() == 0


async def test_books_too_large_for_the_time_limit_are_a_warning(
    database: Database, database_url: str
) -> None:
    await person(database, credits_=500)
    line = (await findings(DatabaseChecks(Database(database_url), audit_seconds=0).groups()))["books"]
    assert line.status is WARNING
    assert "no error in 0 of" in line.message
    assert "run.py audit" in line.fix


@pytest.mark.usefixtures("database")
async def test_missing_migrations_are_reported_and_not_applied(database_url: str) -> None:
    rows = await query("SELECT version FROM aerich ORDER BY id")
    await query("DELETE FROM aerich WHERE version = ?", rows[-1]["version"])
    lines = await findings(DatabaseChecks(Database(database_url)).groups())
    assert lines["migrations"].status is WARNING
    assert f"1 of {len(rows)} migrations are missing" in lines["migrations"].message
    assert "run.py migrate" in lines["migrations"].fix
    assert "start the service" in lines["migrations"].fix
    assert lines["books"].status is SKIPPED
    assert len(await query("SELECT version FROM aerich")) == len(rows) - 1


@pytest.mark.usefixtures("database")
async def test_a_database_of_a_newer_version_is_a_warning(database_url: str) -> None:
    await query("INSERT INTO aerich (version, app, content) VALUES ('99_later.py', 'models', '{}')")
    lines = await findings(DatabaseChecks(Database(database_url)).groups())
    assert lines["migrations"].status is WARNING
    assert "newer than this program (99_later.py)" in lines["migrations"].message


async def test_a_database_without_tables_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    lines = await findings(DatabaseChecks(Database(f"sqlite://{tmp_path}/empty.db")).groups())
    assert (lines["database"].status, lines["migrations"].status) == (OK, WARNING)
    assert (tmp_path / "empty.db").read_bytes() == b""


async def test_a_file_that_does_not_exist_yet_is_a_warning_and_is_not_created(tmp_path: Path) -> None:
    lines = await findings(DatabaseChecks(Database(f"sqlite://{tmp_path}/data/bot.db")).groups())
    assert lines["database"].status is WARNING
    assert {lines["migrations"].status, lines["books"].status} == {SKIPPED}
    assert "run.py migrate" in lines["database"].fix
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("what", ["a folder", "no database", "below a file", "locked"])
async def test_a_file_that_cannot_be_a_database_is_an_error(
    what: str, tmp_path: Path, sqlite_url: str
) -> None:
    path = tmp_path / "odd"
    hog = None
    if what == "a folder":
        path.mkdir()
    elif what == "no database":
        path.write_bytes(b"this is no database at all" * 200)
    elif what == "below a file":
        path.touch()
        path /= "bot.db"
    else:
        path = Path(sqlite_url.removeprefix("sqlite://"))
        hog = sqlite3.connect(path, isolation_level=None)
        hog.execute("PRAGMA locking_mode = EXCLUSIVE")
        hog.execute("BEGIN EXCLUSIVE")
    try:
        lines = await findings(DatabaseChecks(Database(f"sqlite://{path}")).groups())
    finally:
        if hog:
            hog.close()
    assert lines["database"].status is ERROR
    assert lines["books"].status is SKIPPED
    assert str(tmp_path) in lines["database"].message + lines["database"].fix


async def test_a_server_that_does_not_exist_is_an_error() -> None:
    url = f"postgres://bot:word-of-the-base@127.0.0.1:{free_port()}/name"
    lines = await findings(DatabaseChecks(Database(url)).groups())
    assert lines["database"].status is ERROR
    assert "DATABASE_URL" in lines["database"].fix
    assert "word-of-the-base" not in lines["database"].message
    assert lines["disk"].status is SKIPPED


async def test_a_server_that_accepts_and_never_answers_is_an_error() -> None:
    callers: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _, writer: callers.append(writer), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    checks = DatabaseChecks(Database(f"postgres://bot:x@127.0.0.1:{port}/name"), timeout_seconds=0.5)
    lines = await findings(checks.groups())
    assert lines["database"].status is ERROR
    assert "no answer within" in lines["database"].message
    for caller in callers:
        caller.close()
    silent.close()
    assert callers


@pytest.mark.parametrize(
    ("free", "status"),
    [
        (LOW_FREE_BYTES, OK),
        (LOW_FREE_BYTES - 1, WARNING),
        (MIN_FREE_BYTES, WARNING),
        (MIN_FREE_BYTES - 1, ERROR),
        (0, ERROR),
    ],
)
async def test_a_disk_that_fills_up_is_reported(free: int, status: Status, sqlite_url: str) -> None:
    checks = DatabaseChecks(Database(sqlite_url), free=lambda _: free)
    line = (await findings(checks.groups()))["disk"]
    assert line.status is status
    assert f"{free / 1e9:.1f} GB free at" in line.message
