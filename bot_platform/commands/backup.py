"""The commands that save the database and bring it back: `backup`, `restore`."""

import shutil
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bot_platform.commands import books
from bot_platform.commands.running import FAILED, INTERRUPTED, OK, opened, run
from bot_platform.config.settings import DatabaseSettings, load
from bot_platform.domain import schedules
from bot_platform.infra.backup import postgres, sqlite
from bot_platform.infra.backup.files import BackupError
from bot_platform.infra.database import MODELS, RETIRED_TABLES, tortoise_config
from bot_platform.infra.sql import tables

STREAM = "-"  # standard input or output in place of a file
HOUR = 3600
USUAL = 72  # hours that `reconcile` looks back by itself


def backup(given: Namespace) -> int:
    """Save the database as it is now, beside a running service."""
    place = _place(load(DatabaseSettings))
    try:
        with _file(given.file, place) as file:
            if "file_path" in place:
                sqlite.take(Path(place["file_path"]), file, force=given.force)
            else:
                postgres.take(place, file, force=given.force)
            size = file.stat().st_size
            if given.file == STREAM:
                with file.open("rb") as saved:
                    shutil.copyfileobj(saved, sys.stdout.buffer)
                sys.stdout.buffer.flush()
    except (BackupError, OSError) as fault:
        print(fault, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    print(f"Backed up to {given.file} ({size:,} bytes).", file=_aside(given.file))
    return OK


def restore(given: Namespace) -> int:
    """Put a backup in the place of the database, prove its books, and say what comes next."""
    settings = load(DatabaseSettings)
    place = _place(settings)
    try:
        with _file(given.file, place) as file:
            if given.file == STREAM:
                with file.open("wb") as saved:
                    shutil.copyfileobj(sys.stdin.buffer, saved)
            if "file_path" in place:
                sqlite.put_back(Path(place["file_path"]), file, force=given.force)
            else:
                postgres.put_back(place, file, [*tables(MODELS), *RETIRED_TABLES], force=given.force)
    except (BackupError, OSError) as fault:
        print(fault, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    print(f"Restored {given.file}.")
    code = books.audit(Namespace(json=False))
    return code or run(_what_next(settings))


async def _what_next(settings: DatabaseSettings) -> int:
    async with opened(settings):
        last_look = await schedules.furthest("missed:")
    hours = -(-(int(time.time()) - last_look) // HOUR) + 1 if last_look else USUAL
    since = f" --since {hours}h" if hours > USUAL else ""
    print(f"Next: `run.py reconcile{since}` brings back what Stripe knows since, then `run.py` serves again.")
    return OK


def _place(settings: DatabaseSettings) -> dict[str, Any]:
    """Say where the database is: `file_path`, or what PostgreSQL is connected to with."""
    (only,) = tortoise_config(settings.database_url)["connections"].values()
    place: dict[str, Any] = only["credentials"]
    return place


@contextmanager
def _file(name: str, place: dict[str, Any]) -> Iterator[Path]:
    """Give the named file; for a stream one of our own, beside SQLite's, where there is room."""
    if name != STREAM:
        yield Path(name)
        return
    room = Path(place["file_path"]).parent if "file_path" in place else None
    if room:
        room.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=room, prefix="backup-") as folder:
        yield Path(folder, "stream")


def _aside(name: str) -> Any:
    return sys.stderr if name == STREAM else sys.stdout
