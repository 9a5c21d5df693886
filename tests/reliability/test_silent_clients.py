"""A process that may open few files answers health checks and webhooks beside hundreds of silent clients."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.makers import free_port, session_event, signed_post
from tests.reliability.conftest import Size
from tests.reliability.report import Report

RUN = Path(__file__).parents[2] / "run.py"
FILES = 256
HALF = b"POST /api/v1/stripe-webhook HTTP/1.1\r\nHost: bot\r\nContent-Length: 900\r\n\r\nhalf"


@asynccontextmanager
async def _service(database_url: str, folder: Path) -> AsyncIterator[int]:
    """Run the service in a process of its own with few files; gives its port."""
    port = free_port()
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {
        "TELEGRAM_BOT_TOKEN": "123456:abcdefgh",
        "TELEGRAM_API_BASE": f"http://127.0.0.1:{free_port()}",  # nobody there
        "STRIPE_SECRET_KEY": "sk_test_house",
        "STRIPE_WEBHOOK_SECRET": "whsec_house",
        "STRIPE_API_BASE": f"http://127.0.0.1:{free_port()}",
        "DATABASE_URL": database_url,
        "LOG_LEVEL": "ERROR",
        "PORT": str(port),
    }
    command = f'ulimit -n {FILES}; exec "$0" "$1"'
    process = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", command, sys.executable, str(RUN), cwd=folder, env=environment
    )
    try:
        yield port
    finally:
        process.terminate()
        assert await process.wait() == 0


@pytest.mark.timeout(300)
async def test_half_sent_requests_and_silent_connections_keep_no_webhook_out(
    database_url: str, tmp_path: Path, size: Size, report: Report
) -> None:
    rounds = size(small=1, full=20)
    report.plan(400 * rounds, "half-sent requests")
    slowest, held = 0.0, list[asyncio.StreamWriter]()
    async with _service(database_url, tmp_path) as port, aiohttp.ClientSession() as http:
        url = f"http://127.0.0.1:{port}"
        while not await _is_well(http, url):  # noqa: ASYNC110 -- another process
            await asyncio.sleep(0.1)
        for turn in range(rounds):
            for number in range(400):
                with contextlib.suppress(ConnectionError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.write(HALF if number % 4 else b"")
                    held.append(writer)
                report.did()
            for again in range(5):
                begun = time.monotonic()
                assert await _is_well(http, url)
                status, _ = await signed_post(
                    http,
                    url,
                    session_event("checkout.session.expired", id_=f"evt_{turn}_{again}", id="cs_none"),
                )
                assert status == 200
                slowest = max(slowest, time.monotonic() - begun)
        for writer in held:
            writer.transport.abort()
        report.note = f"the slowest health check and webhook together: {slowest:.2f} s"


async def _is_well(http: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with http.get(f"{url}/healthz", headers={"Connection": "close"}) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False
