"""Databases that wait for no disk, for tests about order and concurrency; none is about a power cut."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from bot_platform.infra.database import Database

MEMORY = Path("/dev/shm")  # noqa: S108 -- Linux's folder in memory
FOLDER = MEMORY if MEMORY.is_dir() else None


@asynccontextmanager
async def quick_url(database_url: str) -> AsyncIterator[str]:
    """Move a fresh SQLite file into memory; let a PostgreSQL answer a commit before its disk has it."""
    if not database_url.startswith("sqlite"):
        await _without_waiting_for_the_disk(database_url)
        yield database_url
        return
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        path = Path(folder) / "bot.db"
        shutil.copyfile(database_url.removeprefix("sqlite://"), path)
        yield f"sqlite://{path}"


@asynccontextmanager
async def quick_database(database_url: str) -> AsyncIterator[Database]:
    """Open a database that waits for no disk."""
    async with quick_url(database_url) as url:
        database = Database(url)
        await database.open()
        try:
            yield database
        finally:
            await database.close()


async def _without_waiting_for_the_disk(url: str) -> None:
    server = await asyncpg.connect(url)
    try:
        (name,) = await server.fetchrow("SELECT current_database()")
        await server.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    finally:
        await server.close()
