"""Backups of SQLite by its online backup, which also restores one in a single transaction."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from bot_platform.infra import sqlite_file
from bot_platform.infra.backup.files import BackupError, atomic_file, check_kind

OUR_TABLES = {
    "users",
    "account",
    "entry",
    "purchase",
    "aerich",
}  # since the first schema, so every backup has them


def back_up(database: Path, to: Path, *, force: bool) -> None:
    """Copy a snapshot of the database while it is in use; raises BackupError."""
    if not database.exists():
        raise BackupError(f"DATABASE_URL: there is no database at {database}, so there is nothing to back up")
    _not_itself(database, to)
    with atomic_file(to, force=force) as partial, _translated_errors(database, "the backup was not taken"):
        with _connect(database, "ro") as source, _connect(partial, "rw") as copy:
            copy.execute("PRAGMA journal_mode = MEMORY")  # no journal file is left if the disk is full
            source.backup(copy)  # in one step: a write between two steps would restart it
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, without -wal and -shm
        _check(partial)


def restore(database: Path, file: Path, *, force: bool) -> None:
    """Replace the database by a backup in one transaction; raises BackupError.

    The file stays and its pages are replaced, so that a kill or a full disk leaves the old database intact.
    """
    check_kind(file, "SQLite")
    _not_itself(database, file)
    with _translated_errors(file, "it was not restored"):
        _check(file)
    with contextlib.ExitStack() as stack:
        stack.enter_context(
            _translated_errors(database, "move it and its -wal and -shm away, and restore again")
        )
        sqlite_file.prepare(database)
        source = stack.enter_context(_connect(file, "ro"))
        target = stack.enter_context(_connect(database, "rw"))
        _lock(target, database)
        users = _count_users(target)
        if users and not force:
            raise BackupError(
                f"DATABASE_URL: {database} has a database with {users} users in it;"
                " back it up, then replace it with --force"
            )
        source.backup(target)


def _lock(target: sqlite3.Connection, database: Path) -> None:
    """Lock the database until the connection closes; raises BackupError if it is in use."""
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


def _count_users(target: sqlite3.Connection) -> int:
    if not target.execute("SELECT 1 FROM sqlite_master WHERE name = 'users'").fetchone():
        return 0
    (users,) = target.execute("SELECT COUNT(*) FROM users").fetchone()
    return int(users)


def _check(file: Path) -> None:
    """Read every page; raises BackupError if the file is damaged, or not a backup of this platform."""
    with _connect(file, "ro") as connection:
        (result,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if result != "ok":
            raise BackupError(f"{file}: is damaged ({result.splitlines()[-1]}); use another backup")
        tables = {
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
    if not tables >= OUR_TABLES:
        raise BackupError(
            f"{file}: is not a backup of this platform: it has no table {min(OUR_TABLES - tables)}"
        )


def _not_itself(database: Path, file: Path) -> None:
    if file.exists() and database.exists() and file.samefile(database):
        raise BackupError(f"{file}: is the database itself; name another file")


@contextlib.contextmanager
def _connect(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    with contextlib.closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
        yield connection


@contextlib.contextmanager
def _translated_errors(file: Path, consequence: str) -> Iterator[None]:
    """Turn an error of SQLite into a BackupError that names the file and the consequence."""
    try:
        yield
    except sqlite3.Error as fault:
        raise BackupError(f"{file}: {fault}; {consequence}") from fault
