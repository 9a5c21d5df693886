"""Figures for operators: takings and credits of each day, and what waits for an operator."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from bot_platform.domain import book_checks, reversals
from bot_platform.domain.backlog import Backlog, backlog
from bot_platform.domain.book_checks import BookCheck
from bot_platform.domain.ledger import EntryKind
from bot_platform.domain.purchases import PurchaseState
from bot_platform.infra.clock import now
from bot_platform.infra.sql import Ask, connection, query


@dataclass(frozen=True, slots=True)
class Day:
    """The figures of one day (UTC): money in minor units, credits in hundredths.

    `takings` and what was `returned` are by provider and currency, because the mock's are no money. A refund
    counts on the day when it was made, a dispute that was not won on the day when it began.
    """

    date: date
    takings: Mapping[tuple[str, str], int] = field(default_factory=dict)
    returned: Mapping[tuple[str, str], int] = field(default_factory=dict)
    sales: int = 0
    sold: int = 0
    spent: int = 0
    given: int = 0  # welcome credits and grants, less what grants took
    taken_back: int = 0  # by refunds and disputes, less what was given back

    @property
    def net(self) -> Mapping[tuple[str, str], int]:
        """The takings less what was returned; below zero when more was returned than came."""
        kinds = self.takings.keys() | self.returned.keys()
        return {kind: self.takings.get(kind, 0) - self.returned.get(kind, 0) for kind in kinds}


@dataclass(frozen=True, slots=True)
class Today:
    """The day so far, and what waits now."""

    day: Day
    failed_purchases: int  # begun today
    waits: Backlog
    books: BookCheck


async def today() -> Today:
    """Read the figures of the current day (UTC)."""
    (day,) = await by_day(query, 1)
    since = _midnight(day.date)
    (failed,) = await query(
        "SELECT COUNT(*) AS n FROM purchase WHERE state = ? AND created_at >= ?",
        PurchaseState.FAILED,
        _stored(since),
    )
    return Today(
        day=day,
        failed_purchases=failed["n"],
        waits=await backlog(),
        books=await book_checks.last(),
    )


async def by_day(ask: Ask, days: int) -> Sequence[Day]:
    """Read the last `days`, oldest first and today last; `ask` runs SQL written with `?`.

    For many days give it the function of a reader, which delays no transaction.
    """
    last = now().astimezone(UTC).date()
    dates = [last - timedelta(days=ago) for ago in reversed(range(days))]
    returned = await _returned(ask, _midnight(dates[0]))
    return [await _figures(ask, day, returned.get(day, {})) for day in dates]


async def _returned(ask: Ask, since: datetime) -> Mapping[date, Counter[tuple[str, str]]]:
    """Sum the money that went back on each day since `since`, by provider and currency.

    Money that was kept aside is not among the takings, so it is not here either.
    """
    begun = int(since.timestamp())
    rows = await ask(
        f"""SELECT r.purchase_id, {reversals.MONEY_COLUMNS}, p.charged, p.provider, p.currency
        FROM reversal r JOIN purchase p ON p.id = r.purchase_id
        WHERE p.paid_at IS NOT NULL AND r.purchase_id IN
            (SELECT purchase_id FROM reversal WHERE made_at >= ? OR (made_at IS NULL AND since >= ?))
        ORDER BY r.purchase_id""",  # noqa: S608 -- as above
        begun,
        begun,
    )
    sums: defaultdict[date, Counter[tuple[str, str]]] = defaultdict(Counter)
    for _, group in groupby(rows, key=lambda row: row["purchase_id"]):
        sale = list(group)
        kind = sale[0]["provider"], sale[0]["currency"]
        about = [reversals.from_row(row) for row in sale]
        for row, amount in reversals.returned_by_each(about, sale[0]["charged"] or 0):
            sums[datetime.fromtimestamp(row.at, UTC).date()][kind] += amount
    return sums


async def _figures(ask: Ask, day: date, returned: Mapping[tuple[str, str], int]) -> Day:
    """Read one day: each query ends soon, however many days are wanted."""
    span = _stored(_midnight(day)), _stored(_midnight(day + timedelta(days=1)))
    sales = await ask(
        """SELECT provider, currency, COUNT(*) AS n, CAST(SUM(charged) AS BIGINT) AS amount
        FROM purchase WHERE paid_at >= ? AND paid_at < ? GROUP BY 1, 2""",
        *span,
    )
    moved = await ask(
        """SELECT kind, CAST(SUM(amount) AS BIGINT) AS amount
        FROM entry WHERE created_at >= ? AND created_at < ? GROUP BY 1""",
        *span,
    )
    credits_ = {EntryKind(row["kind"]): row["amount"] for row in moved}
    return Day(
        date=day,
        takings={(row["provider"], row["currency"]): row["amount"] or 0 for row in sales},
        returned=returned,
        sales=sum(row["n"] for row in sales),
        sold=credits_.get(EntryKind.PURCHASE, 0),
        spent=-credits_.get(EntryKind.CHARGE, 0),
        given=credits_.get(EntryKind.WELCOME, 0) + credits_.get(EntryKind.GRANT, 0),
        taken_back=-credits_.get(EntryKind.REVERSAL, 0),
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _stored(moment: datetime) -> Any:
    """Write a time as the database stores it: SQLite stores text."""
    return moment.isoformat(" ") if connection().capabilities.dialect == "sqlite" else moment
