"""Platforms in processes of their own, over a Telegram and a Stripe that outlive them."""

import asyncio
import json
import multiprocessing
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import aiohttp
from aiohttp import web

from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from bot_platform.sandbox.stripe import LocalStripe
from bot_platform.sandbox.telegram_rules import FloodLimits
from bot_platform.sandbox.telegram_state import Person
from bot_platform.sandbox.telegram_world import TelegramWorld
from tests.bot_api_server import Server
from tests.makers import BUYER, SECRET_KEY, WEBHOOK_SECRET, eventually, free_port, signed
from tests.reliability.victim import live_until
from tests.sandbox.stripe_world import listen, serving

# Forked from a process that has imported everything, a platform starts in a blink.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.reliability.victim"])

T = TypeVar("T")


@dataclass
class Surroundings:
    """A Telegram, a Stripe, and the settings of platforms that come and go between them."""

    telegram: TelegramWorld
    stripe: LocalStripe
    settings: dict[str, Any]
    http: aiohttp.ClientSession
    processes: list[Any] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the platform listens."""
        return f"http://127.0.0.1:{self.settings['port']}"

    @property
    def database_url(self) -> str:
        """Which database it uses."""
        return str(self.settings["database_url"])

    def start(self, kill_at: int = 0, **changed: Any) -> Any:
        """Start a platform; it kills itself at the given step, or lives."""
        process = PROCESSES.Process(target=live_until, args=(kill_at, self.settings | changed), daemon=True)
        process.start()
        self.processes.append(process)
        return process

    async def ready(self, url: str | None = None, within: float = 30.0) -> None:
        """Wait until a platform says that it can work."""
        async with asyncio.timeout(within):
            while await self._ready(url or self.url) != 200:  # noqa: ASYNC110 -- another process changes it
                await asyncio.sleep(0.02)

    async def _ready(self, url: str) -> int:
        try:
            async with self.http.get(f"{url}/readyz") as answer:
                return answer.status
        except (aiohttp.ClientError, OSError):
            return 0

    async def said(self, text: str, who: Person = BUYER) -> dict[str, Any]:
        """Wait until the bot has said it."""

        def look() -> dict[str, Any] | None:
            found = [m for m in self.telegram.messages(who.id) if text in m["text"] and m["from"]["is_bot"]]
            return found[-1] if found else None

        return await eventually(look)


@asynccontextmanager
async def surroundings(
    database_url: str, *, flood: FloodLimits | None = None, **changed: Any
) -> AsyncIterator[Surroundings]:
    """Serve a Telegram, with its limits or without, and a Stripe; `changed` are settings of the platforms."""
    port, telegram_port = free_port(), free_port()
    listening, stripe_url = listen()
    telegram = TelegramWorld(allow_local_urls=True, allow_local_webhooks=True, flood=flood)
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
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(20)) as http:
        built = Surroundings(telegram, stripe, settings | changed, http)
        try:
            async with serving(stripe, listening):
                yield built
        finally:
            for process in built.processes:
                process.kill()
                await asyncio.to_thread(process.join)
            telegram.close()
            await runner.cleanup()


@dataclass
class Delivery:
    """An event that is posted until it is answered 200; `sent` once a byte of it is on its way."""

    event: dict[str, Any]
    sent: bool = False
    answers: list[int] = field(default_factory=list)

    @property
    def answered(self) -> bool:
        """Whether it was ever taken."""
        return 200 in self.answers

    async def post(self, http: aiohttp.ClientSession, url: str) -> int:
        """Post it once; 0 where no answer came."""
        body = json.dumps(self.event).encode()

        async def whole() -> AsyncIterator[bytes]:
            self.sent = True
            yield body

        headers = {"Stripe-Signature": signed(body), "Content-Length": str(len(body))}
        try:
            async with http.post(f"{url}/api/v1/stripe-webhook", data=whole(), headers=headers) as answer:
                await answer.read()
                status = answer.status
        except (aiohttp.ClientError, OSError):
            status = 0
        self.answers.append(status)
        return status

    async def until_taken(self, http: aiohttp.ClientSession, url: str, pause: float = 0.05) -> None:
        """Post it again and again until it is answered 200."""
        while await self.post(http, url) != 200:  # noqa: ASYNC110 -- another process answers
            await asyncio.sleep(pause)


async def in_database(url: str, act: Callable[[Database], Awaitable[T]]) -> T:
    """Do something in the database beside the platforms that use it."""

    async def opened() -> T:
        database = Database(url)
        await database.open()
        try:
            return await act(database)
        finally:
            await database.close()

    return await asyncio.create_task(opened())


async def let_leases_run_out(url: str) -> None:
    """Pass the time that a dead worker's rows stay leased, without waiting for it."""

    async def pass_time(_: Database) -> None:
        for table in ("event", "notice"):
            await query(f"UPDATE {table} SET lease_until = 0")  # noqa: S608 -- two names of ours

    await in_database(url, pass_time)
