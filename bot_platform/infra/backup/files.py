"""A backup is a file that is there whole or not at all, and that nobody else overwrites."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

BEGINNINGS = {b"SQLite format 3\0": "SQLite", b"PGDMP": "PostgreSQL"}


class BackupError(Exception):
    """A backup that cannot be taken or put back: one line that says why, and what to do."""


@contextlib.contextmanager
def whole_file(to: Path, *, force: bool) -> Iterator[Path]:
    """Give a path to write to, beside the wanted one; what stands there in the end is renamed to it.

    Its name is always the same, so that one left by a killed process is written over by the next.
    Raises Trouble when the file is there and `force` is not, or when another process writes it.
    """
    if to.is_dir():
        raise BackupError(f"{to}: is a folder; name a file in it")
    part = to.with_name(f"{to.name}.part")
    with contextlib.ExitStack() as stack:
        try:
            own = stack.enter_context(_claimed(part))
        except BlockingIOError as fault:
            raise BackupError(f"{to}: another backup is being written there; wait for it to end") from fault
        except OSError as fault:
            raise BackupError(f"{to}: cannot be written ({fault.strerror}); name another file") from fault
        unfinished = stack.enter_context(contextlib.ExitStack())
        unfinished.callback(part.unlink, missing_ok=True)
        if to.exists() and not force:
            raise BackupError(f"{to}: is there already; name another file, or write over it with --force")
        try:
            yield part
            os.fsync(own)
            part.replace(to)
            unfinished.pop_all()
            _keep_name(to.parent)
        except OSError as fault:
            raise BackupError(
                f"{to}: cannot be written ({fault.strerror}); the backup was not taken"
            ) from fault


@contextlib.contextmanager
def _claimed(part: Path) -> Iterator[int]:
    """Make the file empty and ours alone; raises BlockingIOError when it is somebody else's."""
    own = os.open(part, os.O_CREAT | os.O_WRONLY, 0o600)  # people's data: not for everybody's eyes
    try:
        fcntl.flock(own, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _still_named(own, part)
        os.ftruncate(own, 0)
        yield own
    finally:
        os.close(own)


def _still_named(own: int, part: Path) -> None:
    """Raise BlockingIOError when whoever had the file finished and renamed it while we opened it."""
    if not part.exists() or not os.path.samestat(os.fstat(own), part.stat()):
        raise BlockingIOError


def check_kind(file: Path, wanted: str) -> None:
    """Look at a file's first bytes; raises Trouble unless it is a backup of such a database."""
    try:
        with file.open("rb") as opened:
            first = opened.read(max(map(len, BEGINNINGS)))
    except OSError as fault:
        raise BackupError(f"{file}: cannot be read ({fault.strerror})") from fault
    kind = next((name for begins, name in BEGINNINGS.items() if first.startswith(begins)), None)
    if kind is None:
        raise BackupError(f"{file}: is no backup; `run.py backup` makes one")
    if kind != wanted:
        raise BackupError(f"{file}: is a backup of {kind}, but DATABASE_URL names {wanted}")


def _keep_name(folder: Path) -> None:
    """Make the new name survive a power cut, as the bytes do."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
