"""A story is cut before any statement and after any commit, and begun again: as if nothing had been."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from bot_platform.domain.refunds import Refund
from bot_platform.infra.database import Database
from bot_platform.infra.database_errors import UNREACHABLE
from bot_platform.infra.sql import query
from tests.reliability.conftest import Size
from tests.reliability.report import Report
from tests.reliability.stateful.crash_injection import Calamity, Died, cut_off, fate
from tests.reliability.stateful.fast_database import quick_url
from tests.reliability.stateful.money_stories import STORIES, ask, mend, reopened
from tests.reliability.stateful.one_sale import Sale, broken, sold
from tests.reliability.stateful.work_stories import WORK_STORIES

ALL = STORIES | WORK_STORIES
BOOKS = {
    "account": """SELECT a.balance, a.held, a.seq, a.frozen, a.broken, u.blocked_bot
        FROM account a JOIN users u ON u.id = a.user_id WHERE u.telegram_id IN (?, ?)""",
    "purchase": """SELECT p.package, p.state, p.reversed, p.charged, p.attempt
        FROM purchase p JOIN users u ON u.id = p.user_id WHERE u.telegram_id IN (?, ?)""",
    "entry": """SELECT e.kind, e.amount, e.balance_after FROM entry e JOIN account a ON a.id = e.account_id
        JOIN users u ON u.id = a.user_id WHERE u.telegram_id IN (?, ?)""",
    "hold": """SELECT h.amount, h.captured, h.state FROM hold h JOIN account a ON a.id = h.account_id
        JOIN users u ON u.id = a.user_id WHERE u.telegram_id IN (?, ?)""",
    "refund": """SELECT r.amount, r.state, r.error FROM refund r JOIN purchase p ON p.id = r.purchase_id
        JOIN users u ON u.id = p.user_id WHERE u.telegram_id IN (?, ?)""",
    "reversal": """SELECT r.stage, r.amount, r.as_of, r.lifted FROM reversal r
        JOIN users u ON u.id = r.user_id WHERE r.provider = 'stripe' AND u.telegram_id IN (?, ?)""",
    "job": """SELECT j.kind, j.most, j.needs, j.charged, j.step, j.state, j.stopping, j.kept,
        j.request, j.result, j.has_texts, j.forget, j.ended_at IS NULL AS open
        FROM job j JOIN users u ON u.id = j.user_id WHERE u.telegram_id IN (?, ?)""",
    "notice": """SELECT n.text, n.state, n.message_id, n.text_values FROM notice n
        WHERE n.chat_id IN (?, ?)""",
}
OF_THIS_SALE = ("purchase", "event", "user", "url", "rows", "job")  # values of a notice that name rows


async def _books(sale: Sale) -> dict[str, list[Any]]:
    """Read all that is known of a sale, but for what tells it from another sale."""
    who = sale.user.telegram_id
    books = {}
    for table, sql in BOOKS.items():
        rows = [dict(row) for row in await query(sql, who, -who)]
        books[table] = sorted(map(repr, map(_nameless, rows)))
    (alarms,) = await query(
        "SELECT COUNT(*) AS n FROM notice WHERE subject = ? AND chat_id <> ?", f"purchase:{sale.id}", who
    )
    return books | {"alarms": [alarms["n"]]}


def _nameless(row: dict[str, Any]) -> dict[str, Any]:
    if "text_values" not in row:
        return row
    values = json.loads(row["text_values"])
    return row | {"text_values": {name: v for name, v in values.items() if name not in OF_THIS_SALE}}


Point = tuple[int, Calamity]


class Crashes:
    """Lives one story again and again in one database, each time with a calamity one point later.

    A process repeats the story in which its predecessor was struck, then begins the next and is struck too.
    """

    def __init__(self, url: str, name: str) -> None:
        self._url, self._story, self._number = url, ALL[name], 7_600_000_000

    async def undisturbed(self, calamity: Calamity) -> tuple[int, dict[str, list[Any]]]:
        """Live it without the calamity; gives how many points there are for it, and the books in the end."""
        async with _opened(self._url) as database:
            sale = await self._begun(database)
            with fate(0, calamity) as met:
                await self._story.act(sale)
            books = await _books(sale)
            await mend(sale)
        return met.points, books

    async def struck(self, points: Sequence[Point]) -> AsyncIterator[dict[str, list[Any]]]:
        """Live it with each calamity, and once more after a restart; gives the books in the end of each."""
        sale = await asyncio.create_task(self._strike_first(points[0]))
        for following in [*points[1:], None]:
            books, sale = await asyncio.create_task(self._restart(sale, following))
            yield books

    async def _strike_first(self, point: Point) -> Sale:
        async with _opened(self._url) as database:
            return await self._strike(database, *point)

    async def _restart(self, sale: Sale, following: Point | None) -> tuple[dict[str, list[Any]], Sale]:
        async with _opened(self._url) as database:
            again = reopened(sale, database)
            await self._story.act(again)
            books = await _books(again)
            await mend(again)
            assert not await broken(database)
            return books, await self._strike(database, *following) if following else again

    async def _strike(self, database: Database, at: int, calamity: Calamity) -> Sale:
        sale = await self._begun(database)
        with fate(at, calamity) as met, contextlib.suppress(Died, *UNREACHABLE):
            await self._story.act(sale)
        assert met.struck, f"there is no point {at}"
        if calamity is Calamity.DEATH:
            cut_off()
        return sale

    async def _begun(self, database: Database) -> Sale:
        self._number += 1
        return await self._story.prepare(database, self._number)


@contextlib.asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("story", ALL)
async def test_a_story_cut_at_any_point_and_begun_again_is_as_if_nothing_was(
    database_url: str, story: str, size: Size, report: Report
) -> None:
    every = size(small=3, full=1)
    async with quick_url(database_url) as url:
        crashes = Crashes(url, story)
        points = []
        for calamity in ALL[story].calamities:
            number, books = await asyncio.create_task(crashes.undisturbed(calamity))
            points += [(at, calamity) for at in range(1, number + 1)]
        chosen = points[::every]
        report.plan(len(chosen), "points")
        ends = crashes.struck(chosen)
        for at, calamity in chosen:
            found = await anext(ends)
            report.right([f"{calamity.name} at {at}: {t} {found[t]}" for t in books if found[t] != books[t]])
            report.did()


async def test_a_refund_is_asked_for_once_when_the_connection_is_lost_after_its_commit(
    postgres_url: str,
) -> None:
    async with _opened(postgres_url) as database:
        for at in range(1, 100):
            sale = await sold(database, at)
            with fate(at, Calamity.LOSS) as met, contextlib.suppress(*UNREACHABLE):
                await ask(sale)
            assert await Refund.filter(purchase_id=sale.id).count() <= 1, f"lost at point {at}"
            if not met.struck:
                return
