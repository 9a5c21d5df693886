"""The commands that save and restore the database: `backup`, `restore`."""

import shutil
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from bot_platform.commands import books
from bot_platform.commands.running import FAILED, INTERRUPTED, OK, open_database, run
from bot_platform.config.settings import DatabaseSettings, load
from bot_platform.domain import schedules
from bot_platform.infra import sqlite_file
from bot_platform.infra.backup import postgres, sqlite
from bot_platform.infra.backup.files import BackupError
from bot_platform.infra.database import MODELS, Database
from bot_platform.infra.sql import tables

STREAM = "-"  # as a file name: standard output or standard input
SECONDS_PER_HOUR = 3600
DEFAULT_RECONCILE_HOURS = 72  # what `reconcile` does without --since


def backup(arguments: Namespace) -> int:
    """Save the database as it is now, beside a running service."""
    url = load(DatabaseSettings).database_url
    database = Database(url).file
    try:
        with _local_file(arguments.file, database) as file:
            if database:
                sqlite.back_up(database, file, force=arguments.force)
            else:
                postgres.back_up(url, file, force=arguments.force)
            size = file.stat().st_size
            if arguments.file == STREAM:
                with file.open("rb") as saved:
                    shutil.copyfileobj(saved, sys.stdout.buffer)
                sys.stdout.buffer.flush()
    except (BackupError, OSError) as fault:
        print(fault, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    print(f"Backed up to {arguments.file} ({size:,} bytes).", file=_messages(arguments.file))
    return OK


def restore(arguments: Namespace) -> int:
    """Replace the database by a backup, audit its books, and name the next command."""
    settings = load(DatabaseSettings)
    database = Database(settings.database_url).file
    try:
        with _local_file(arguments.file, database) as file:
            if arguments.file == STREAM:
                with file.open("wb") as saved:
                    shutil.copyfileobj(sys.stdin.buffer, saved)
            if database:
                sqlite.restore(database, file, force=arguments.force)
            else:
                postgres.restore(settings.database_url, file, tables(MODELS), force=arguments.force)
    except (BackupError, OSError) as fault:
        print(fault, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    print(f"Restored {arguments.file}.")
    code = books.audit(Namespace(json=False))
    return code or run(_print_next_command(settings))


async def _print_next_command(settings: DatabaseSettings) -> int:
    async with open_database(settings):
        reconciled_at = await schedules.furthest("missed:")
    hours = DEFAULT_RECONCILE_HOURS
    if reconciled_at:
        hours = -(-(int(time.time()) - reconciled_at) // SECONDS_PER_HOUR) + 1
    since = f" --since {hours}h" if hours > DEFAULT_RECONCILE_HOURS else ""
    print(
        f"Next: `python3 run.py reconcile{since}` fetches what Stripe recorded since the backup,"
        " then `python3 run.py` starts the service."
    )
    return OK


@contextmanager
def _local_file(name: str, database: Path | None) -> Iterator[Path]:
    """Give the named file; for a stream a temporary one, on SQLite's own disk because that has room."""
    if name != STREAM:
        yield Path(name)
        return
    parent = database.parent if database else None
    if parent:
        sqlite_file.make_folders(parent)
    with tempfile.TemporaryDirectory(dir=parent, prefix="backup-") as folder:
        yield Path(folder, "stream")


def _messages(name: str) -> TextIO:
    return sys.stderr if name == STREAM else sys.stdout
