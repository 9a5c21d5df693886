"""Checks that the database answers, has our schema and free space, and that the books balance."""

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import asyncpg

from bot_platform.doctor.checks import TIMEOUT_SECONDS, Check, CheckGroup
from bot_platform.doctor.report import Finding, error, ok, skipped, warning
from bot_platform.domain.audit import audit
from bot_platform.infra.database import MIGRATIONS, Database
from bot_platform.infra.database_errors import UNREACHABLE, reason_of

AUDIT_SECONDS = 10.0  # larger books are for `run.py audit`
BOOKS_TIMEOUT_SECONDS = 20.0
LOW_FREE_BYTES, MIN_FREE_BYTES = 1_000_000_000, 100_000_000  # below these: a warning, an error
MIGRATE = "Run `python3 run.py migrate`, or start the service, which migrates too."

FreeBytes = Callable[[Path], int]


def free_bytes(folder: Path) -> int:
    """Return the free space of the disk that has the folder."""
    return shutil.disk_usage(folder).free


class DatabaseChecks:
    """Checks of one database; they change nothing in it. It should belong to the bot `bot_id`."""

    def __init__(
        self,
        database: Database,
        free: FreeBytes = free_bytes,
        *,
        audit_seconds: float = AUDIT_SECONDS,
        timeout_seconds: float = TIMEOUT_SECONDS,
        bot_id: int = 0,
    ) -> None:
        self._database, self._free, self._bot_id = database, free, bot_id
        self._audit_seconds, self._timeout_seconds = audit_seconds, timeout_seconds

    def groups(self) -> Sequence[CheckGroup]:
        """List the checks; the disk is checked even if the database does not answer."""
        return [
            [
                Check("database", self._answers, self._timeout_seconds),
                Check("migrations", self._migrations),
                Check("bot", self._bot),
                Check("books", self._books, BOOKS_TIMEOUT_SECONDS),
            ],
            [Check("disk", self._disk)],
        ]

    async def _answers(self) -> Finding:
        file = self._database.file
        if file is not None and (problem := _problem_of_file(file)):
            return error(
                f"DATABASE_URL: {problem}",
                "Name a file in DATABASE_URL that the user of the service may write, in a folder that it may"
                " write.",
            )
        if file is not None and not file.exists():
            return warning(f"{file} does not exist yet", MIGRATE)
        try:
            async with self._database.reader() as ask:
                await ask("SELECT COUNT(*) FROM sqlite_master" if file else "SELECT 1")
        except UNREACHABLE as fault:
            fix = (
                f"Check that {file} is a database of this program, and that no other program keeps it locked."
                if file
                else "Check that the server runs, and that DATABASE_URL has the right host, user name,"
                " password and database."
            )
            return error(f"DATABASE_URL: the database does not answer ({reason_of(fault)})", fix)
        return ok(f"{self._database.name}{f', {file}' if file else ''}")

    async def _migrations(self) -> Finding:
        applied, known = await self._applied(), _known()
        if missing := sorted(known - applied):
            return warning(f"{len(missing)} of {len(known)} migrations are missing", MIGRATE)
        if newer := applied - known:
            return warning(
                f"the database is newer than this program ({', '.join(sorted(newer))})",
                "Install the version of this program that last migrated the database, or a later one.",
            )
        return ok("at the newest schema")

    async def _applied(self) -> set[str]:
        try:
            async with self._database.reader() as ask:
                return {row["version"] for row in await ask("SELECT version FROM aerich")}
        except (sqlite3.OperationalError, asyncpg.UndefinedTableError):
            return set()

    async def _bot(self) -> Finding:
        if _known() - await self._applied():
            return skipped("not checked, see migrations")
        async with self._database.reader() as ask:
            owners = [row["bot_id"] for row in await ask("SELECT bot_id FROM installation")]
        if owners and self._bot_id not in owners:
            return error(
                f"the database belongs to bot {owners[0]}, and TELEGRAM_BOT_TOKEN is of bot {self._bot_id}",
                f"Write the token of bot {owners[0]}, or another DATABASE_URL. If bot {self._bot_id} takes"
                " its place, run `python3 run.py migrate --new-bot`.",
            )
        return ok(f"belongs to bot {owners[0]}" if owners else "belongs to the bot that starts on it first")

    async def _books(self) -> Finding:
        if _known() - await self._applied():
            return skipped("not checked, see migrations")
        end, broken = time.monotonic() + self._audit_seconds, 0
        async with self._database.reader() as ask:
            async for step in audit(ask):
                broken += len(step.broken)
                if time.monotonic() > end and step.done < step.rows:
                    break
        if broken:
            return error(
                f"rows that are wrong: {broken}",
                "Run `python3 run.py audit`: it names each row and what is wrong with it.",
            )
        if step.done < step.rows:
            return warning(
                f"no error in {step.done} of {step.rows} rows, which is as far as {self._audit_seconds:g}"
                " seconds reach",
                "Run `python3 run.py audit`: it has no time limit and checks all rows.",
            )
        return ok(f"balanced, {step.rows} rows checked")

    async def _disk(self) -> Finding:
        if self._database.file is None:
            return skipped("not needed: the database is on a server")
        folder = _existing(self._database.file.resolve().parent)
        free = self._free(folder)
        message = f"{free / 1e9:.1f} GB free at {folder}"
        fix = "Free some space, or move the database: with a full disk the service can sell nothing."
        if free < MIN_FREE_BYTES:
            return error(message, fix)
        return warning(message, fix) if free < LOW_FREE_BYTES else ok(message)


def _known() -> set[str]:
    return {file.name for file in (MIGRATIONS / "models").glob("[0-9]*.py")}


def _existing(folder: Path) -> Path:
    return next(parent for parent in (folder, *folder.parents) if parent.exists())


def _problem_of_file(file: Path) -> str:
    """Say why this file cannot be a database; empty if it can."""
    folder = _existing(file.resolve().parent)
    if file.is_dir():
        return f"{file} is a folder"
    if not folder.is_dir():
        return f"{folder} is not a folder"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"the folder {folder} cannot be written"
    if file.exists() and not os.access(file, os.R_OK | os.W_OK):
        return f"{file} cannot be written"
    return ""
