"""The payment pages show the buyer's own purchase only, and change nothing."""

import asyncio
import html
import re
import sqlite3
from contextlib import closing

import pytest
from yarl import URL

from bot_platform.domain.purchases import PurchaseState
from tests.makers import BUYER, RunningService, running_service
from tests.web.selling import OTHER, about, balance, checkout, page

STATES = {
    "paid": ("completed", "paid", "Payment received"),
    "processing": ("completed", "unpaid", "Your payment is on its way"),
    "expired": ("expired", "unpaid", "This checkout has expired"),
    "failed": ("async_payment_failed", "unpaid", "The payment did not come through"),
}


async def test_the_page_shows_every_state_of_a_purchase_and_grants_nothing(database_url: str) -> None:
    async with running_service(database_url) as h:
        for number, (kind, payment_status, heading) in enumerate(STATES.values()):
            session = await checkout(h)
            shown = await page(h, session["id"])
            assert "<h1>Confirming your payment</h1>" in shown
            assert '<meta http-equiv="refresh"' in shown  # it looks again by itself
            await h.post(about(session, kind, payment_status=payment_status))
            shown = await page(h, session["id"])
            assert f"<h1>{heading}</h1>" in shown
            assert '<meta http-equiv="refresh"' not in shown
            assert "<strong>100.00 credits</strong>" in shown
            assert "$5.00" in shown
            assert "https://t.me/sandbox_bot" in shown
            await balance(h, "100.00")
            assert number >= 0


async def test_a_page_of_one_buyer_has_nothing_of_another_and_nothing_personal(sqlite_url: str) -> None:
    async with running_service(sqlite_url) as h:
        mine = await checkout(h)
        theirs = await checkout(h, "buy_500", OTHER)
        shown = await page(h, mine["id"])
        assert "500.00" not in shown
        for private in (
            str(BUYER.id),
            BUYER.first_name,
            mine["client_reference_id"],
            theirs["id"],
            mine["id"],
        ):
            assert private not in shown


UNKNOWN = [
    "",
    "cs_test_unknown",
    "cs_",
    "x" * 100_000,
    "{CHECKOUT_SESSION_ID}",
    "mock_1",
    "1",
    "None",
    "cs_test_1' OR '1'='1",
    "cs_test_%",
    '"><script>alert(1)</script>',
    "{{ 7*7 }}",
    "\0",
    "cs_\0",
    "cs_test_\n",
    "ünïcode",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    "../../etc/passwd",
]


async def test_an_unknown_or_hostile_reference_is_a_friendly_page_without_it(database_url: str) -> None:
    async with running_service(database_url) as h:
        for reference in UNKNOWN:
            if len(reference) > 60_000:
                continue
            shown = await page(h, reference)
            assert "<h1>Thank you</h1>" in shown
            assert "<script" not in shown
            assert "49" not in re.sub(r"#\w+", "", shown)
            if len(reference) > 4:
                assert reference not in html.unescape(shown)


QUERIES = [
    "",
    "session_id",
    "session_id=",
    "session_id=%00",
    "session_id=%FF%FE",
    "session_id=cs_a&session_id=cs_b",
    "session_id[]=cs_a",
    "&&&===",
    "%",
    "%zz=%zz",
    "session_id=%",
    "a=b&" * 2000,
    "session_id=" + "x" * 50_000,
]


@pytest.mark.parametrize("route", ["payment-success", "payment-cancelled"])
async def test_a_strange_query_is_a_page_or_a_4xx(sqlite_url: str, route: str) -> None:
    async def status(h: RunningService, query: str) -> int:
        async with h.http.get(URL(f"{h.url}/{route}?{query}", encoded=True)) as answer:
            text = await answer.text()
            assert "Traceback" not in text
            return answer.status

    async with running_service(sqlite_url) as h:
        for query in QUERIES:
            assert (query[:30], await status(h, query)) == (query[:30], 200)
        for query in ("x" * 100_000, "session_id=" + "%41" * 100_000):
            assert 400 <= await status(h, query) < 500


async def test_of_two_references_one_is_shown(sqlite_url: str) -> None:
    async with running_service(sqlite_url) as h:
        session = await checkout(h)
        url = URL(f"{h.url}/payment-success?session_id={session['id']}&session_id=cs_other", encoded=True)
        async with h.http.get(url) as answer:
            assert "Confirming your payment" in await answer.text()


async def test_the_page_of_a_mock_purchase_cannot_be_guessed(sqlite_url: str) -> None:
    async with running_service(sqlite_url, mock_stripe_payments=True) as h:
        await h.say("/start", "Welcome!")
        shop = await h.say("/buy", "Choose a package:")
        await h.press(shop, "buy_100")
        await h.said("Success! Your MOCK purchase was processed.")
        for number in range(5):
            assert "<h1>Thank you</h1>" in await page(h, f"mock_{number}")


async def test_the_cancelled_page_leads_back_to_the_bot(sqlite_url: str) -> None:
    async with running_service(sqlite_url) as h, h.http.get(f"{h.url}/payment-cancelled") as answer:
        shown = await answer.text()
        assert answer.status == 200
        assert "<h1>Payment cancelled</h1>" in shown
        assert "Nothing was charged." in shown
        assert 'href="https://t.me/sandbox_bot"' in shown


async def test_a_page_brings_its_style_and_its_icon(sqlite_url: str) -> None:
    async with running_service(sqlite_url) as h:
        shown = await page(h, "cs_test_1")
        links = re.findall(r'<link [^>]*href="(/[^"]+)"', shown)
        assert links
        for link in links:
            async with h.http.get(h.url + link) as answer:
                assert (link, answer.status) == (link, 200)


async def test_the_page_has_words_for_every_state_of_a_purchase(sqlite_url: str) -> None:
    async with running_service(sqlite_url) as h:
        session = await checkout(h)
        for state in PurchaseState:
            await asyncio.to_thread(_set_state, sqlite_url, state)  # beside the service, which may be writing
            assert "<h1>" in await page(h, session["id"])


def _set_state(sqlite_url: str, state: PurchaseState) -> None:
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite://"), timeout=20)) as file:
        file.execute("UPDATE purchase SET state = ?", (state.value,))
        file.commit()
