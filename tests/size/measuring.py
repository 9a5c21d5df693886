"""Measures the cases at two sizes, and shows them side by side."""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot_platform.infra.database import Database
from bot_platform.infra.postgres_client import PATIENT
from tests.size import cases
from tests.size.cases import Case
from tests.size.filling import Size
from tests.size.past import live_through
from tests.size.waiting import pile_up

RUNS = 3  # after one to warm up; the best counts
LONG_SECONDS = 5.0  # what takes longer runs once
SLOW_SECONDS, GREW = 0.05, 5.0  # marked is what takes longer than this and grew by more than this


@dataclass(frozen=True, slots=True)
class Line:
    """One case at both sizes, in seconds."""

    name: str
    few: float
    many: float

    @property
    def ratio(self) -> float:
        """How much longer it takes at the large size."""
        return self.many / self.few

    @property
    def is_marked(self) -> bool:
        """Whether it grew with the database and is slow."""
        return self.many > SLOW_SECONDS and self.ratio > GREW

    def __str__(self) -> str:
        mark = "  <== grows" if self.is_marked else ""
        return f"{self.name:42}{self.few * 1000:12.2f}{self.many * 1000:12.2f}{self.ratio:10.1f}{mark}"


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """Open a database whose statements may take as long as they like, with the newest schema."""
    database = Database(url, limits=PATIENT)
    await database.open()
    try:
        await database.migrate()
        yield database
    finally:
        await database.close()


async def measured(database: Database, size: Size) -> Mapping[str, float]:
    """Fill an empty database, and return the seconds of each case by its name."""
    await live_through(database, size)
    seconds = await _seconds(cases.idle_looks(database))
    await pile_up(database, size)
    for some in (
        cases.claims(database),
        await cases.lists(),
        await cases.pages(database),
        cases.rounds(database),
        cases.commands(database),
    ):
        seconds |= await _seconds(some)
    return seconds


def compared(few: Mapping[str, float], many: Mapping[str, float]) -> Sequence[Line]:
    """Return a line for each case, what grew most first."""
    lines = [Line(name, few[name], many[name]) for name in many]
    return sorted(lines, key=lambda line: line.ratio, reverse=True)


async def _seconds(some: Sequence[Case]) -> dict[str, float]:
    return {case.name: await _best(case) for case in some}


async def _best(case: Case) -> float:
    first = await _once(case)
    if first > LONG_SECONDS:
        return first
    return min([await _once(case) for _ in range(RUNS)])


async def _once(case: Case) -> float:
    began = time.perf_counter()
    result = await case.run()
    seconds = time.perf_counter() - began
    if case.undo:
        await case.undo(result)
    return seconds
