"""SQLite's file is its owner's alone; folders and files that were there for others stay as they are."""

import sqlite3
import stat
from pathlib import Path

import pytest

from bot_platform.infra import sqlite_file
from bot_platform.infra.database import Database
from tests.makers import person


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def make(path: Path, mode: int) -> None:
    path.touch()
    path.chmod(mode)


async def _used(path: Path) -> dict[str, int]:
    """Migrate and use a database; give the modes of its files by what follows its name."""
    database = Database(f"sqlite://{path}")
    await database.open()
    try:
        await database.migrate()
        await person(database)
        return {name: mode(Path(f"{path}{name}")) for name in sqlite_file.BESIDE}
    finally:
        await database.close()


async def test_a_new_database_its_log_its_lock_and_its_folders_are_the_owners(tmp_path: Path) -> None:
    before = mode(tmp_path)
    modes = await _used(tmp_path / "new" / "folder" / "bot.db")
    assert set(modes.values()) == {0o600}
    assert (mode(tmp_path / "new"), mode(tmp_path / "new" / "folder")) == (0o700, 0o700)
    assert mode(tmp_path) == before


async def test_a_database_of_a_version_before_is_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    make(tmp_path, 0o755)
    for name in sqlite_file.BESIDE[::3]:
        make(Path(f"{path}{name}"), 0o644)
    assert set((await _used(path)).values()) == {0o600}
    assert mode(tmp_path) == 0o755, "a folder that was there stays"


async def test_a_database_that_its_owner_opened_to_a_group_stays_so(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    make(path, 0o660)
    assert (await _used(path))[""] == 0o660


@pytest.mark.parametrize("made", ["folder", "garbage"])
def test_what_is_no_database_is_an_error(tmp_path: Path, made: str) -> None:
    path = tmp_path / "bot.db"
    if made == "folder":
        path.mkdir()
    else:
        path.write_bytes(b"garbage" * 1000)
    with pytest.raises((OSError, sqlite3.Error)):
        sqlite_file.prepare(path)
