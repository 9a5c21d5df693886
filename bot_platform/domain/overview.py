"""Figures for operators: takings and credits of each day, and what waits for an operator."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from bot_platform.domain import book_checks
from bot_platform.domain.backlog import Backlog, backlog
from bot_platform.domain.book_checks import BookCheck
from bot_platform.domain.ledger import EntryKind
from bot_platform.domain.purchases import PurchaseState
from bot_platform.infra.clock import now
from bot_platform.infra.sql import connection, query

Ask = Callable[..., Awaitable[Sequence[dict[str, Any]]]]


@dataclass(frozen=True, slots=True)
class Day:
    """The figures of one day (UTC): money in minor units, credits in hundredths.

    `takings` are by provider and currency, because the mock's are no money.
    """

    date: date
    takings: Mapping[tuple[str, str], int] = field(default_factory=dict)
    sales: int = 0
    sold: int = 0
    spent: int = 0
    given: int = 0  # welcome credits and grants, less what grants took
    taken_back: int = 0  # by refunds and disputes, less what was given back


@dataclass(frozen=True, slots=True)
class Today:
    """The day so far, and what waits now."""

    day: Day
    failed_purchases: int  # begun today
    waits: Backlog
    books: BookCheck
    kept_aside: int = 0  # purchases, of any day


async def today() -> Today:
    """Read the figures of the current day (UTC)."""
    (day,) = await by_day(query, 1)
    since = _midnight(day.date)
    (failed,) = await query(
        "SELECT COUNT(*) AS n FROM purchase WHERE state = ? AND created_at >= ?",
        PurchaseState.FAILED,
        _stored(since),
    )
    (kept,) = await query("SELECT COUNT(*) AS n FROM purchase WHERE state = ?", PurchaseState.KEPT_ASIDE)
    return Today(
        day=day,
        failed_purchases=failed["n"],
        waits=await backlog(),
        books=await book_checks.last(),
        kept_aside=kept["n"],
    )


async def by_day(ask: Ask, days: int) -> Sequence[Day]:
    """Read the last `days`, oldest first and today last; `ask` runs SQL written with `?`.

    For many days give it the function of a snapshot, which delays no transaction.
    """
    last = now().astimezone(UTC).date()
    dates = [last - timedelta(days=ago) for ago in reversed(range(days))]
    since = _stored(_midnight(dates[0]))
    paid = await ask(
        f"""SELECT {_day("paid_at")} AS day, provider, currency, COUNT(*) AS n,
            CAST(SUM(charged) AS BIGINT) AS amount
        FROM purchase WHERE paid_at >= ? GROUP BY 1, 2, 3""",  # noqa: S608 -- names are the code's own
        since,
    )
    moved = await ask(
        f"""SELECT {_day("created_at")} AS day, kind, CAST(SUM(amount) AS BIGINT) AS amount
        FROM entry WHERE created_at >= ? GROUP BY 1, 2""",  # noqa: S608 -- as above
        since,
    )
    return [_figures(day, paid, moved) for day in dates]


def _figures(day: date, paid: Sequence[dict[str, Any]], moved: Sequence[dict[str, Any]]) -> Day:
    name = day.isoformat()
    sales = [row for row in paid if row["day"] == name]
    credits_ = {EntryKind(row["kind"]): row["amount"] for row in moved if row["day"] == name}
    return Day(
        date=day,
        takings={(row["provider"], row["currency"]): row["amount"] or 0 for row in sales},
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
    return moment.isoformat(" ") if _is_sqlite() else moment


def _day(column: str) -> str:
    if _is_sqlite():
        return f"substr({column}, 1, 10)"
    return f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD')"


def _is_sqlite() -> bool:
    return connection().capabilities.dialect == "sqlite"
