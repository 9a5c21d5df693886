"""The payment page, used without JavaScript."""

import asyncio
from typing import Any

import pytest
from quart import Quart

from bot_platform.sandbox.stripe import LocalStripe
from tests.sandbox.stripe_world import KEY, SECRET, World, world


async def _see(w: World, session: Any) -> str:
    async with w.http.get(f"{w.url}/pay/{session.id}") as answer:
        assert answer.status == 200
        return await answer.text()


async def _press(w: World, session: Any, how: str) -> tuple[int, str]:
    url = f"{w.url}/pay/{session.id}"
    async with w.http.post(url, data={"how": how}, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location", "")


async def test_the_page_shows_the_order_and_that_it_is_a_sandbox() -> None:
    async with world() as w:
        page = await _see(w, await w.open())
        for text in (
            "no money moves",
            "100 credits",
            "Pay $5.00 by card",
            "← Back",
            "http://127.0.0.1:9/cancelled",
        ):
            assert text in page


@pytest.mark.parametrize(
    ("currency", "amount", "written"),
    [("jpy", 1500, "¥1,500"), ("czk", 12050, "CZK 120.50"), ("kwd", 5250, "KWD 5.250")],
)
async def test_amounts_are_formatted_for_their_currency(currency: str, amount: int, written: str) -> None:
    async with world() as w:
        assert f"Pay {written} by card" in await _see(w, await w.open(currency=currency, amount=amount))


async def test_paying_redirects_to_the_shop_with_the_sessions_id() -> None:
    async with world() as w:
        session = await w.open()
        onward = (303, f"http://127.0.0.1:9/success?session_id={session.id}")
        assert await _press(w, session, "card") == onward
        assert "This checkout is paid" in await _see(w, session)


async def test_ten_concurrent_presses_pay_once() -> None:
    async with world() as w:
        session = await w.open()
        answers = await asyncio.gather(*(_press(w, session, "card") for _ in range(10)))
        assert {status for status, _ in answers} == {303}
        assert len(w.local.charges) == 1


async def test_a_declined_card_stays_on_the_page() -> None:
    async with world() as w:
        session = await w.open()
        assert await _press(w, session, "card_declined") == (303, f"/pay/{session.id}")
        page = await _see(w, session)
        assert "Your card was declined." in page
        assert "Pay $5.00 by card" in page


async def test_a_bank_transfer_is_on_its_way_and_then_fails() -> None:
    async with world() as w:
        session = await w.open()
        assert (await _press(w, session, "bank_transfer_fails"))[1].startswith("http://127.0.0.1:9/success")
        assert "Your bank transfer is on its way" in await _see(w, session)
        await w.local.settled()
        assert "The bank transfer failed" in await _see(w, session)


async def test_an_expired_checkout_says_so_and_takes_no_money() -> None:
    async with world() as w:
        session = await w.open()
        assert await _press(w, session, "expire") == (303, f"/pay/{session.id}")
        assert "This checkout has expired" in await _see(w, session)
        await _press(w, session, "card")
        assert w.local.sessions[session.id]["status"] == "expired"
        assert not w.local.charges


async def test_an_unknown_checkout_or_button_is_a_readable_404() -> None:
    async with world() as w:
        session = await w.open()
        async with w.http.get(f"{w.url}/pay/cs_test_nobody") as answer:
            assert answer.status == 404
            assert "There is no such checkout" in await answer.text()
        assert (await _press(w, session, "steal"))[0] == 404


async def test_text_from_the_shop_is_escaped() -> None:
    async with world() as w:
        price = {"currency": "usd", "unit_amount": 500, "product_data": {"name": "<script>alert(1)</script>"}}
        page = await _see(w, await w.open(line_items=[{"price_data": price, "quantity": 1}]))
        assert "<script>" not in page


async def test_it_can_be_mounted_in_an_application_under_a_prefix() -> None:
    local = LocalStripe(
        secret_key=KEY, webhook_secret=SECRET, webhook_url=None, public_url="http://localhost/sandbox/stripe"
    )
    app = Quart(__name__)
    app.register_blueprint(local.blueprint(), url_prefix="/sandbox/stripe")
    client = app.test_client()
    made = await client.post(
        "/sandbox/stripe/v1/checkout/sessions",
        headers={"Authorization": f"Bearer {KEY}"},
        form={
            "mode": "payment",
            "success_url": "http://localhost/ok",
            "line_items[0][price_data][currency]": "usd",
            "line_items[0][price_data][unit_amount]": "500",
            "line_items[0][price_data][product_data][name]": "100 credits",
            "line_items[0][quantity]": "1",
        },
    )
    session = await made.get_json()
    assert session["url"] == f"http://localhost/sandbox/stripe/pay/{session['id']}"
    pressed = await client.post(f"/sandbox/stripe/pay/{session['id']}", form={"how": "card_declined"})
    assert pressed.headers["Location"] == f"/sandbox/stripe/pay/{session['id']}"
