"""The file of SQLite: for its owner alone, locked for a migration, with a short write-ahead log."""

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

OWNER_ONLY, FOLDER_OF_OWNER = 0o600, 0o700  # questions, answers and purchases of people are in it
BESIDE = ("", "-wal", "-shm", ".migrating")  # the files that belong to a database, by what follows its name
FOR_EVERYBODY = 0o007
MAX_WAL_BYTES = 4 * 2**20  # SQLite itself shortens the log at about this size, unless reads follow each other


def prepare(path: Path) -> None:
    """Make the file and its folders if they are missing, and see that it can be opened.

    What we make is for its owner alone. A database that everybody may read was made by a version before: it
    becomes its owner's. A folder that was there, and a file that is open to a group only, stay as they are.
    Raises OSError or sqlite3.Error.
    """
    make_folders(path.parent)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, OWNER_ONLY))
    if path.stat().st_mode & FOR_EVERYBODY:
        for name in BESIDE:
            with contextlib.suppress(OSError):  # it is not there, or belongs to another user
                Path(f"{path}{name}").chmod(OWNER_ONLY)
    # aiosqlite hangs when the file cannot be opened.
    with contextlib.closing(sqlite3.connect(path)) as probe:
        probe.execute("PRAGMA schema_version")


def make_folders(folder: Path) -> None:
    """Make a folder and those above it, as far as they are missing, for their owner alone."""
    for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
        missing.mkdir(mode=FOLDER_OF_OWNER, exist_ok=True)


@contextlib.contextmanager
def locked_for_migration(path: Path) -> Iterator[None]:
    """Wait until no other process migrates this database."""
    descriptor = os.open(f"{path}.migrating", os.O_WRONLY | os.O_CREAT, OWNER_ONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def shorten_log(path: Path) -> None:
    """Copy a long write-ahead log into the database, so that the next commit begins it anew.

    No reader and no writer waits for it. It needs a moment in which nobody reads, which a long read in slices
    has to give: while somebody reads, commits only make the log longer.
    """
    try:
        is_long = Path(f"{path}-wal").stat().st_size > MAX_WAL_BYTES
    except FileNotFoundError:
        return
    if is_long:
        with (
            contextlib.suppress(sqlite3.Error),  # only a reader may be here who must not write
            contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection,
        ):
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
