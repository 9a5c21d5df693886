"""The service as it is run: `run.py` in a process of its own, aiogram and Stripe's client over real HTTP."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot_platform.sandbox.stripe import LocalStripe
from bot_platform.sandbox.telegram_world import SANDBOX_TOKEN, Fault, TelegramWorld
from tests import programs
from tests.makers import BUYER, SECRET_KEY, WEBHOOK_SECRET, eventually, free_port, link_of, session_event
from tests.programs import Program
from tests.sandbox.stripe_world import listen, serving
from tests.stories.over_http import service_over_http
from tests.work.service_with_model import words

ROOT = Path(__file__).parents[2]
LOOK_SECONDS = 0.03  # of real time between two looks at another process
MENU = {"start", "buy", "balance", "history", "help", "paysupport", "support", "terms", "privacy"}
MENU |= {"ask", "build", "jobs", "cancel", "new", "forget"}


@dataclass
class Outside:
    """A service, a Bot API server and a local Stripe: three servers on three ports."""

    url: str
    telegram: str
    stripe: LocalStripe
    http: aiohttp.ClientSession
    service: Program
    environment: dict[str, str]

    async def control(self, verb: str, **sent: Any) -> Any:
        """Tell the Bot API server what happens."""
        async with self.http.post(f"{self.telegram}/control/{verb}", json=sent) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def messages(self) -> list[dict[str, Any]]:
        """List what stands in the buyer's chat."""
        async with self.http.get(f"{self.telegram}/control/messages", params={"chat_id": BUYER.id}) as answer:
            messages: list[dict[str, Any]] = await answer.json()
            return messages

    async def log(self, method: str) -> list[dict[str, Any]]:
        """List the bot's calls of one method."""
        async with self.http.get(f"{self.telegram}/control/log", params={"method": method}) as answer:
            calls: list[dict[str, Any]] = await answer.json()
            return calls

    async def said(self, text: str) -> dict[str, Any]:
        """Wait until the bot has said it, in a text, a caption or the name of a file."""
        while True:
            for message in await self.messages():
                if text in words(message) and message["from"]["is_bot"]:
                    return message
            await asyncio.sleep(LOOK_SECONDS)

    async def say(self, text: str, answer: str) -> dict[str, Any]:
        """Say something and wait for the answer."""
        await self.control("say", user=BUYER.id, text=text)
        return await self.said(answer)

    async def press(self, message: dict[str, Any], data: str) -> None:
        """Press a button."""
        await self.control("press", user=BUYER.id, message_id=message["message_id"], data=data)


@asynccontextmanager
async def process(*command: str, ready: str, **environment: str) -> AsyncIterator[tuple[Program, str]]:
    """Run a program until the block ends; gives the first line that contains `ready`."""
    clean = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    started = await programs.start(*command, folder=ROOT, environment=clean | environment)
    errors = asyncio.create_task(started.stderr.read())
    try:
        while ready not in (line := (await started.stdout.readline()).decode()):
            assert line, f"it ended before it was ready: {(await errors).decode()}"
        drain = asyncio.create_task(started.stdout.read())
        yield started, line
        if started.returncode is None:
            started.terminate()
        await started.wait()
        await asyncio.gather(drain, errors)
    finally:
        if started.returncode is None:
            started.kill()
            await started.wait()


