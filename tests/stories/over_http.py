"""A service that reaches Telegram over real HTTP, beside a Bot API server in the same event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from bot_platform.sandbox.telegram_world import TelegramWorld
from bot_platform.telegram.session import HttpSession
from tests.bot_api_server import Pusher, Server
from tests.makers import RunningService, free_port, running_service
from tests.waiting import moving_clock


@asynccontextmanager
async def bot_api(world: TelegramWorld, service: str) -> AsyncIterator[str]:
    """Serve a Telegram by the Bot API's HTTP; webhooks go to `service`. Gives the address."""
    moving_clock()
    runner = web.AppRunner(Server(world).app(), access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    pushing = asyncio.create_task(Pusher(world, tunnel=service).run())
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        pushing.cancel()
        await asyncio.gather(pushing, return_exceptions=True)
        await runner.cleanup()


@asynccontextmanager
async def service_over_http(
    database_url: str, *, telegram: TelegramWorld | None = None, **changed: Any
) -> AsyncIterator[RunningService]:
    """Run a service that speaks with Telegram and Stripe by HTTP, as in service; `changed` are settings."""
    port, telegram = free_port(), telegram or TelegramWorld(allow_local_urls=True)
    async with bot_api(telegram, f"http://127.0.0.1:{port}") as address:
        session = HttpSession(address, None)
        given: dict[str, Any] = {
            "telegram_api_base": address,
            "webapp_url": "https://bot.example",
            "port": port,
        }
        async with running_service(database_url, telegram=telegram, session=session, **given | changed) as h:
            yield h
