"""Every test here has two sizes, and says at the end what it did and what went wrong."""

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.reliability.report import PROGRESS, Report, table

ROWS = pytest.StashKey[list[dict[str, Any]]]()
HERE = Path(__file__).parent
TIMEOUT = 120.0  # seconds, of a test that does not say

Size = Callable[..., int]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the full size."""
    parser.addoption("--full", action="store_true", help="reliability tests in full size, about an hour")


def pytest_configure(config: pytest.Config) -> None:
    """Begin without rows."""
    config.stash[ROWS] = []
    config.pluginmanager.register(_Rows(config), "reliability-rows")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first, so that no core ends with a long one while the other has nothing to do."""
    mine = sorted((item for item in items if HERE in item.path.parents), key=_longest_first)
    items[:] = [*mine, *(item for item in items if HERE not in item.path.parents)]


def _longest_first(item: pytest.Item) -> float:
    mark = item.get_closest_marker("timeout")
    return -float(mark.args[0] if mark else TIMEOUT)


class _Rows:
    """Collects the rows of all workers, where the tests are counted."""

    def __init__(self, config: pytest.Config) -> None:
        self._rows = config.stash[ROWS]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            self._rows += [row for name, row in report.user_properties if name == "reliability"]  # type: ignore[misc]  # ours are dicts

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self._rows:
            terminalreporter.section("reliability")
            for line in table(self._rows):
                terminalreporter.line(line)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Write no log: hundreds of worlds fail on purpose, and a traceback with its variables takes long."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@pytest.fixture
def full(request: pytest.FixtureRequest) -> bool:
    """Whether the full size was asked for."""
    return bool(request.config.getoption("--full", default=False))


@pytest.fixture
def size(*, full: bool) -> Size:
    """Choose a test's size: `size(small=3, full=100)`."""
    chosen = full

    def choose(*, small: int, full: int) -> int:
        return full if chosen else small

    return choose


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Iterator[Report]:
    """Give the row of this test; it is kept whether the test passes or not."""
    case = getattr(request.node, "callspec", None)
    parts = case.id.split("-") if case else []
    database = next((part for part in parts if part in {"SQLite", "PostgreSQL"}), "")
    title = request.node.originalname.removeprefix("test_").replace("_", " ")
    progress = os.environ.get(PROGRESS)
    row = Report(
        " · ".join([title, *(part for part in parts if part != database)]),
        database,
        Path(progress) if progress else None,
    )
    yield row
    request.node.user_properties.append(("reliability", row.finished()))