@asynccontextmanager
async def outside(
    database_url: str, *, mode: str = "polling", mock: bool = False, **settings: str
) -> AsyncIterator[Outside]:
    """Start all three; `mode` is how updates come, and `settings` go to the service besides."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    listening, stripe_url = listen()
    stripe = LocalStripe(
        secret_key=SECRET_KEY,
        webhook_secret=WEBHOOK_SECRET,
        webhook_url=f"{url}/api/v1/stripe-webhook",
        public_url="https://checkout.example",
        retry_delays=(0.1, 0.3),
        bank_transfer_delay=0.3,
    )
    bot_api = process("-m", "tests.bot_api_server", "--tunnel", url, ready="port ")
    async with serving(stripe, listening), aiohttp.ClientSession() as http, bot_api as (_, line):
        telegram = f"http://127.0.0.1:{line.split()[1]}"
        environment = {
            "TELEGRAM_BOT_TOKEN": SANDBOX_TOKEN,
            "TELEGRAM_API_BASE": telegram,
            "TELEGRAM_MODE": mode,
            "MOCK_STRIPE_PAYMENTS": str(mock).lower(),
            "STRIPE_SECRET_KEY": SECRET_KEY,
            "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "STRIPE_API_BASE": stripe_url,
            "WEBAPP_URL": "https://bot.example",
            "PORT": str(port),
            "DATABASE_URL": database_url,
        } | settings
        async with process("run.py", ready="Running on", **environment) as (service, _):
            yield Outside(url, telegram, stripe, http, service, environment)


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_a_live_sale_over_real_http(sqlite_url: str, mode: str) -> None:
    async with outside(sqlite_url, mode=mode) as o:
        await o.say("/start", "Welcome!")
        shop = await o.say("/buy", "Choose a package:")
        await o.press(shop, "buy_100")
        linked = await o.said("Please complete your purchase using the link below:")
        assert link_of(linked).startswith("https://checkout.example/pay/cs_test_")
        await o.stripe.pay(link_of(linked).rpartition("/")[2])
        await o.said("Payment received: 100.00 credits added. Balance: 100.00 credits.")
        await o.say("/balance", "Balance: 100.00 credits")
        asked = await o.log("setWebhook" if mode == "webhook" else "getUpdates")
        assert sorted(asked[0]["params"]["allowed_updates"]) == [
            "callback_query",
            "message",
            "pre_checkout_query",
        ]
        commands = (await o.log("setMyCommands"))[0]["params"]["commands"]
        assert {command["command"] for command in commands} == MENU


async def test_sigterm_ends_it_with_0_and_nothing_in_hand_is_lost(database_url: str) -> None:
    async with outside(database_url) as o:
        shop = await o.say("/start", "Welcome!")
        o.stripe.faults.delay("/v1/checkout/sessions", 1.0)
        await o.press(shop, "buy_100")
        await eventually(lambda: any(asked.path == "/v1/checkout/sessions" for asked in o.stripe.requests))
        o.service.send_signal(signal.SIGTERM)
        assert await o.service.wait() == 0
        await o.said("Please complete your purchase using the link below:")


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_what_was_said_while_it_was_down_is_heard_after_the_start(sqlite_url: str, mode: str) -> None:
    world = TelegramWorld(allow_local_urls=True)
    async with service_over_http(sqlite_url, telegram=world, telegram_mode=mode) as h:
        await h.say("/start", "Welcome!")
    world.say(BUYER, "/balance")
    async with service_over_http(sqlite_url, telegram=world, telegram_mode=mode) as h:
        await h.said("Balance: 0.00 credits")


async def test_telegram_going_down_delays_and_loses_nothing(database_url: str) -> None:
    async with service_over_http(database_url) as h:
        shop = await h.say("/start", "Welcome!")
        await h.press(shop, "buy_100")
        linked = await h.said("Please complete your purchase")
        h.telegram.fail("sendMessage", Fault(network_error=True, times=None))
        await h.stripe.pay(link_of(linked).rpartition("/")[2])
        await eventually(lambda: any(call.outcome == "lost" for call in h.telegram.calls))
        await h.clock.pass_time(20)
        assert not any("Payment received" in text for text in h.texts())
        h.telegram.clear_faults()
        await h.said("Payment received: 100.00 credits added.")
        await h.clock.pass_time(20)
        assert sum("Payment received" in text for text in h.texts()) == 1


async def test_an_update_sent_twice_acts_once(sqlite_url: str) -> None:
    async with service_over_http(sqlite_url, telegram_mode="webhook", mock_stripe_payments=True) as h:
        shop = await h.say("/start", "Welcome!")
        await h.press(shop, "buy_100")
        await h.said("New balance: 100.00")
        webhook = h.telegram.updates.webhook
        assert webhook
        update = {
            "update_id": 99,
            "callback_query": {
                "id": "1",
                "from": {"id": BUYER.id, "is_bot": False, "first_name": "Buyer"},
                "message": {"message_id": 1, "date": 0, "chat": {"id": BUYER.id, "type": "private"}},
                "chat_instance": "1",
                "data": "buy_500",
            },
        }
        for _ in range(3):
            headers = {"X-Telegram-Bot-Api-Secret-Token": webhook.secret}
            async with h.http.post(f"{h.url}/api/v1/telegram-webhook", json=update, headers=headers) as taken:
                assert taken.status == 200
        await h.said("New balance: 600.00")
        await h.say("/balance", "Balance: 600.00 credits")


async def test_an_event_posted_50_times_at_once_is_credited_and_told_once(database_url: str) -> None:
    async with service_over_http(database_url) as h:
        shop = await h.say("/start", "Welcome!")
        await h.press(shop, "buy_100")
        session = link_of(await h.said("Please complete your purchase")).rpartition("/")[2]
        event = session_event(id=session)
        answers = await asyncio.gather(*(h.post(event) for _ in range(50)))
        assert answers == [(200, {"status": "success"})] * 50
        await h.said("Payment received: 100.00 credits added. Balance: 100.00 credits.")
        await h.say("/balance", "Balance: 100.00 credits")
        assert sum("Payment received" in text for text in h.texts()) == 1
