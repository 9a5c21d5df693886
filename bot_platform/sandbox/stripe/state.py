"""The state of the local Stripe: tables of JSON rows, in memory and optionally in a file."""

import json
from pathlib import Path
from typing import Any

Row = dict[str, Any]


class State:
    """Tables by name; rows by id, in the order of creation.

    The file gets one JSON line per change, so the cost of a change does not grow with the file. Opening
    the file compacts it atomically to one line per row.
    """

    def __init__(self, state_file: Path | None) -> None:
        self._state_file = state_file
        self._tables: dict[str, dict[str, Row]] = {}
        # The rows that the next save writes; a dict because it keeps the order.
        self._changed: dict[tuple[str, str], None] = {}
        if state_file is not None and state_file.exists():
            self._read(state_file)
            self._rewrite(state_file)

    def __getitem__(self, table: str) -> dict[str, Row]:
        return self._tables.setdefault(table, {})

    def put(self, table: str, id_: str, row: Row) -> Row:
        """Insert or replace a row."""
        self[table][id_] = row
        self.mark_changed(table, id_)
        return row

    def remove(self, table: str, id_: str) -> None:
        """Delete a row."""
        del self[table][id_]
        self.mark_changed(table, id_)

    def mark_changed(self, table: str, id_: str) -> None:
        """Mark a row as changed, so that the next save writes it."""
        if self._state_file is not None:
            self._changed[table, id_] = None

    def save(self) -> None:
        """Append the changes since the last save. A crash while writing loses only the unfinished line."""
        if not self._changed or self._state_file is None:
            return
        lines = [_line(table, id_, self[table].get(id_)) for table, id_ in self._changed]
        self._state_file.parent.mkdir(parents=True, exist_ok=True)
        with self._state_file.open("a", encoding="utf-8") as file:
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
        new_file = file.with_name(file.name + ".new")
        with new_file.open("w", encoding="utf-8") as new:
            for table, rows in self._tables.items():
                new.writelines(_line(table, id_, row) for id_, row in rows.items())
        new_file.replace(file)


def _line(table: str, id_: str, row: Row | None) -> str:
    return json.dumps({"table": table, "id": id_, "row": row}) + "\n"
