"""Something breaks every minute: a process, a connection, Stripe, Telegram, or somebody's manners."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import asyncpg

from bot_platform.sandbox.telegram_world import Fault
from tests.reliability.fleet import Fleet
from tests.reliability.platforms import Surroundings

MINUTE = 60.0
RUBBISH = 50


class Trouble:
    """Makes it, one kind after the other, so that each comes in the middle of its minute."""

    def __init__(self, w: Surroundings, fleet: Fleet, minutes: float) -> None:
        self._w, self._fleet, self._minutes = w, fleet, minutes
        self._ports = itertools.cycle(fleet.processes)
        self.made: list[str] = []

    async def every_minute(self) -> None:
        """Make trouble until the day is over; the last part of it is quiet."""
        kinds = [
            self._kill,
            self._telegram_down,
            self._stripe_stumbles,
            self._connections_cut,
            self._replace,
            self._telegram_slow,
            self._stripe_slow,
            self._rubbish,
        ]
        pause = min(MINUTE, self._minutes * MINUTE / 4)
        await asyncio.sleep(pause / 2)
        for kind in itertools.islice(itertools.cycle(kinds), int(self._minutes * MINUTE / pause)):
            await self._make(kind)
            await asyncio.sleep(pause)

    async def _make(self, kind: Callable[[], Awaitable[object]]) -> None:
        self.made.append(kind.__name__.strip("_"))
        await kind()

    async def _kill(self) -> None:
        await self._fleet.kill(next(self._ports))

    async def _replace(self) -> None:
        await self._fleet.replace(next(self._ports))

    async def _telegram_down(self) -> None:
        self._w.telegram.fail("*", Fault(code=502, description="Bad Gateway", times=40))

    async def _telegram_slow(self) -> None:
        self._w.telegram.fail("sendMessage", Fault(delay=3.0, times=20))

    async def _stripe_stumbles(self) -> None:
        for _ in range(5):  # within what one call tries again
            self._w.stripe.faults.answer("/v1/checkout/sessions", 500, times=1)
            self._w.stripe.faults.drop_connection("/v1/checkout/sessions", after_execution=True)
            await asyncio.sleep(2)

    async def _stripe_slow(self) -> None:
        self._w.stripe.faults.delay("/v1/checkout/sessions", 2.0, times=20)

    async def _connections_cut(self) -> None:
        if not self._w.database_url.startswith("postgres"):
            await self._kill()  # SQLite has no connection to lose
            return
        ours = await asyncpg.connect(self._w.database_url)
        try:
            await ours.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
        finally:
            await ours.close()

    async def _rubbish(self) -> None:
        for n in range(RUBBISH):
            async with self._w.http.post(f"{self._w.url}/api/v1/stripe-webhook", data=b"{" * n) as answer:
                await answer.read()
