"""Whole tables as CSV: every row once, in chunks, and without formulas."""

import asyncio
import csv
import io
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from bot_platform.domain import listings
from bot_platform.domain.ledger import Account
from bot_platform.domain.purchases import Purchase, PurchaseState
from bot_platform.domain.reversals import Reversal
from bot_platform.domain.stages import Stage
from bot_platform.flows.grant import grant
from bot_platform.infra.database import Database
from bot_platform.web.server import finishing
from bot_platform.web.serving import listen, serve_until
from tests.makers import free_port, person
from tests.web.operators import HOME, TOKEN, OperatorBrowser
from tests.web.test_operator_pages import sale

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://evil.example";"x")']


async def _rows(operator: OperatorBrowser, name: str) -> list[dict[str, str]]:
    await operator.read(f"/{name}.csv")
    assert operator.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert operator.headers["Content-Disposition"] == f"attachment; filename={name}.csv"
    assert operator.headers["Cache-Control"] == "no-store"
    return list(csv.DictReader(io.StringIO(operator.page)))


async def test_an_empty_table_is_its_header(database: Database) -> None:
    async with OperatorBrowser(database) as operator:
        for name in ("purchases", "entries", "people", "returned"):
            assert await _rows(operator, name) == []
            assert operator.page.count(",") > 5


async def test_a_sale_is_exported_in_plain_numbers(database: Database) -> None:
    user = await person(database, 77)
    row = await sale(user, 1, PurchaseState.PARTLY_REVERSED, reversed=2_550)
    nothing = dict.fromkeys(("charged", "paid_at", "provider_ref", "payment_ref"))
    await sale(user, 2, PurchaseState.OPEN, currency="jpy", amount=700, **nothing)
    async with OperatorBrowser(database) as operator:
        one, two = await _rows(operator, "purchases")
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


async def test_money_returned_is_exported_with_its_day_and_its_sale(database: Database) -> None:
    user = await person(database, 77)
    one, two = await sale(user, 1), await sale(user, 2)
    await sale(user, 3)
    made_at = int(datetime(2026, 3, 4, 23, 59, tzinfo=UTC).timestamp())
    for sold, key, amount, stage in (
        (one, "re_1", 125, Stage.REFUNDED),
        (one, "re_2", 200, Stage.REFUND_UNDONE),
        (one, "du_1", 500, Stage.LOST),
        (two, "du_2", 500, Stage.WON),
    ):
        await Reversal.create(
            key=f"stripe:{key}",
            provider="stripe",
            payment_ref=sold.payment_ref,
            purchase_id=sold.id,
            amount=amount,
            currency="usd",
            stage=stage,
            as_of=made_at + len(key),
            since=made_at,
            made_at=made_at + (stage is Stage.REFUNDED and -9),
        )
    async with OperatorBrowser(database) as operator:
        refund, dispute = await _rows(operator, "returned")
    assert refund == {
        "reference": "re_1",
        "kind": "refund",
        "day": "2026-03-04",
        "amount": "1.25",
        "currency": "usd",
        "purchase": str(one.id),
        "telegram_id": "77",
        "provider": "mock",
        "payment": "pi_1",
        "stage": "refunded",
    }
    assert (dispute["kind"], dispute["amount"]) == ("dispute", "3.75"), "no more than came"


@pytest.mark.parametrize("charged", [1500, None], ids=["amount known", "amount unknown"])
async def test_money_kept_aside_is_exported_in_its_own_currency_when_it_went_back(
    database: Database, charged: int | None
) -> None:
    kept = await sale(await person(database, 77), 1)
    await Purchase.filter(id=kept.id).update(state=PurchaseState.REVERSED, paid_at=None, charged=charged)
    await Reversal.create(
        key="stripe:re_1",
        provider="stripe",
        payment_ref=kept.payment_ref,
        purchase_id=kept.id,
        amount=1500,
        currency="jpy",
        stage=Stage.REFUNDED,
        as_of=1,
        since=1,
    )
    async with OperatorBrowser(database) as operator:
        (refund,) = await _rows(operator, "returned")
        (sold,) = await _rows(operator, "purchases")
    assert (refund["amount"], refund["currency"]) == ("1500", "jpy")
    assert (sold["charged"], sold["price"], sold["currency"]) == ("", "5.00", "usd")


