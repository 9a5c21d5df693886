"""How quick the webhook is beside an empty POST in the same run: `make bench`."""

import asyncio
import itertools
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
from hypercorn.asyncio import serve
from hypercorn.config import Config
from quart import Quart

from bot_platform.infra import logs
from tests.makers import (
    BUYER,
    RunningService,
    eventually,
    link_of,
    running_service,
    session_event,
    signed_post,
)
from tests.sandbox.stripe_world import listen

REQUESTS, AT_ONCE = 1500, 32


async def _rate(post: Callable[[int], Awaitable[object]]) -> float:
    """Measure requests a second, `AT_ONCE` of them under way."""
    numbers = itertools.count()

    async def client() -> None:
        while (number := next(numbers)) < REQUESTS:
            await post(number)

    begun = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(AT_ONCE)))
    return REQUESTS / (time.perf_counter() - begun)


async def _empty(http: aiohttp.ClientSession) -> float:
    app = Quart("empty")

    @app.post("/")
    async def nothing() -> str:
        return ""

    listening, url = listen()
    config = Config()
    config.bind = [f"fd://{listening.detach()}"]
    config.errorlog = None
    stop = asyncio.Event()
    serving = asyncio.create_task(serve(app, config, shutdown_trigger=stop.wait))

    async def post(_: int) -> None:
        async with http.post(url, data=json.dumps(session_event())) as answer:
            await answer.read()

    rate = await _rate(post)
    stop.set()
    await serving
    return rate


async def _payment_to_message(h: RunningService) -> list[float]:
    """Measure seconds from a paid event's arrival to the receipt in the chat."""
    shop = await h.say("/start", "Welcome!")
    seconds = []

    def links() -> list[dict[str, Any]]:
        return [m for m in h.telegram.messages(BUYER.id) if "Please complete your purchase" in m["text"]]

    for bought in range(1, 31):
        await h.press(shop, "buy_100")
        linked = await eventually(links)
        event = session_event(id_=f"evt_{bought}", id=link_of(linked[-1]).rpartition("/")[2])
        begun = time.perf_counter()
        await signed_post(h.http, h.url, event)
        await h.said(f"Balance: {bought}00.00 credits.")
        seconds.append(time.perf_counter() - begun)
        await eventually(lambda: not links())
    return sorted(seconds)


async def main() -> None:
    """Print ratios to an empty POST, and the way of a payment in milliseconds."""
    folder = Path(tempfile.mkdtemp())
    async with running_service(f"sqlite://{folder / 'bench.db'}") as h:
        seconds = await _payment_to_message(h)
        empty = await _empty(h.http)

        async def ignored(number: int) -> None:
            await signed_post(h.http, h.url, session_event("invoice.paid", id_=f"evt_i{number}"))

        async def kept(number: int) -> None:
            event = session_event("checkout.session.expired", id_=f"evt_k{number}", id=f"cs_{number}")
            await signed_post(h.http, h.url, event)

        async def repeated(_: int) -> None:
            await signed_post(h.http, h.url, session_event(id_="evt_1"))

        for name, post in {"ignored": ignored, "kept": kept, "repeated": repeated}.items():
            print(f"{name:10} {await _rate(post) / empty:5.2f} of an empty POST ({empty:.0f}/s)")  # noqa: T201
    median, last = seconds[len(seconds) // 2] * 1000, seconds[-1] * 1000
    print(f"payment -> message: median {median:.0f} ms, slowest of {len(seconds)} {last:.0f} ms")  # noqa: T201


if __name__ == "__main__":
    logs.set_up("ERROR", "console")
    asyncio.run(main())
