"""Clients that hang up in the middle of a request harm nobody."""

import asyncio
import json

from tests.makers import BUYER, RunningService, running_service, session_event, signed


async def _post_and_leave(h: RunningService, body: bytes, after: float) -> None:
    """Post a signed event over a raw connection, and cut it `after` seconds later."""
    port = h.settings.port
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        f"POST /api/v1/stripe-webhook HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
        f"Stripe-Signature: {signed(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
    await asyncio.sleep(after)
    writer.transport.abort()


async def test_after_20_rounds_of_20_clients_that_hang_up_the_next_purchase_works(database_url: str) -> None:
    async with running_service(database_url) as h:
        await h.say("/start", "Welcome!")
        shop = await h.say("/buy", "Choose a package:")
        for round_ in range(20):
            events = [
                session_event(id_=f"evt_{round_}_{n}", client_reference_id="12345", payment_status="unpaid")
                for n in range(20)
            ]
            await asyncio.gather(
                *(
                    _post_and_leave(h, json.dumps(event).encode(), after=0.0005 * n)
                    for n, event in enumerate(events)
                )
            )
        await h.press(shop, "buy_100")
        linked = await h.said("Please complete your purchase")
        await h.stripe.pay(linked["reply_markup"]["inline_keyboard"][0][0]["url"].rpartition("/")[2])
        await h.said("Payment received: 100.00 credits added. Balance: 100.00 credits.")
        async with h.http.get(f"{h.url}/readyz") as ready:
            assert ready.status == 200


async def test_half_a_request_and_a_hang_up_end_at_once(database_url: str) -> None:
    async with running_service(database_url) as h:
        for _ in range(50):
            _, writer = await asyncio.open_connection("127.0.0.1", h.settings.port)
            writer.write(b"POST /api/v1/stripe-webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\n{")
            await writer.drain()
            writer.transport.abort()
        await h.say("/start", "Welcome!", BUYER)


async def test_a_payment_whose_teller_hung_up_is_credited(database_url: str) -> None:
    async with running_service(database_url) as h:
        await h.say("/start", "Welcome!")
        shop = await h.say("/buy", "Choose a package:")
        await h.press(shop, "buy_100")
        linked = await h.said("Please complete your purchase")
        session = linked["reply_markup"]["inline_keyboard"][0][0]["url"].rpartition("/")[2]
        body = json.dumps(session_event(id=session)).encode()
        await _post_and_leave(h, body, after=0)
        await h.said("Payment received: 100.00 credits added. Balance: 100.00 credits.")
