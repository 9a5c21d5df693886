"""Reads many rows on a connection of their own: no transaction waits, and a cancelled read ends at once."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite

from bot_platform.infra import postgres_client, sqlite_file
from bot_platform.infra.sql import Ask, numbered

STEPS = 100_000  # instructions of SQLite between two checks for a cancel: some milliseconds


@asynccontextmanager
async def of_file(path: Path) -> AsyncIterator[Ask]:
    """Read a file of SQLite. A cancelled query ends within milliseconds."""
    is_cancelled = False
    async with aiosqlite.connect(_read_only(path), uri=True) as file:
        file.row_factory = sqlite3.Row
        await file.set_progress_handler(lambda: is_cancelled, STEPS)

        async def ask(sql: str, *values: Any) -> Sequence[dict[str, Any]]:
            nonlocal is_cancelled
            await asyncio.to_thread(sqlite_file.shorten_log, path)
            try:
                return [dict(row) for row in await file.execute_fetchall(sql, values)]
            except asyncio.CancelledError:
                is_cancelled = True
                raise

        yield ask


@asynccontextmanager
async def of_server(credentials: dict[str, Any]) -> AsyncIterator[Ask]:
    """Read a PostgreSQL. The server cancels the query that was cancelled here."""
    server = await postgres_client.connect(credentials, postgres_client.READING)

    async def ask(sql: str, *values: Any) -> Sequence[dict[str, Any]]:
        return [dict(row) for row in await server.fetch(numbered(sql), *values)]

    try:
        yield ask
    finally:
        await postgres_client.end(server)


def _read_only(path: Path) -> str:
    return f"{path.resolve().as_uri()}?mode=ro"
