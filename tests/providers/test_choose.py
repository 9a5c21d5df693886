"""The provider, and the proxy on the way to it, are chosen by the settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramNetworkError
from aiohttp import web

from bot_platform.demo import DemoSettings
from bot_platform.domain.checkout import CheckoutPage, PaymentConfirmed, PaymentProvider
from bot_platform.domain.checkout_orders import CheckoutOrder
from bot_platform.domain.packages import BUILT_IN
from bot_platform.providers import choose
from bot_platform.providers.mock import MockPayments
from bot_platform.runtime.services import real_world
from tests.makers import free_port, session_event, signed
from tests.providers.raw_server import Proxy, http_proxy, socks5_proxy
from tests.sandbox.stripe_world import KEY, world

ORDER = CheckoutOrder(7, 9, BUILT_IN.packages[0], 1, datetime.now(UTC))
PROXIES = [http_proxy, socks5_proxy]


def settings(**changed: Any) -> DemoSettings:
    given: dict[str, Any] = {
        "telegram_bot_token": "123456:abcdefgh",
        "stripe_secret_key": KEY,
        "stripe_webhook_secret": "whsec_a, whsec_b",
    }
    return DemoSettings(**(given | changed))


def selling(chosen: DemoSettings) -> PaymentProvider:
    """Return the provider that sells."""
    return next(iter(choose.providers(chosen).values()))


async def test_the_mock_confirms_at_once_without_a_call() -> None:
    provider = selling(settings(mock_stripe_payments=True, stripe_api_base="http://127.0.0.1:9"))
    first, second = await provider.open(ORDER), await provider.open(ORDER)
    assert isinstance(first, PaymentConfirmed)
    assert first == second  # asked twice, it is one payment
    assert (first.amount, first.charged, first.currency) == (500, 500, "usd")
    assert (first.checkout.provider, first.checkout.purchase_id) == ("mock", 7)
    assert await provider.lines(first.checkout) == ()
    await provider.close()


def test_without_a_key_there_is_only_the_mock() -> None:
    (chosen,) = choose.providers(settings(mock_stripe_payments=True, stripe_secret_key=None)).values()
    assert isinstance(chosen, MockPayments)


@pytest.mark.parametrize(("mock", "order"), [(True, ["mock", "stripe"]), (False, ["stripe", "mock"])])
def test_a_payment_from_before_a_switch_can_still_be_refunded(order: list[str], *, mock: bool) -> None:
    assert list(choose.providers(settings(mock_stripe_payments=mock))) == order


@pytest.mark.parametrize("mock", [False, True])
@pytest.mark.parametrize("secret", ["whsec_a", "whsec_b"])
def test_events_are_read_under_every_secret_and_under_the_mock_too(secret: str, *, mock: bool) -> None:
    reader = choose.events(settings(mock_stripe_payments=mock))
    body = b'{"id": "evt_1", "type": "x", "data": {"object": {}}}'
    assert reader.read(body, signed(body, secret)).key == "stripe:evt_1"


def test_the_mode_of_the_key_is_the_mode_of_events() -> None:
    reader = choose.events(settings(stripe_secret_key="sk_live_x"))
    event = (
        str(session_event(livemode=True)).replace("'", '"').replace("True", "true").replace("None", "null")
    )
    body = event.encode()
    assert isinstance(reader.read(body, signed(body, "whsec_a")).news, PaymentConfirmed)


@pytest.mark.parametrize("proxied", PROXIES)
async def test_stripe_is_called_through_the_proxy_of_the_settings(proxied: Any) -> None:
    async with world() as w, proxied() as proxy:
        provider = selling(settings(stripe_api_base=w.url, proxy_url=proxy.url))
        assert isinstance(await provider.open(ORDER), CheckoutPage)
        await provider.close()
        assert proxy.asked_for == [w.url.removeprefix("http://")]


@asynccontextmanager
async def bot_api() -> AsyncIterator[str]:
    """Run a Bot API that knows who the bot is."""

    async def get_me(_: web.Request) -> web.Response:
        me = {"id": 123456, "is_bot": True, "first_name": "Bot", "username": "a_bot"}
        return web.json_response({"ok": True, "result": me})

    app = web.Application()
    app.router.add_post("/bot123456:abcdefgh/getMe", get_me)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


async def introduced(**changed: Any) -> str | None:
    chosen = settings(**changed)
    bot = Bot(chosen.telegram_bot_token.get_secret_value(), session=real_world(chosen).telegram)
    try:
        return (await bot.get_me(request_timeout=5)).username
    finally:
        await bot.session.close()


@pytest.mark.parametrize("proxied", PROXIES)
async def test_telegram_is_called_through_the_proxy_of_the_settings(proxied: Any) -> None:
    async with bot_api() as api, proxied() as proxy:
        used: Proxy = proxy
        assert await introduced(telegram_api_base=api, proxy_url=used.url) == "a_bot"
        assert used.asked_for == [api.removeprefix("http://")]


async def test_without_a_proxy_telegram_is_reached_directly() -> None:
    async with bot_api() as api:
        assert await introduced(telegram_api_base=api) == "a_bot"


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_proxy_that_is_down_is_a_network_error_that_is_tried_again(scheme: str) -> None:
    with pytest.raises(TelegramNetworkError):
        await introduced(proxy_url=f"{scheme}://127.0.0.1:{free_port()}")