async def test_entries_and_users_are_exported_with_signs(database: Database) -> None:
    user = await person(database, 77, credits_=500)
    await grant(database, user, -250, "Too much.", "g1")
    await Account.filter(user_id=user.id).update(banned=True)
    async with OperatorBrowser(database) as operator:
        entries = await _rows(operator, "entries")
        assert [(e["number"], e["kind"], e["credits"], e["balance_after"], e["note"]) for e in entries] == [
            ("1", "welcome", "5.00", "5.00", ""),
            ("2", "grant", "-2.50", "2.50", "Too much."),
        ]
        (one,) = await _rows(operator, "people")
        assert (one["telegram_id"], one["balance"]) == ("77", "2.50")
        assert (one["banned"], one["frozen"]) == ("yes", "no")


@pytest.mark.parametrize("text", FORMULAS)
async def test_a_formula_is_exported_as_text(sqlite_database: Database, text: str) -> None:
    user = await person(sqlite_database, 77)
    await grant(sqlite_database, user, 100, text, "g1")
    await sale(user, 1, package=text, payment_ref=text)
    async with OperatorBrowser(sqlite_database) as operator:
        (entry,) = await _rows(operator, "entries")
        (bought,) = await _rows(operator, "purchases")
    assert entry["note"] == bought["package"] == bought["payment"] == f"'{text}"


async def test_odd_texts_stay_what_they_are(database: Database) -> None:
    user = await person(database, 77)
    for number, text in enumerate(('a "quoted" word', "two, parts", "two\nlines", "ünï ⭐ <b>")):
        await grant(database, user, 100, text, f"g{number}")
    async with OperatorBrowser(database) as operator:
        notes = [row["note"] for row in await _rows(operator, "entries")]
    assert notes == ['a "quoted" word', "two, parts", "two\nlines", "ünï ⭐ <b>"]


async def _pieces(
    operator: OperatorBrowser, path: str, after_two: Callable[[], Awaitable[object]]
) -> list[bytes]:
    pieces: list[bytes] = []
    async with operator.browser.request(HOME + path) as stream:
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
    async with OperatorBrowser(database) as operator:
        pieces = await _pieces(operator, "/purchases.csv", lambda: sale(user, 10_000))
    numbers = [row["purchase"] for row in csv.DictReader(io.StringIO(b"".join(pieces).decode()))]
    assert numbers[:count] == [str(n) for n in range(1, count + 1)]
    assert len(numbers) == len(set(numbers))
    assert len(pieces) >= 4  # the header, and no more than so many rows at once
    assert max(piece.count(b"\n") for piece in pieces) <= listings.EXPORT_CHUNK


async def test_a_client_that_leaves_during_a_download_does_no_harm(database: Database) -> None:
    user = await person(database, 77)
    for number in range(2 * listings.EXPORT_CHUNK):
        await sale(user, number)
    operator = OperatorBrowser(database)
    await operator.sign_in(TOKEN)
    cookie = operator.headers["Set-Cookie"].partition(";")[0]
    stop, port = asyncio.Event(), free_port()
    serving = asyncio.create_task(
        serve_until(stop, finishing(operator.app), listen("127.0.0.1", port), on_ready=None, stopping=None)
    )
    asked = f"GET {HOME}/purchases.csv HTTP/1.1\r\nHost: here\r\nCookie: {cookie}\r\n\r\n".encode()

    async def leave(after: float) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(asked)
        await writer.drain()
        await asyncio.sleep(after)
        writer.transport.abort()

    await asyncio.gather(*(leave(0.005 * number) for number in range(20)))
    assert len(await _rows(operator, "purchases")) == 2 * listings.EXPORT_CHUNK
    await sale(user, 10_000)  # and a write takes its turn
    stop.set()
    await serving
