"""Whole tables as CSV: every row once, in pieces, and nothing that a spreadsheet runs."""

import asyncio
import csv
import io
from collections.abc import Awaitable, Callable

import pytest

from bot_platform.domain import listings
from bot_platform.domain.ledger import Account
from bot_platform.domain.purchases import PurchaseState
from bot_platform.flows.grant import grant
from bot_platform.infra.database import Database
from bot_platform.web.server import finishing
from bot_platform.web.serving import listen, serve_until
from tests.makers import free_port, person
from tests.web.operators import HOME, TOKEN, Desk
from tests.web.test_operator_pages import sale

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://evil.example";"x")']


async def _rows(context: Desk, name: str) -> list[dict[str, str]]:
    await context.read(f"/{name}.csv")
    assert context.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert context.headers["Content-Disposition"] == f"attachment; filename={name}.csv"
    assert context.headers["Cache-Control"] == "no-store"
    return list(csv.DictReader(io.StringIO(context.page)))


async def test_an_empty_table_is_its_header(database: Database) -> None:
    async with Desk(database) as context:
        for name in ("purchases", "entries", "people"):
            assert await _rows(context, name) == []
            assert context.page.count(",") > 5


async def test_a_sale_is_told_in_plain_numbers(database: Database) -> None:
    user = await person(database, 77)
    row = await sale(user, 1, PurchaseState.PARTLY_REVERSED, reversed=2_550)
    nothing = dict.fromkeys(("charged", "paid_at", "provider_ref", "payment_ref"))
    await sale(user, 2, PurchaseState.OPEN, currency="jpy", amount=700, **nothing)
    async with Desk(database) as context:
        one, two = await _rows(context, "purchases")
    assert row.paid_at is not None
    assert one == {
        "purchase": "1",
        "began": f"{row.created_at:%Y-%m-%d %H:%M:%S}",
        "paid": f"{row.paid_at:%Y-%m-%d %H:%M:%S}",
        "telegram_id": "77",
        "package": "buy_100",
        "credits": "100.00",
        "price": "5.00",
        "charged": "5.00",
        "currency": "usd",
        "provider": "mock",
        "checkout": "cs_test_1",
        "payment": "pi_1",
        "state": "partly_reversed",
        "credits_taken_back": "25.50",
    }
    assert (two["price"], two["charged"], two["paid"], two["checkout"]) == ("700", "", "", "")


async def test_the_books_and_the_people_are_told_with_their_signs(database: Database) -> None:
    user = await person(database, 77, credits_=500)
    await grant(database, user, -250, "Too much.", "g1")
    await Account.filter(user_id=user.id).update(banned=True)
    async with Desk(database) as context:
        entries = await _rows(context, "entries")
        assert [(e["number"], e["kind"], e["credits"], e["balance_after"], e["note"]) for e in entries] == [
            ("1", "welcome", "5.00", "5.00", ""),
            ("2", "grant", "-2.50", "2.50", "Too much."),
        ]
        (one,) = await _rows(context, "people")
        assert (one["telegram_id"], one["balance"]) == ("77", "2.50")
        assert (one["banned"], one["frozen"]) == ("yes", "no")


@pytest.mark.parametrize("text", FORMULAS)
async def test_a_text_that_a_spreadsheet_would_run_is_a_text(sqlite_database: Database, text: str) -> None:
    user = await person(sqlite_database, 77)
    await grant(sqlite_database, user, 100, text, "g1")
    await sale(user, 1, package=text, payment_ref=text)
    async with Desk(sqlite_database) as context:
        (entry,) = await _rows(context, "entries")
        (bought,) = await _rows(context, "purchases")
    assert entry["note"] == bought["package"] == bought["payment"] == f"'{text}"


async def test_odd_texts_stay_what_they_are(database: Database) -> None:
    user = await person(database, 77)
    for number, text in enumerate(('a "quoted" word', "two, parts", "two\nlines", "ünï ⭐ <b>")):
        await grant(database, user, 100, text, f"g{number}")
    async with Desk(database) as context:
        notes = [row["note"] for row in await _rows(context, "entries")]
    assert notes == ['a "quoted" word', "two, parts", "two\nlines", "ünï ⭐ <b>"]


async def _pieces(context: Desk, path: str, after_two: Callable[[], Awaitable[object]]) -> list[bytes]:
    pieces: list[bytes] = []
    async with context.browser.request(HOME + path) as stream:
        await stream.send_complete()
        while piece := await stream.receive():
            assert isinstance(piece, bytes)
            pieces.append(piece)
            if len(pieces) == 2:
                await after_two()
    return pieces


async def test_a_long_table_comes_in_pieces_each_row_once_while_rows_are_added(database: Database) -> None:
    user = await person(database, 77)
    count = 2 * listings.EXPORT_CHUNK + 5
    for number in range(count):
        await sale(user, number)
    async with Desk(database) as context:
        pieces = await _pieces(context, "/purchases.csv", lambda: sale(user, 10_000))
    numbers = [row["purchase"] for row in csv.DictReader(io.StringIO(b"".join(pieces).decode()))]
    assert numbers[:count] == [str(n) for n in range(1, count + 1)]
    assert len(numbers) == len(set(numbers))
    assert len(pieces) >= 4  # the header, and no more than so many rows at once
    assert max(piece.count(b"\n") for piece in pieces) <= listings.EXPORT_CHUNK


async def test_who_hangs_up_in_the_middle_of_a_download_harms_nobody(database: Database) -> None:
    user = await person(database, 77)
    for number in range(2 * listings.EXPORT_CHUNK):
        await sale(user, number)
    context = Desk(database)
    await context.sign_in(TOKEN)
    cookie = context.headers["Set-Cookie"].partition(";")[0]
    stop, port = asyncio.Event(), free_port()
    serving = asyncio.create_task(
        serve_until(stop, finishing(context.app), listen("127.0.0.1", port), on_ready=None, stopping=None)
    )
    asked = f"GET {HOME}/purchases.csv HTTP/1.1\r\nHost: here\r\nCookie: {cookie}\r\n\r\n".encode()

    async def leave(after: float) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(asked)
        await writer.drain()
        await asyncio.sleep(after)
        writer.transport.abort()

    await asyncio.gather(*(leave(0.005 * number) for number in range(20)))
    assert len(await _rows(context, "purchases")) == 2 * listings.EXPORT_CHUNK
    await sale(user, 10_000)  # and a write takes its turn
    stop.set()
    await serving
