"""A test environment: the local Stripe over TCP, Stripe's real client and a webhook receiver."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import stripe
from aiohttp import web
from hypercorn.asyncio import serve
from hypercorn.config import Config
from stripe import StripeClient

from bot_platform.sandbox.movable_clock import delay
from bot_platform.sandbox.stripe import LocalStripe, standalone
from tests.waiting import moving_clock

KEY = "sk_test_1234567890abcdef1234567890"
SECRET = "whsec_of_the_sandbox"
DELAYS: dict[str, Any] = {"retry_delays": (60.0, 120.0), "bank_transfer_delay": 60.0, "refund_delay": 60.0}


@dataclass
class Receiver:
    """A webhook endpoint: verifies each signature and answers with the next of `statuses`, then with 200.

    A status of 0 closes the connection without an answer.
    """

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    slow: dict[str, float] = field(default_factory=dict)
    got: list[dict[str, Any]] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        signature = request.headers["Stripe-Signature"]
        assert stripe.WebhookSignature.verify_header(body, signature, SECRET, 300)
        event = json.loads(body)
        await delay(self.slow.get(event["type"], 0))
        self.got.append(event)
        self.signatures.append(signature)
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 0 and request.transport is not None:
            request.transport.close()
        return web.Response(status=status or 200)

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.got]


@dataclass(frozen=True)
class World:
    """The objects that a test uses."""

    local: LocalStripe
    client: StripeClient
    http: aiohttp.ClientSession
    receiver: Receiver
    url: str

    @property
    def checkout(self) -> Any:
        return self.client.v1.checkout.sessions

    async def open(self, **params: Any) -> Any:
        """Open a checkout session of 5.00 USD for 100 credits; `params` override the defaults."""
        return await self.checkout.create_async(checkout_params(**params))


def checkout_params(*, currency: str = "usd", amount: int = 500, **params: Any) -> Any:
    product = {"name": "100 credits"}
    price = {"currency": currency, "unit_amount": amount, "product_data": product}
    return {
        "mode": "payment",
        "line_items": [{"price_data": price, "quantity": 1}],
        "success_url": "http://127.0.0.1:9/success?session_id={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://127.0.0.1:9/cancelled",
        **params,
    }


@asynccontextmanager
async def receiving(receiver: Receiver) -> AsyncIterator[Receiver]:
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    receiver.url = f"http://{host}:{port}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@asynccontextmanager
async def serving(local: LocalStripe, listening: socket.socket) -> AsyncIterator[None]:
    config = Config()
    config.bind = [f"fd://{listening.detach()}"]
    config.graceful_timeout = 0.1
    config.errorlog = None
    config.include_date_header = False  # the local Stripe sends its own
    stop = asyncio.Event()
    server = asyncio.create_task(serve(standalone(local), config, shutdown_trigger=stop.wait))
    try:
        yield
    finally:
        stop.set()
        await server


def listen() -> tuple[socket.socket, str]:
    listening = socket.create_server(("127.0.0.1", 0))
    return listening, f"http://127.0.0.1:{listening.getsockname()[1]}"


@asynccontextmanager
async def world(
    *,
    state_file: Path | None = None,
    receiver: Receiver | None = None,
    max_network_retries: int = 0,
    **options: Any,
) -> AsyncIterator[World]:
    """Run a local Stripe; what it does later comes when the test's clock is moved, as `settled` does."""
    stripe.enable_telemetry = False
    listening, url = listen()
    moving_clock()
    options = DELAYS | options
    async with receiving(receiver or Receiver()) as received, aiohttp.ClientSession() as http:
        local = LocalStripe(
            secret_key=KEY,
            webhook_secret=SECRET,
            webhook_url=received.url,
            public_url=url,
            state_file=state_file,
            **options,
        )
        transport = stripe.AIOHTTPClient(timeout=60)
        client = StripeClient(
            KEY, base_addresses={"api": url}, http_client=transport, max_network_retries=max_network_retries
        )
        async with serving(local, listening):
            try:
                yield World(local, client, http, received, url)
            finally:
                await transport.close_async()  # type: ignore[no-untyped-call]
