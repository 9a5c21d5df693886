"""The database, its schema, the books and the disk, each turned bad, and nothing of it changed."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from bot_platform.doctor.house import LITTLE, SCARCE, House
from bot_platform.doctor.report import Verdict
from bot_platform.domain.ledger import Account
from bot_platform.domain.outbox import Notice
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from tests.doctor.clinic import ERROR, OK, SKIPPED, WARNING, found, verdicts
from tests.makers import free_port, person


async def test_all_is_well(database: Database, database_url: str) -> None:
    await person(database, credits_=500)
    lines = await found(House(Database(database_url)).parties())
    assert lines["database"].says.startswith(database.name)
    assert lines["migrations"].says == "at the newest schema"
    assert lines["books"].says.startswith("balanced, ")
    assert set(verdicts(lines).values()) <= {OK, SKIPPED}


async def test_books_that_are_off_are_an_error_and_nobody_is_marked_or_told(
    database: Database, database_url: str
) -> None:
    user = await person(database, credits_=500)
    await query("UPDATE account SET balance = balance + 1")
    line = (await found(House(Database(database_url)).parties()))["books"]
    assert (line.verdict, line.says) == (ERROR, "1 rows are off")
    assert "run.py audit" in line.fix
    assert not (await Account.get(user_id=user.id)).broken
    assert await Notice.all().count() == 0


async def test_books_too_large_for_a_look_are_said_to_be(database: Database, database_url: str) -> None:
    await person(database, credits_=500)
    line = (await found(House(Database(database_url), books_within=0).parties()))["books"]
    assert line.verdict is WARNING
    assert "good as far as 0 seconds reach: 0 of" in line.says
    assert "run.py audit" in line.fix


@pytest.mark.usefixtures("database")
async def test_missing_migrations_are_told_and_not_made(database_url: str) -> None:
    rows = await query("SELECT version FROM aerich ORDER BY id")
    await query("DELETE FROM aerich WHERE version = ?", rows[-1]["version"])
    lines = await found(House(Database(database_url)).parties())
    assert lines["migrations"].verdict is WARNING
    assert f"1 of {len(rows)} are missing" in lines["migrations"].says
    assert "run.py migrate" in lines["migrations"].fix
    assert "start the service" in lines["migrations"].fix
    assert lines["books"].verdict is SKIPPED
    assert len(await query("SELECT version FROM aerich")) == len(rows) - 1


@pytest.mark.usefixtures("database")
async def test_a_database_of_a_newer_version_is_told(database_url: str) -> None:
    await query("INSERT INTO aerich (version, app, content) VALUES ('99_later.py', 'models', '{}')")
    lines = await found(House(Database(database_url)).parties())
    assert lines["migrations"].verdict is WARNING
    assert "newer than this program (99_later.py)" in lines["migrations"].says


async def test_a_database_without_tables_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    lines = await found(House(Database(f"sqlite://{tmp_path}/empty.db")).parties())
    assert (lines["database"].verdict, lines["migrations"].verdict) == (OK, WARNING)
    assert (tmp_path / "empty.db").read_bytes() == b""


async def test_a_file_that_is_not_there_yet_is_a_warning_and_is_not_made(tmp_path: Path) -> None:
    lines = await found(House(Database(f"sqlite://{tmp_path}/data/bot.db")).parties())
    assert lines["database"].verdict is WARNING
    assert {lines["migrations"].verdict, lines["books"].verdict} == {SKIPPED}
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
        lines = await found(House(Database(f"sqlite://{path}")).parties())
    finally:
        if hog:
            hog.close()
    assert lines["database"].verdict is ERROR
    assert lines["books"].verdict is SKIPPED
    assert str(tmp_path) in lines["database"].says + lines["database"].fix


async def test_a_server_that_is_not_there_is_an_error() -> None:
    url = f"postgres://bot:word-of-the-base@127.0.0.1:{free_port()}/name"
    lines = await found(House(Database(url)).parties())
    assert lines["database"].verdict is ERROR
    assert "DATABASE_URL" in lines["database"].fix
    assert "word-of-the-base" not in lines["database"].says
    assert lines["disk"].verdict is SKIPPED


async def test_a_server_that_accepts_and_says_nothing_is_given_up() -> None:
    callers: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _, writer: callers.append(writer), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    house = House(Database(f"postgres://bot:x@127.0.0.1:{port}/name"), answers_within=0.5)
    lines = await found(house.parties())
    assert lines["database"].verdict is ERROR
    assert "no answer within" in lines["database"].says
    for caller in callers:
        caller.close()
    silent.close()
    assert callers


@pytest.mark.parametrize(
    ("free", "verdict"),
    [(LITTLE, OK), (LITTLE - 1, WARNING), (SCARCE, WARNING), (SCARCE - 1, ERROR), (0, ERROR)],
)
async def test_a_disk_that_fills_is_told(free: int, verdict: Verdict, sqlite_url: str) -> None:
    house = House(Database(sqlite_url), free=lambda _: free)
    line = (await found(house.parties()))["disk"]
    assert line.verdict is verdict
    assert f"{free / 1e9:.1f} GB free at" in line.says
