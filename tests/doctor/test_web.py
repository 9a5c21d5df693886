"""Whether the service runs and is reached, each answer turned bad."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from yarl import URL

from bot_platform.doctor.report import Finding, Verdict
from bot_platform.doctor.web import Web
from tests.doctor.makers import ERROR, OK, SKIPPED, WARNING, found, settings
from tests.makers import free_port, house

ELSEWHERE = "0x7f000001"  # this machine as one number: it needs no resolver, and looks like no local name


@asynccontextmanager
async def answering(**pages: Any) -> AsyncIterator[int]:
    """Answer `/healthz` and `/readyz`: JSON with 200, or a (status, JSON), or an address to go to."""

    def page(says: Any) -> Any:
        async def answer(_: web.Request) -> web.StreamResponse:
            if isinstance(says, URL):
                raise web.HTTPMovedPermanently(says)
            if isinstance(says, bytes):
                return web.Response(body=says)
            status, body = says if isinstance(says, tuple) else (200, says)
            return web.json_response(body, status=status)

        return answer

    app = web.Application()
    for name, says in pages.items():
        app.router.add_get(f"/{name}", page(says))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def look(**changed: Any) -> dict[str, Finding]:
    return await found(Web(settings(**changed)).parties())


OURS: dict[str, Any] = {"healthz": {"status": "ok"}, "readyz": {"status": "ready"}}


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])  # noqa: S104 -- where a container listens
async def test_a_service_that_runs_is_well(host: str) -> None:
    async with answering(**OURS) as port:
        line = (await look(host=host, port=port))["service"]
        assert (line.verdict, line.says) == (OK, f"runs at http://127.0.0.1:{port}")


async def test_the_real_service_is_known_by_its_answers(sqlite_url: str) -> None:
    async with house(sqlite_url) as h:
        lines = await found(Web(h.settings).parties())
        assert lines["service"].verdict is OK
        assert lines["WEBAPP_URL"].verdict is WARNING


async def test_a_service_that_does_not_run_is_a_warning() -> None:
    port = free_port()
    line = (await look(port=port))["service"]
    assert (line.verdict, line.says) == (WARNING, f"nothing answers at http://127.0.0.1:{port}")
    assert "python run.py" in line.fix


async def test_a_service_that_is_not_ready_says_what_is_not() -> None:
    sick = OURS | {"readyz": (503, {"status": "not ready", "failing": ["database"]})}
    async with answering(**sick) as port:
        line = (await look(port=port))["service"]
        assert line.verdict is WARNING
        assert "is not ready: database" in line.says


@pytest.mark.parametrize("says", [{"hello": "world"}, b"<html>", b"[" * 9999, (500, {}), (599, [])])
async def test_another_program_on_our_port_is_told(says: Any) -> None:
    async with answering(healthz=says) as port:
        line = (await look(port=port))["service"]
        assert line.verdict is WARNING
        assert "another program" in line.says
        assert "PORT" in line.fix


@pytest.mark.parametrize("mock", [True, False])
@pytest.mark.parametrize("url", ["http://localhost:8000", "http://127.0.0.1", "https://bot.localhost"])
async def test_a_local_address_is_a_warning(url: str, *, mock: bool) -> None:
    line = (await look(webapp_url=url, mock_stripe_payments=mock, port=free_port()))["WEBAPP_URL"]
    assert line.verdict is WARNING
    assert ("enough for the mock" in line.says) == mock
    assert "public https address" in line.fix


async def test_a_public_address_without_https_is_an_error_with_a_live_key() -> None:
    changed = {"webapp_url": "http://bot.example.com", "port": free_port()}
    line = (await look(stripe_secret_key="sk_live_1", **changed))["WEBAPP_URL"]
    assert line.verdict is ERROR
    assert "https" in line.fix


async def test_a_public_address_without_https_that_leads_here_is_a_warning_in_test_mode() -> None:
    async with answering(**OURS) as port:
        line = (await look(webapp_url=f"http://{ELSEWHERE}:{port}", port=port))["WEBAPP_URL"]
        assert line.verdict is WARNING
        assert "without https" in line.says


async def test_an_address_that_leads_to_another_program_is_an_error_while_the_service_runs() -> None:
    async with answering(**OURS) as here, answering(healthz=(404, {})) as there:
        line = (await look(webapp_url=f"http://{ELSEWHERE}:{there}", port=here))["WEBAPP_URL"]
        assert line.verdict is ERROR
        assert "it answers 404" in line.says
        assert f"passes everything to http://127.0.0.1:{here}" in line.fix


async def test_an_address_that_sends_browsers_on_is_an_error() -> None:
    async with answering(**OURS) as here, answering(healthz=URL("https://www.example.com/healthz")) as there:
        line = (await look(webapp_url=f"http://{ELSEWHERE}:{there}", port=here))["WEBAPP_URL"]
        assert line.verdict is ERROR
        assert "sends everybody on to https://www.example.com/healthz" in line.says
        assert "WEBAPP_URL" in line.fix


async def test_an_address_that_cannot_be_reached_is_an_error_while_the_service_runs_here() -> None:
    async with answering(**OURS) as port:
        line = (await look(webapp_url=f"https://{ELSEWHERE}:{free_port()}", port=port))["WEBAPP_URL"]
        assert line.verdict is ERROR
        assert "does not lead to the service" in line.says


async def test_an_address_without_a_certificate_is_an_error_while_the_service_runs_here() -> None:
    async with answering(**OURS) as port:
        line = (await look(webapp_url=f"https://{ELSEWHERE}:{port}", port=port))["WEBAPP_URL"]
        assert line.verdict is ERROR
        assert "certificate" in line.fix


async def test_nobody_knows_about_the_address_while_the_service_does_not_run() -> None:
    url = f"https://{ELSEWHERE}:{free_port()}"
    line = (await look(webapp_url=url, port=free_port()))["WEBAPP_URL"]
    assert line.verdict is WARNING
    assert "the service does not run here" in line.says


async def test_the_address_is_asked_through_the_proxy() -> None:
    proxy = f"http://127.0.0.1:{free_port()}"
    async with answering(**OURS) as port:
        line = (await look(webapp_url=f"http://{ELSEWHERE}:{port}", port=port, proxy_url=proxy))["WEBAPP_URL"]
        assert line.verdict is ERROR


@pytest.mark.parametrize(
    ("token", "verdict", "fix"), [(None, SKIPPED, ""), ("short", WARNING, "openssl"), ("x" * 16, OK, "")]
)
async def test_a_token_of_the_operator_s_pages_that_can_be_guessed_is_said(
    token: str | None, verdict: Verdict, fix: str
) -> None:
    line = (await look(operator_token=token, port=free_port()))["/operator"]
    assert line.verdict is verdict
    assert fix in line.fix
    assert "short" not in line.says
