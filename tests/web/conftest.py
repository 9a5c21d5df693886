"""An open SQLite database, for what has nothing to do with which database it is."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot_platform.infra.database import Database
from tests.statements import scans_refused


@pytest.fixture
async def sqlite_database(sqlite_url: str) -> AsyncIterator[Database]:
    """Open a fresh one."""
    opened = Database(sqlite_url)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
def _reads_no_large_table(sqlite_template: Path) -> Iterator[None]:
    """Refuse every statement of the product that would read a large part of a table that grows."""
    with scans_refused(sqlite_template):
        yield
