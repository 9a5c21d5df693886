"""A row for each test: what was done, how often, what went wrong; and the lines made of rows."""

import json
import os
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

PROGRESS = "RELIABILITY_PROGRESS"  # names a folder in which each running test keeps a file
WRITE_EVERY = 0.5  # seconds
SHOWN = ("title", "database", "what", "done", "of", "wrong", "note")


@dataclass
class Report:
    """What one test has done so far, of how much, and how much of it was wrong."""

    title: str
    database: str
    progress: Path | None = None
    what: str = ""
    done: int = 0
    of: int = 0
    wrong: int = 0
    note: str = ""
    begun: float = field(default_factory=time.monotonic)
    _written: float = 0.0
    _name: str = field(default_factory=lambda: f"{uuid.uuid4().hex}.json")

    def plan(self, of: int, what: str) -> None:
        """Say what will be counted, and how many there will be."""
        self.of, self.what = of, what
        self._write()

    def did(self, number: int = 1) -> None:
        """Count what was done."""
        self.done += number
        if time.monotonic() - self._written > WRITE_EVERY:
            self._write()

    def right(self, faults: Sequence[str]) -> None:
        """Count faults, and fail with them if there are any."""
        self.wrong += len(faults)
        assert not faults, "\n".join(faults[:20])

    def finished(self) -> dict[str, Any]:
        """Give the row, in types that travel between processes."""
        if self.progress:
            (self.progress / self._name).unlink(missing_ok=True)
        return self._row()

    def _row(self) -> dict[str, Any]:
        row = asdict(self)
        return {name: row[name] for name in SHOWN} | {"seconds": time.monotonic() - self.begun}

    def _write(self) -> None:
        self._written = time.monotonic()
        if self.progress:
            new = self.progress / f"{self._name}.new"
            new.write_text(json.dumps(self._row()))
            os.replace(new, self.progress / self._name)  # noqa: PTH105 -- whoever reads sees it whole


def table(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Write rows under one another, aligned."""
    cells = [("what was tried", "database", "number", "of what", "wrong", "seconds", "")] + [
        (
            row["title"],
            row["database"],
            f"{row['done']:,}".replace(",", " "),
            row["what"],
            str(row["wrong"]),
            f"{row['seconds']:.0f}",
            row["note"],
        )
        for row in sorted(rows, key=lambda row: (row["title"], row["database"]))
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    numbers = {2, 4, 5}
    for line in cells:
        aligned = [
            cell.rjust(width) if place in numbers else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        yield "  ".join(aligned).rstrip()


def progress_line(folder: Path) -> str:
    """Write one line of what runs now."""
    running = []
    for path in sorted(folder.glob("*.json")):
        try:
            row = json.loads(path.read_text())
        except (OSError, ValueError):
            continue  # it has just ended
        where = f" ({row['database']})" if row["database"] else ""
        running.append(f"{row['done']}/{row['of']} {row['what']}{where}, {row['wrong']} wrong")
    return " | ".join(running)
