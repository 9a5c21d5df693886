"""Everything the local Stripe remembers, as tables of plain JSON-able rows, perhaps kept in a file."""

import json
from pathlib import Path
from typing import Any

Row = dict[str, Any]


class State:
    """Tables by name, rows by id, in the order they were made.

    The file has one JSON line for each change, so that a change costs the same however much is kept;
    opening it replaces it at once and entirely by one line for each row that is left.
    """

    def __init__(self, keep_in: Path | None) -> None:
        self._keep_in = keep_in
        self._tables: dict[str, dict[str, Row]] = {}
        # A dict for its order: the ids to be written, each once.
        self._changed: dict[tuple[str, str], None] = {}
        if keep_in is not None and keep_in.exists():
            self._read(keep_in)
            self._rewrite(keep_in)

    def __getitem__(self, table: str) -> dict[str, Row]:
        return self._tables.setdefault(table, {})

    def put(self, table: str, id_: str, row: Row) -> Row:
        """Keep a new row, or one that takes the place of another."""
        self[table][id_] = row
        self.touch(table, id_)
        return row

    def remove(self, table: str, id_: str) -> None:
        """Forget a row."""
        del self[table][id_]
        self.touch(table, id_)

    def touch(self, table: str, id_: str) -> None:
        """Say that a row changed, so that the next save writes it."""
        if self._keep_in is not None:
            self._changed[table, id_] = None

    def save(self) -> None:
        """Write what changed since the last time; a crash in the middle loses the unfinished line alone."""
        if not self._changed or self._keep_in is None:
            return
        lines = [_line(table, id_, self[table].get(id_)) for table, id_ in self._changed]
        self._keep_in.parent.mkdir(parents=True, exist_ok=True)
        with self._keep_in.open("a", encoding="utf-8") as file:
            file.writelines(lines)
        self._changed.clear()

    def _read(self, file: Path) -> None:
        for line in file.read_text(encoding="utf-8").splitlines(keepends=True):
            if not line.endswith("\n"):
                return
            change = json.loads(line)
            if change["row"] is None:
                self[change["table"]].pop(change["id"], None)
            else:
                self[change["table"]][change["id"]] = change["row"]

    def _rewrite(self, file: Path) -> None:
        beside = file.with_name(file.name + ".new")
        with beside.open("w", encoding="utf-8") as new:
            for table, rows in self._tables.items():
                new.writelines(_line(table, id_, row) for id_, row in rows.items())
        beside.replace(file)


def _line(table: str, id_: str, row: Row | None) -> str:
    return json.dumps({"table": table, "id": id_, "row": row}) + "\n"
