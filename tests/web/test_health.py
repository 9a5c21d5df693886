"""Liveness and readiness, and no sandbox outside of the demo."""

import asyncio
import os
import signal
import socket
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp

from tests import programs
from tests.makers import RunningService, free_port, running_service
from tests.providers.raw_server import Reader, Writer, joined, listening

RUN = Path(__file__).parents[2] / "run.py"


async def ready(h: RunningService) -> tuple[int, dict[str, object]]:
    async with h.http.get(f"{h.url}/readyz") as answer:
        return answer.status, await answer.json()


async def test_it_is_alive_and_ready(database_url: str) -> None:
    async with running_service(database_url) as h:
        async with h.http.get(f"{h.url}/healthz") as answer:
            assert (answer.status, await answer.json()) == (200, {"status": "ok"})
        assert await ready(h) == (200, {"status": "ready"})


async def test_without_its_database_it_is_alive_but_not_ready_and_recovers(postgres_url: str) -> None:
    parts = urlsplit(postgres_url)
    folder = parse_qs(parts.query)["host"][0]
    there, links = {"is": True}, set[asyncio.Task[None]]()

    async def relay(reader: Reader, writer: Writer) -> None:
        if not there["is"]:
            return
        task = asyncio.current_task()
        assert task
        links.add(task)
        await joined(reader, writer, *await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432"))

    async with (
        listening(relay) as address,
        running_service(f"postgres://postgres@{address}{parts.path}") as h,
    ):
        assert await ready(h) == (200, {"status": "ready"})
        there["is"] = False
        for link in links:
            link.cancel()
        for _ in range(3):
            assert await ready(h) == (503, {"status": "not ready", "failing": ["database"]})
            async with h.http.get(f"{h.url}/healthz") as answer:
                assert answer.status == 200
        there["is"] = True
        while await ready(h) != (200, {"status": "ready"}):  # noqa: ASYNC110 -- seen from outside alone
            await asyncio.sleep(0.1)


async def test_serve_has_no_demo_pages_and_stops_cleanly(sqlite_url: str, tmp_path: Path) -> None:
    port = free_port()
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {
        "TELEGRAM_BOT_TOKEN": "123456:abcdefgh",
        "TELEGRAM_API_BASE": f"http://127.0.0.1:{free_port()}",  # nobody there
        "STRIPE_SECRET_KEY": "sk_test_x",
        "STRIPE_WEBHOOK_SECRET": "whsec_x",
        "STRIPE_API_BASE": f"http://127.0.0.1:{free_port()}",
        "DATABASE_URL": sqlite_url,
        "PORT": str(port),
    }
    serve = await programs.start(str(RUN), folder=tmp_path, environment=environment)
    try:
        async with aiohttp.ClientSession() as http:
            while not await _listens(port):  # noqa: ASYNC110 -- as above
                await asyncio.sleep(0.05)
            for path in (
                "/demo",
                "/demo/",
                "/demo/events",
                "/sandbox/stripe/v1/events",
                "/sandbox/stripe/pay/cs_test_1",
                "/sandbox/",
                "/v1/checkout/sessions",
                "/pay/cs_test_1",
                "/operator/",
                "/api/v1/telegram-webhook",
            ):
                for method in ("GET", "POST"):
                    async with http.request(method, f"http://127.0.0.1:{port}{path}") as answer:
                        assert (path, answer.status) == (path, 404)
            async with http.get(f"http://127.0.0.1:{port}/readyz") as answer:
                assert answer.status == 200
            async with http.get(f"http://127.0.0.1:{port}/payment-success") as answer:
                assert "go back to the chat" in await answer.text()  # Telegram has not told its name
        serve.send_signal(signal.SIGTERM)
        said = b"".join(await serve.communicate())
        assert serve.returncode == 0
        assert b"Traceback" not in said
        assert b"abcdefgh" not in said
    finally:
        if serve.returncode is None:
            serve.kill()
            await serve.wait()


async def _listens(port: int) -> bool:
    def connects() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    return await asyncio.to_thread(connects)
