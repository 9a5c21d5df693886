"""Keeps what is shown of Markdown as short as what was written: no deep indents, no wide tables."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from bot_platform.telegram.markdown_events import Found, text_event

MAX_DEPTH = 5  # of lists and quotes; each level of a list indents all that is below it
# A table is padded to the widest cell of each column. One that grows more than this is shown as it came.
MAX_TABLE_GROWTH, FREE_TABLE_CHARS = 4, 2000


def bounded(found: Sequence[Found], source: bytes) -> Iterator[Found]:
    """Yield the events without levels below MAX_DEPTH, and each table that would grow too much as code."""
    return _tables(list(_levels(found)), source)


def _levels(found: Sequence[Found]) -> Iterator[Found]:
    depth = {"List": 0, "BlockQuote": 0}
    for one in found:
        name = one.opens or one.closes
        if name not in depth:
            yield one
            continue
        depth[name] += 1 if one.opens else 0
        if depth[name] <= MAX_DEPTH:
            yield one
        depth[name] -= 1 if one.closes else 0


def _tables(found: Sequence[Found], source: bytes) -> Iterator[Found]:
    table: list[Found] = []
    for one in found:
        if not table and one.opens != "Table":
            yield one
            continue
        table.append(one)
        if one.closes == "Table":
            written = source[one.start : one.end].decode()
            too_wide = _chars(table) > FREE_TABLE_CHARS + MAX_TABLE_GROWTH * len(written)
            yield from _as_written(one, written) if too_wide else table
            table = []


def _as_written(end: Found, written: str) -> Iterator[Found]:
    yield end.becomes({"Start": {"CodeBlock": {"Fenced": ""}}})
    yield end.becomes(text_event(written))
    yield end.becomes({"End": "CodeBlock"})


def _chars(table: Sequence[Found]) -> int:
    """Count the characters of a table that is padded to the widest cell of each column."""
    widths: list[int] = []
    rows, row, cell = 0, [], 0
    for one in table:
        if one.opens == "TableCell":
            cell = 0
        elif one.closes == "TableCell":
            row.append(cell)
        elif one.closes in {"TableHead", "TableRow"}:
            widths = [max(pair) for pair in zip_longest(widths, row, fillvalue=0)]
            rows, row = rows + 1, []
        else:
            cell += len(str(one.holds.get("Text") or one.holds.get("Code") or ""))
    return rows * (sum(widths) + len(" | ") * len(widths))
