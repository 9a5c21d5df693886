"""Whether the database answers, is of our version and has room, and whether the books balance."""

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import asyncpg

from bot_platform.doctor.checks import DEADLINE, Check, CheckGroup
from bot_platform.doctor.report import Finding, error, ok, skipped, warning
from bot_platform.domain.audit import audit
from bot_platform.infra.database import MIGRATIONS, UNREACHABLE, Database

BOOKS_WITHIN = 10.0  # seconds; larger books are for `run.py audit`
GIVE_UP_ON_BOOKS = 20.0
LITTLE, SCARCE = 1_000_000_000, 100_000_000  # bytes
MAKE = "Run `python run.py migrate`, or just start the service, which does it too."

Free = Callable[[Path], int]


def free_bytes(folder: Path) -> int:
    """Ask the system how much room is left."""
    return shutil.disk_usage(folder).free


class House:
    """Looks at one database, and changes nothing there."""

    def __init__(
        self,
        database: Database,
        free: Free = free_bytes,
        *,
        books_within: float = BOOKS_WITHIN,
        answers_within: float = DEADLINE,
    ) -> None:
        self._database, self._free = database, free
        self._books_within, self._answers_within = books_within, answers_within

    def parties(self) -> Sequence[CheckGroup]:
        """List the checks: the disk is asked whatever the database says."""
        return [
            [
                Check("database", self._answers, self._answers_within),
                Check("migrations", self._migrations),
                Check("books", self._books, GIVE_UP_ON_BOOKS),
            ],
            [Check("disk", self._disk)],
        ]

    async def _answers(self) -> Finding:
        file = self._database.file
        if file is not None and (problem := _cannot_be_kept(file)):
            return error(
                f"DATABASE_URL: {problem}",
                "Name a file in DATABASE_URL that the user who runs the service may write, with its folder.",
            )
        if file is not None and not file.exists():
            return warning(f"{file} is not there yet", MAKE)
        try:
            async with self._database.snapshot() as ask:
                await ask("SELECT COUNT(*) FROM sqlite_master" if file else "SELECT 1")
        except UNREACHABLE as fault:
            where = (
                f"See that {file} is a database of this program, and kept locked by nobody."
                if file
                else "See that the server runs, and that DATABASE_URL has its host, and the right name,"
                " password and database."
            )
            return error(f"DATABASE_URL: the database does not answer ({_words(fault)})", where)
        return ok(f"{self._database.name}{f', {file}' if file else ''}")

    async def _migrations(self) -> Finding:
        applied, known = await self._applied(), _known()
        if missing := sorted(known - applied):
            return warning(f"not at the newest schema: {len(missing)} of {len(known)} are missing", MAKE)
        if newer := applied - known:
            return warning(
                f"the database is newer than this program ({', '.join(sorted(newer))})",
                "Install the version of the program that made it.",
            )
        return ok("at the newest schema")

    async def _applied(self) -> set[str]:
        try:
            async with self._database.snapshot() as ask:
                return {row["version"] for row in await ask("SELECT version FROM aerich")}
        except (sqlite3.OperationalError, asyncpg.UndefinedTableError):
            return set()

    async def _books(self) -> Finding:
        if _known() - await self._applied():
            return skipped("not looked at, see migrations")
        end, broken = time.monotonic() + self._books_within, 0
        async with self._database.snapshot() as ask:
            async for step in audit(ask):
                broken += len(step.broken)
                if time.monotonic() > end and step.done < step.rows:
                    break
        if broken:
            return error(
                f"{broken} rows are off", "Run `python run.py audit`: it names each, and what is off."
            )
        if step.done < step.rows:
            return warning(
                f"good as far as {self._books_within:g} seconds reach: {step.done} of {step.rows} rows",
                "Run `python run.py audit`, which takes its time and looks at all.",
            )
        return ok(f"balanced, {step.rows} rows looked at")

    async def _disk(self) -> Finding:
        if self._database.file is None:
            return skipped("not needed: the database is on a server")
        folder = _existing(self._database.file.resolve().parent)
        free = self._free(folder)
        says = f"{free / 1e9:.1f} GB free at {folder}"
        fix = "Free some space, or move the database: a full disk stops every sale."
        if free < SCARCE:
            return error(says, fix)
        return warning(says, fix) if free < LITTLE else ok(says)


def _known() -> set[str]:
    return {file.name for file in (MIGRATIONS / "models").glob("[0-9]*.py")}


def _existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.exists())


def _cannot_be_kept(file: Path) -> str:
    """Say why no database can be kept in this file; empty if one can."""
    folder = _existing(file.resolve().parent)
    if file.is_dir():
        return f"{file} is a folder"
    if not folder.is_dir():
        return f"{folder} is no folder"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"the folder {folder} cannot be written"
    if file.exists() and not os.access(file, os.R_OK | os.W_OK):
        return f"{file} cannot be written"
    return ""


def _words(fault: BaseException) -> str:
    return str(fault) or type(fault).__name__
