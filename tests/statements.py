"""Records the SQL that the product runs, and names what reads a large part of a table that grows."""

import inspect
import logging
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.query_plans import expensive_steps

ROOT = Path(__file__).parents[1]
PRODUCT, INFRA, TESTS = (f"{ROOT / name}/" for name in ("bot_platform", "bot_platform/infra", "tests"))
SQL = re.compile(r"(?i)\s*(?:SELECT|UPDATE|DELETE|WITH)\b(?!.*(?:\$\d|set_config))", re.DOTALL)  # of SQLite
NUMBER = re.compile(r"\d+")  # the clock's offset is a part of the SQL
LOGGER = logging.getLogger("tortoise.db_client")  # Tortoise logs each statement with its values

# Functions of the product that may find rows by their state alone or in a long range, and why that is cheap.
ALLOWED = {
    "domain/account_flags:broken_accounts": "accounts whose books are off: nearly none",
    "domain/attention:_at_the_bank": "questions of banks that are open: few",
    "domain/attention:_failed_events": "the last events that failed, in the order of an index",
    "domain/attention:_kept_aside": "the last payments that are kept aside, in the order of an index",
    "domain/attention:_lost_updates": "updates that were given up in the last week: few",
    "domain/attention:_refused_refunds": "refunds that failed: few",
    "domain/backlog:backlog": "what waits now, and events that failed",
    "domain/inbox:finish": "the first waiting update of a chat, by the index of its lane",
    "domain/inbox:last_delivery": "from the newest event down: one of the first came by a webhook",
    "domain/inbox:last_update": "from the newest event down: one of the first is an update",
    "domain/inbox:list_provider_events": "the last events, in the order of an index",
    "domain/listings:_page": "a page, in the order of an index",
    "domain/listings:count_sales": "bank transfers on their way",
    "domain/listings:last_paid": "the last ones, in the order of an index",
    "domain/outbox:unsent": "messages of a broadcast that wait: at most twenty",
    "domain/outbox:withdraw": "messages that wait",
    "domain/overview:_returned": "what was returned since a day; since more days on a reader",
    "domain/overview:today": "purchases that failed today",
    "domain/refunds:unanswered": "refunds without an answer: few",
}
CLAIMS = frozenset(
    {"claim", "_claim", "_lease", "any_to_claim", "_any_behind", "unmark_firsts"}
)  # the queues' own indexes have tests of their own

_judged: dict[str, list[str]] = {}  # the expensive steps of each statement, for all tests


class _Recorder(logging.Filter):
    """Keeps each statement that the product ran, with the function that ran it; the log stays as it is."""

    def __init__(self, level: int) -> None:
        super().__init__()
        self._level = level
        self.seen: dict[str, tuple[str, str]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        sql = record.args[0] if isinstance(record.args, tuple) and record.args else None
        if isinstance(sql, str):
            pattern = NUMBER.sub("0", sql)
            if pattern not in self.seen and (place := _place()):
                self.seen[pattern] = sql, place
        return record.levelno >= self._level


def _place() -> str:
    """Return the function of the product that runs a statement, empty when a test runs it itself."""
    frame = inspect.currentframe()
    while frame:
        file = frame.f_code.co_filename
        if file.startswith(TESTS) and file != __file__:
            return ""
        if file.startswith(PRODUCT) and not file.startswith(INFRA):
            return f"{file.removeprefix(PRODUCT).removesuffix('.py')}:{frame.f_code.co_name}"
        frame = frame.f_back
    return ""


@contextmanager
def scans_refused(template: Path) -> Iterator[None]:
    """Record what runs in the block; fails if the plan of a statement on SQLite is expensive."""
    recorder, level = _Recorder(max(logging.INFO, LOGGER.getEffectiveLevel())), LOGGER.level
    LOGGER.addFilter(recorder)
    LOGGER.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        LOGGER.setLevel(level)
        LOGGER.removeFilter(recorder)
    with closing(sqlite3.connect(template)) as connection:
        found = [
            f"{place}: {step}\n    {sql}"
            for sql, place in recorder.seen.values()
            if place not in ALLOWED and place.rpartition(":")[2] not in CLAIMS and SQL.match(sql)
            for step in _expensive(connection, sql)
        ]
    assert not found, "\n".join(["these read a large part of a table that grows:", *found])


def _expensive(connection: sqlite3.Connection, sql: str) -> list[str]:
    if sql not in _judged:
        _judged[sql] = expensive_steps(connection, sql, [None] * sql.count("?"))
    return _judged[sql]
