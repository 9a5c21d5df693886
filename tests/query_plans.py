"""What a plan of SQLite says: which tables that grow it reads whole, or in large parts."""

import re
import sqlite3
from collections.abc import Sequence

GROWING = frozenset(
    {
        *("users", "account", "entry", "hold", "purchase", "reversal", "refund"),
        *("event", "job", "notice", "action"),
    }
)
# An index of these columns alone finds a large part of its table: they have few values.
FEW_VALUES = frozenset(
    {
        *("state", "stage", "kind", "rank", "lane", "provider", "has_texts", "forget", "remembered"),
        *("broken", "banned", "frozen", "blocked_bot", "is_foreign", "attempts"),
    }
)
TABLE = re.compile(r'(?i)\b(?:FROM|JOIN|UPDATE)\s+"?(\w+)"?(?:\s+(?:AS\s+)?"?(\w+)"?)?')
STEP = re.compile(r"(?P<how>SCAN|SEARCH) (?P<name>\S+)(?P<index>[^(]*)(?:\((?P<terms>[^)]*)\))?")


def expensive_steps(connection: sqlite3.Connection, sql: str, values: Sequence[object] = ()) -> list[str]:
    """Return the steps of the plan that read a large part of a growing table."""
    names = {"": ""}
    for table, alias in TABLE.findall(sql):
        names |= {table: table, alias: table}
    steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    limited = " LIMIT " in sql.upper()
    if limited and " WHERE " not in sql.upper() and not any("TEMP B-TREE" in step for step in steps):
        return []  # it reads some rows in the order of an index
    return [step for step in steps if _is_expensive(step, names, limited=limited)]


def _is_expensive(step: str, names: dict[str, str], *, limited: bool) -> bool:
    found = STEP.match(step)
    if not found or names.get(found["name"].strip('"'), found["name"]) not in GROWING:
        return False
    if found["how"] == "SCAN" or "AUTOMATIC" in found["index"]:
        return True
    terms = [term.strip() for term in (found["terms"] or "").split(" AND ")]
    if any(term.endswith("=?") and term[:-2] not in FEW_VALUES for term in terms):
        return False
    ranges = [term for term in terms if not term.endswith("=?")]
    if len(ranges) > 1:  # from one value to another
        return False
    return not (ranges and limited)
