"""Backup files: written atomically, by one process at a time, and recognised by their first bytes."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

MAGIC_BYTES = {b"SQLite format 3\0": "SQLite", b"PGDMP": "PostgreSQL"}


class BackupError(Exception):
    """A backup or restore failed: one line with the reason and what to do."""


@contextlib.contextmanager
def atomic_file(to: Path, *, force: bool) -> Iterator[Path]:
    """Yield a partial file beside `to`, and rename it to `to` at the end if nothing failed.

    The partial file always has the same name, so that the next run overwrites what a killed process left.
    Raises BackupError if `to` exists and `force` is false, or if another process is writing it.
    """
    if to.is_dir():
        raise BackupError(f"{to}: is a folder; name a file in it")
    partial = to.with_name(f"{to.name}.part")
    with contextlib.ExitStack() as stack:
        try:
            descriptor = stack.enter_context(_locked(partial))
        except BlockingIOError as fault:
            raise BackupError(f"{to}: another backup is being written there; wait until it ends") from fault
        except OSError as fault:
            raise BackupError(f"{to}: cannot be written ({fault.strerror}); name another file") from fault
        unfinished = stack.enter_context(contextlib.ExitStack())
        unfinished.callback(partial.unlink, missing_ok=True)
        if to.exists() and not force:
            raise BackupError(f"{to}: exists already; name another file, or overwrite it with --force")
        try:
            yield partial
            os.fsync(descriptor)
            partial.replace(to)
            unfinished.pop_all()
            _sync_folder(to.parent)
        except OSError as fault:
            raise BackupError(
                f"{to}: cannot be written ({fault.strerror}); the backup was not taken"
            ) from fault


@contextlib.contextmanager
def _locked(partial: Path) -> Iterator[int]:
    """Open the file, locked and empty; raises BlockingIOError if another process has locked it."""
    owner_only = 0o600  # the file has personal data
    descriptor = os.open(partial, os.O_CREAT | os.O_WRONLY, owner_only)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _check_not_renamed(descriptor, partial)
        os.ftruncate(descriptor, 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _check_not_renamed(descriptor: int, partial: Path) -> None:
    """Raise BlockingIOError if its previous writer renamed the file while we opened it."""
    if not partial.exists() or not os.path.samestat(os.fstat(descriptor), partial.stat()):
        raise BlockingIOError


def check_kind(file: Path, wanted: str) -> None:
    """Check the first bytes; raises BackupError unless the file is a backup of the `wanted` database."""
    try:
        with file.open("rb") as stream:
            first = stream.read(max(map(len, MAGIC_BYTES)))
    except OSError as fault:
        raise BackupError(f"{file}: cannot be read ({fault.strerror})") from fault
    kind = next((name for magic, name in MAGIC_BYTES.items() if first.startswith(magic)), None)
    if kind is None:
        raise BackupError(f"{file}: is not a backup; `python3 run.py backup` makes one")
    if kind != wanted:
        raise BackupError(f"{file}: is a backup of {kind}, but DATABASE_URL names {wanted}")


def _sync_folder(folder: Path) -> None:
    """Write the new name to the disk, so that it survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
