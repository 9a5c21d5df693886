"""Killed by SIGKILL between any two steps of a purchase and started again: nothing lost, nothing doubled."""

import asyncio
import itertools
import multiprocessing
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from bot_platform.database import Database
from bot_platform.domain import ledger, users
from bot_platform.sandbox.stripe import LocalStripe
from bot_platform.sandbox.telegram_world import TelegramWorld
from bot_platform.sql import query
from tests.bot_api_server import Server
from tests.makers import BUYER, SECRET_KEY, WEBHOOK_SECRET, FreshDatabase, eventually, free_port, link_of
from tests.reliability.victim import live_until
from tests.sandbox.stripe_world import listen, serving

# Forked from a process that has imported everything, a platform starts in a blink.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.reliability.victim"])

TOGETHER = 4  # worlds side by side
FEWEST_STEPS = 40  # a sale has many more; fewer would mean that nothing is killed


@dataclass
class World:
    """A Telegram and a Stripe that outlive the platform, which dies once and is started again."""

    telegram: TelegramWorld
    stripe: LocalStripe
    settings: dict[str, Any]
    kill_at: int
    died: bool = False
    process: Any = None
    keeper: Any = field(default=None, repr=False)

    async def keep_alive(self) -> None:
        """Start the platform; when it dies, let its leases run out and start it for good."""
        self.process = PROCESSES.Process(target=live_until, args=(self.kill_at, self.settings), daemon=True)
        self.process.start()
        await eventually(lambda: not self.process.is_alive(), within=60)
        self.died = True
        await _let_leases_run_out(self.settings["database_url"])
        self.process = PROCESSES.Process(target=live_until, args=(0, self.settings), daemon=True)
        self.process.start()

    async def said(self, text: str) -> dict[str, Any]:
        """Wait until the bot has said it."""

        def look() -> dict[str, Any] | None:
            found = [m for m in self.telegram.messages(BUYER.id) if text in m["text"] and m["from"]["is_bot"]]
            return found[-1] if found else None

        return await eventually(look, within=30)


async def _let_leases_run_out(url: str) -> None:
    """Pass the time that a dead worker's rows stay leased, without waiting for it."""

    async def pass_time() -> None:
        database = Database(url)
        await database.open()
        try:
            for table in ("event", "notice"):
                await query(f"UPDATE {table} SET lease_until = 0")  # noqa: S608 -- two names of ours
        finally:
            await database.close()

    await asyncio.create_task(pass_time())


@asynccontextmanager
async def world(database_url: str, kill_at: int, *, mock: bool) -> AsyncIterator[World]:
    """Set up the outside and a platform that will be killed at the given step."""
    port, telegram_port = free_port(), free_port()
    listening, stripe_url = listen()
    telegram = TelegramWorld(allow_local_urls=True)
    stripe = LocalStripe(
        secret_key=SECRET_KEY,
        webhook_secret=WEBHOOK_SECRET,
        webhook_url=f"http://127.0.0.1:{port}/api/v1/stripe-webhook",
        public_url="https://pay.example",
        retry_delays=(0.05, 0.1, 0.2),
    )
    settings = {
        "telegram_bot_token": telegram.token,
        "telegram_api_base": f"http://127.0.0.1:{telegram_port}",
        "mock_stripe_payments": mock,
        "stripe_secret_key": SECRET_KEY,
        "stripe_webhook_secret": WEBHOOK_SECRET,
        "stripe_api_base": stripe_url,
        "webapp_url": f"http://127.0.0.1:{port}",
        "port": port,
        "database_url": database_url,
    }
    runner = web.AppRunner(Server(telegram).app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", telegram_port).start()
    built = World(telegram, stripe, settings, kill_at)
    keeper = asyncio.create_task(built.keep_alive())
    try:
        async with serving(stripe, listening):
            yield built
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        if built.process:
            built.process.kill()
            await asyncio.to_thread(built.process.join)
        telegram.close()
        await runner.cleanup()


async def _books(url: str) -> tuple[int, int, int]:
    """Read the buyer's balance, their entries, and the paid purchases."""

    async def read() -> tuple[int, int, int]:
        database = Database(url)
        await database.open()
        try:
            user = await users.find(BUYER.id)
            assert user
            account = await ledger.find_account(user.id)
            (paid,) = await query("SELECT COUNT(*) AS n FROM purchase WHERE state = 'paid'")
            return account.balance, account.seq, paid["n"]
        finally:
            await database.close()

    return await asyncio.create_task(read())


async def _buy_through_a_kill(url: str, kill_at: int, *, mock: bool) -> bool:
    """Buy once from a platform that dies at the given step; False when it lived to the end."""
    async with world(url, kill_at, mock=mock) as w:
        w.telegram.say(BUYER, "/start")
        shop = await w.said("Welcome")
        w.telegram.press(BUYER, shop["message_id"], "buy_100")
        if mock:
            receipt = "Success! Your MOCK purchase was processed. New balance: 100.00"
        else:
            receipt = "Payment received: 100.00 credits added. Balance: 100.00 credits."
            linked = await w.said("Please complete your purchase")
            await w.stripe.pay(link_of(linked).rpartition("/")[2])
        await w.said(receipt)
        w.telegram.say(BUYER, "/balance")
        await w.said("Balance: 100.00 credits")
        assert await _books(url) == (10_000, 1, 1), f"killed at step {kill_at}"
        told = [m for m in w.telegram.messages(BUYER.id) if m["text"] == receipt]
        assert 1 <= len(told) <= 1 + w.died, "a message may be said twice only if its sending was cut"
        return w.died


@pytest.mark.timeout(900)
@pytest.mark.parametrize("mock", [True, False], ids=["mock", "live"])
async def test_a_purchase_survives_a_kill_at_any_step(fresh_database: FreshDatabase, *, mock: bool) -> None:
    steps = itertools.count(1)
    killed = 0

    async def next_steps() -> None:
        nonlocal killed
        for step in steps:
            async with fresh_database() as url:
                if not await _buy_through_a_kill(url, step, mock=mock):
                    return
            killed += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(TOGETHER):
            group.create_task(next_steps())
    print(f"killed at each of {killed} steps")  # noqa: T201 -- the size, with pytest -s
    assert killed > FEWEST_STEPS
