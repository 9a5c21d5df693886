"""Whatever is sent to whichever route: never a 5xx, never a traceback, and the service goes on selling."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot_platform.demo import DemoSettings
from tests.reliability import books
from tests.reliability.conftest import Size
from tests.reliability.odd_requests import BUYERS, ROUTES, Asked, requests, sweep
from tests.reliability.odd_values import STRIPE, TELEGRAM
from tests.reliability.platforms import Delivery, surroundings
from tests.reliability.raw_client import Client
from tests.reliability.report import Report

AT_ONCE = 8
BATCH = 50  # requests in one example
NOT_IMPLEMENTED = 501  # of a transfer encoding that nobody uses: RFC 9112 asks for it
TRACES = (b"Traceback", b'File "', b".py")


async def _send(client: Client, batch: Sequence[Asked], seen: Counter[int]) -> list[str]:
    waiting, wrong = iter(batch), list[str]()

    async def worker() -> None:
        for asked in waiting:
            try:
                status, body = await client.ask(asked)
            except (OSError, asyncio.IncompleteReadError, ValueError) as fault:
                wrong.append(f"{type(fault).__name__} on {asked.short()}")
                continue
            seen[status] += 1
            broke = status >= 500 and not (asked.ends and status == NOT_IMPLEMENTED)
            if broke or any(trace in body for trace in TRACES):
                wrong.append(f"{status} {body[:300]!r} on {asked.short()}")

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return wrong


def _examples(number: int, secret: str, send: Callable[[Sequence[Asked]], None]) -> None:
    """Draw batches of requests and send them; nothing is shrunk, as each fault names its request."""

    @settings(
        max_examples=number,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(requests(secret), min_size=BATCH, max_size=BATCH))
    def one(batch: Sequence[Asked]) -> None:
        send(batch)

    one()


@pytest.mark.timeout(1800)
async def test_no_request_whatever_breaks_the_service(database_url: str, size: Size, report: Report) -> None:
    number = size(small=750, full=50_000)
    report.plan(number, "requests")
    assert {STRIPE, TELEGRAM, "/payment-success", "/readyz"} <= set(ROUTES)
    webhook: dict[str, Any] = {"telegram_mode": "webhook", "webapp_url": "https://bot.example"}
    seen, wrong = Counter[int](), list[str]()
    async with surroundings(database_url, **webhook) as w:
        await books.prepare(database_url, range(BUYERS + 1))
        platform = w.start()
        await w.ready()
        client, loop = Client(w.settings["port"]), asyncio.get_running_loop()

        def send(batch: Sequence[Asked]) -> None:
            faults = asyncio.run_coroutine_threadsafe(_send(client, batch, seen), loop).result()
            wrong.extend(faults)
            report.did(len(batch))
            report.wrong += len(faults)

        wrong += await _send(client, sweep(), seen)
        begun = time.monotonic()
        secret = DemoSettings(**w.settings).telegram_secret
        try:
            await asyncio.to_thread(_examples, number // BATCH, secret, send)
        finally:
            await client.close()
        report.note = (
            f"{report.done / (time.monotonic() - begun):.0f} a second, {len(seen)} different answers"
        )
        assert not wrong, "\n".join(wrong[:20])
        assert platform.is_alive()
        await w.ready()
        await Delivery(books.paid(BUYERS)).until_taken(w.http, w.url)
        report.right(await books.not_credited_once(database_url, [BUYERS]))
        report.right(await books.faults(database_url))
        assert seen[200] > number // 5, seen
        assert seen[400] > number // 100, seen
