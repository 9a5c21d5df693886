"""An open SQLite database, for what has nothing to do with which database it is."""

from collections.abc import AsyncIterator

import pytest

from bot_platform.infra.database import Database


@pytest.fixture
async def sqlite_database(sqlite_url: str) -> AsyncIterator[Database]:
    """Open a fresh one."""
    opened = Database(sqlite_url)
    await opened.open()
    yield opened
    await opened.close()
