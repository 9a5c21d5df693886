"""SQLite's side: its online backup, and the way back in one transaction of the file it replaces."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from bot_platform.infra.backup.files import BackupError, check_kind, whole_file

OURS = {"users", "account", "entry", "purchase", "aerich"}  # of the first schema: in every backup


def take(database: Path, to: Path, *, force: bool) -> None:
    """Copy the database as it is at one moment, beside whoever writes to it; raises Trouble."""
    if not database.exists():
        raise BackupError(f"DATABASE_URL: there is no database at {database}, so there is nothing to back up")
    _not_itself(database, to)
    with whole_file(to, force=force) as part, _said_of(database, "the backup was not taken"):
        with _opened(database, "ro") as source, _opened(part, "rw") as copy:
            copy.execute("PRAGMA journal_mode = MEMORY")  # nothing would be left beside it by a full disk
            source.backup(copy)  # in one step: a writer in between would make it begin again
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
        _check(part)


def put_back(database: Path, file: Path, *, force: bool) -> None:
    """Replace the database by a backup, entirely or not at all; raises Trouble.

    The file stays the same and its pages are replaced in one transaction: whoever is killed here,
    or finds the disk full, leaves what was there before.
    """
    check_kind(file, "SQLite")
    _not_itself(database, file)
    with _said_of(file, "it was not restored"):
        _check(file)
    database.parent.mkdir(parents=True, exist_ok=True)
    with (
        _said_of(database, "move it and its -wal and -shm away, and restore again"),
        _opened(file, "ro") as source,
        _opened(database, "rwc") as target,
    ):
        _alone(target, database)
        people = _people(target)
        if people and not force:
            raise BackupError(
                f"DATABASE_URL: {database} has a database with {people} people in it;"
                " back it up, then replace it with --force"
            )
        source.backup(target)


def _alone(target: sqlite3.Connection, database: Path) -> None:
    """Keep everybody else out until the connection is closed; raises Trouble when somebody is in."""
    target.execute("PRAGMA locking_mode = EXCLUSIVE")
    try:
        target.execute(
            "PRAGMA journal_mode = DELETE"
        )  # no -wal is left that could be taken for the new file's
        target.execute("BEGIN EXCLUSIVE")
        target.execute("COMMIT")
    except sqlite3.OperationalError as fault:
        if fault.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        raise BackupError(
            f"DATABASE_URL: {database} is in use; stop `serve` and every other command, then restore"
        ) from fault


def _people(target: sqlite3.Connection) -> int:
    if not target.execute("SELECT 1 FROM sqlite_master WHERE name = 'users'").fetchone():
        return 0
    (people,) = target.execute("SELECT COUNT(*) FROM users").fetchone()
    return int(people)


def _check(file: Path) -> None:
    """Read every page; raises Trouble for one that is damaged, or for a database that is not ours."""
    with _opened(file, "ro") as opened:
        (says,) = opened.execute("PRAGMA integrity_check(1)").fetchone()
        if says != "ok":
            raise BackupError(f"{file}: is damaged ({says.splitlines()[-1]}); use another backup")
        tables = {name for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables >= OURS:
        raise BackupError(f"{file}: is no backup of this platform: it has no {min(OURS - tables)}")


def _not_itself(database: Path, file: Path) -> None:
    if file.exists() and database.exists() and file.samefile(database):
        raise BackupError(f"{file}: is the database itself; name another file")


@contextlib.contextmanager
def _opened(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    with contextlib.closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
        yield connection


@contextlib.contextmanager
def _said_of(file: Path, so: str) -> Iterator[None]:
    """Say in one line what SQLite said of a file, and what follows."""
    try:
        yield
    except sqlite3.Error as fault:
        raise BackupError(f"{file}: {fault}; {so}") from fault
