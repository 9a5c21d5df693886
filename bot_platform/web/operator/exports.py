"""Whole tables as CSV, streamed in chunks; a spreadsheet finds no formula in them."""

import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from quart import Blueprint, Response

from bot_platform.domain import listings
from bot_platform.domain.amounts import credits_text, plain_money
from bot_platform.domain.ledger import Account, Entry
from bot_platform.domain.listings import Returned
from bot_platform.domain.purchases import Purchase
from bot_platform.domain.reversals import DISPUTES

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet runs a cell that begins so
SALES = (
    "purchase,began,paid,telegram_id,package,credits,price,charged,currency,provider,checkout,payment,state,"
    "credits_taken_back"
)
ENTRIES = "entry,at,telegram_id,number,kind,credits,balance_after,purchase,job,note,cause"
RETURNED = "reference,kind,day,amount,currency,purchase,telegram_id,provider,payment,stage"
PEOPLE = "telegram_id,number,since,language,balance,held,banned,frozen,blocked_the_bot"

Row = Sequence[Any]


def exports(pages: Blueprint) -> None:
    """Add the downloads."""

    @pages.get("/purchases.csv")
    async def purchases_csv() -> Response:
        return _download("purchases", SALES, listings.all_sales(), _sale)

    @pages.get("/entries.csv")
    async def entries_csv() -> Response:
        return _download("entries", ENTRIES, listings.all_entries(), _entry)

    @pages.get("/returned.csv")
    async def returned_csv() -> Response:
        return _download("returned", RETURNED, listings.all_returned(), _returned)

    @pages.get("/people.csv")
    async def people_csv() -> Response:
        return _download("people", PEOPLE, listings.all_people(), _person)


def _download(
    name: str, header: str, chunks: AsyncIterator[Sequence[Any]], row: Callable[[Any], Row]
) -> Response:
    async def body() -> AsyncIterator[bytes]:
        yield _csv([header.split(",")])
        async for rows in chunks:
            yield _csv([row(one) for one in rows])

    response = Response(body(), content_type="text/csv; charset=utf-8")
    response.headers.set("Content-Disposition", "attachment", filename=f"{name}.csv")
    response.headers["X-Accel-Buffering"] = "no"
    response.timeout = None  # a long table may take a slow client minutes; it holds no resource
    return response


def _csv(rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([[_cell(value) for value in row] for row in rows])
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(" ", "seconds").removesuffix("+00:00")
    if isinstance(value, _Number):
        return str(value)
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


class _Number(str):
    """A number as text; its minus sign does not make it a formula."""

    __slots__ = ()


def _credits(hundredths: int) -> _Number:
    return _Number(credits_text(hundredths))


def _sale(row: Purchase) -> Row:
    paid = row.paid_amount
    charged = None if paid is None else _Number(plain_money(paid, row.currency))
    return (
        row.id,
        row.created_at,
        row.paid_at,
        row.user.telegram_id,
        row.package,
        _credits(row.credits),
        _Number(plain_money(row.amount, row.currency)),
        charged,
        row.currency,
        row.provider,
        row.provider_ref,
        row.payment_ref,
        row.state.value,
        _credits(row.reversed),
    )


def _returned(row: Returned) -> Row:
    currency = row.reversal.currency or row.purchase.currency
    return (
        row.reversal.key.partition(":")[2],
        "dispute" if row.reversal.stage in DISPUTES else "refund",
        datetime.fromtimestamp(row.reversal.at, UTC).date().isoformat(),
        _Number(plain_money(row.amount, currency)),
        currency,
        row.purchase.id,
        row.purchase.user.telegram_id,
        row.purchase.provider,
        row.purchase.payment_ref,
        row.reversal.stage.value,
    )


def _entry(row: Entry) -> Row:
    return (
        row.id,
        row.created_at,
        row.account.user.telegram_id,
        row.seq,
        row.kind.value,
        _credits(row.amount),
        _credits(row.balance_after),
        row.purchase_id,
        row.job_id,
        row.note,
        row.cause,
    )


def _person(row: Account) -> Row:
    return (
        row.user.telegram_id,
        row.user.id,
        row.user.created_at,
        row.user.language,
        _credits(row.balance),
        _credits(row.held),
        _yes(row.banned),
        _yes(row.frozen),
        _yes(row.user.blocked_bot),
    )


def _yes(value: object) -> str:
    return "yes" if value else "no"
