"""The checks whether the service runs and can be reached, with every kind of answer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from yarl import URL

from bot_platform.doctor.report import Finding, Status
from bot_platform.doctor.web import WebChecks
from tests.doctor.makers import ERROR, OK, SKIPPED, WARNING, findings, settings
from tests.makers import free_port, running_service

ELSEWHERE = "0x7f000001"  # 127.0.0.1 as one number: needs no resolver, and is not recognised as local


@asynccontextmanager
async def answering(**pages: Any) -> AsyncIterator[int]:
    """Serve `/healthz` and `/readyz`: JSON with 200, (status, JSON), bytes, or a URL to redirect to."""

    def page(message: Any) -> Any:
        async def answer(_: web.Request) -> web.StreamResponse:
            if isinstance(message, URL):
                raise web.HTTPMovedPermanently(message)
            if isinstance(message, bytes):
                return web.Response(body=message)
            status, body = message if isinstance(message, tuple) else (200, message)
            return web.json_response(body, status=status)

        return answer

    app = web.Application()
    for name, message in pages.items():
        app.router.add_get(f"/{name}", page(message))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def check(**changed: Any) -> dict[str, Finding]:
    return await findings(WebChecks(settings(**changed)).groups())


OURS: dict[str, Any] = {"healthz": {"status": "ok"}, "readyz": {"status": "ready"}}


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])  # noqa: S104 -- where a container listens
async def test_a_service_that_runs_is_ok(host: str) -> None:
    async with answering(**OURS) as port:
        line = (await check(host=host, port=port))["service"]
        assert (line.status, line.message) == (OK, f"runs at http://127.0.0.1:{port}")


async def test_the_real_service_is_recognised_by_its_answers(sqlite_url: str) -> None:
    async with running_service(sqlite_url) as h:
        lines = await findings(WebChecks(h.settings).groups())
        assert lines["service"].status is OK
        assert lines["WEBAPP_URL"].status is WARNING


async def test_a_service_that_does_not_run_is_a_warning() -> None:
    port = free_port()
    line = (await check(port=port))["service"]
    assert (line.status, line.message) == (WARNING, f"nothing answers at http://127.0.0.1:{port}")
    assert "python3 run.py" in line.fix


async def test_a_service_that_is_not_ready_is_a_warning_that_names_what_fails() -> None:
    not_ready = OURS | {"readyz": (503, {"status": "not ready", "failing": ["database"]})}
    async with answering(**not_ready) as port:
        line = (await check(port=port))["service"]
        assert line.status is WARNING
        assert "is not ready: database" in line.message


async def test_what_the_service_says_about_itself_is_named_with_its_own_fix() -> None:
    why = {"telegram": "no updates for 70 s (TelegramConflictError: other)"}
    for name, fix in {"telegram": "Stop every other program", "workers": "restart it"}.items():
        body = {"status": "not ready", "failing": [name], "why": why}
        async with answering(**OURS | {"readyz": (503, body)}) as port:
            line = (await check(port=port))["service"]
        assert f"is not ready: {name}" in line.message
        assert fix in line.fix
    assert "no updates for 70 s" in (await _not_ready(why)).message


async def _not_ready(why: dict[str, str]) -> Finding:
    body = {"status": "not ready", "failing": [*why], "why": why}
    async with answering(**OURS | {"readyz": (503, body)}) as port:
        return (await check(port=port))["service"]


@pytest.mark.parametrize("message", [{"hello": "world"}, b"<html>", b"[" * 9999, (500, {}), (599, [])])
async def test_another_program_on_our_port_is_a_warning(message: Any) -> None:
    async with answering(healthz=message) as port:
        line = (await check(port=port))["service"]
        assert line.status is WARNING
        assert "another program" in line.message
        assert "PORT" in line.fix


@pytest.mark.parametrize("mock", [True, False])
@pytest.mark.parametrize("url", ["http://localhost:8000", "http://127.0.0.1", "https://bot.localhost"])
async def test_a_local_address_is_a_warning(url: str, *, mock: bool) -> None:
    line = (await check(webapp_url=url, mock_stripe_payments=mock, port=free_port()))["WEBAPP_URL"]
    assert line.status is WARNING
    assert ("enough for the mock" in line.message) == mock
    assert "public https address" in line.fix


async def test_a_public_address_without_https_is_an_error_with_a_live_key() -> None:
    changed = {"webapp_url": "http://bot.example.com", "port": free_port()}
    line = (await check(stripe_secret_key="sk_live_1", **changed))["WEBAPP_URL"]
    assert line.status is ERROR
    assert "https" in line.fix


async def test_a_public_address_without_https_that_leads_here_is_a_warning_in_test_mode() -> None:
    async with answering(**OURS) as port:
        line = (await check(webapp_url=f"http://{ELSEWHERE}:{port}", port=port))["WEBAPP_URL"]
        assert line.status is WARNING
        assert "without https" in line.message


async def test_an_address_that_leads_to_another_program_is_an_error_while_the_service_runs() -> None:
    async with answering(**OURS) as here, answering(healthz=(404, {})) as there:
        line = (await check(webapp_url=f"http://{ELSEWHERE}:{there}", port=here))["WEBAPP_URL"]
        assert line.status is ERROR
        assert "it answers 404" in line.message
        assert f"passes every request to http://127.0.0.1:{here}" in line.fix


async def test_an_address_that_redirects_is_an_error() -> None:
    async with answering(**OURS) as here, answering(healthz=URL("https://www.example.com/healthz")) as there:
        line = (await check(webapp_url=f"http://{ELSEWHERE}:{there}", port=here))["WEBAPP_URL"]
        assert line.status is ERROR
        assert "redirects to https://www.example.com/healthz" in line.message
        assert "WEBAPP_URL" in line.fix


async def test_an_address_that_cannot_be_reached_is_an_error_while_the_service_runs_here() -> None:
    async with answering(**OURS) as port:
        line = (await check(webapp_url=f"https://{ELSEWHERE}:{free_port()}", port=port))["WEBAPP_URL"]
        assert line.status is ERROR
        assert "does not lead to the service" in line.message


async def test_an_address_without_a_certificate_is_an_error_while_the_service_runs_here() -> None:
    async with answering(**OURS) as port:
        line = (await check(webapp_url=f"https://{ELSEWHERE}:{port}", port=port))["WEBAPP_URL"]
        assert line.status is ERROR
        assert "certificate" in line.fix


async def test_an_unreachable_address_is_only_a_warning_while_the_service_does_not_run() -> None:
    url = f"https://{ELSEWHERE}:{free_port()}"
    line = (await check(webapp_url=url, port=free_port()))["WEBAPP_URL"]
    assert line.status is WARNING
    assert "the service does not run here" in line.message


async def test_the_request_to_the_address_goes_through_the_proxy() -> None:
    proxy = f"http://127.0.0.1:{free_port()}"
    async with answering(**OURS) as port:
        line = (await check(webapp_url=f"http://{ELSEWHERE}:{port}", port=port, proxy_url=proxy))[
            "WEBAPP_URL"
        ]
        assert line.status is ERROR


@pytest.mark.parametrize(
    ("token", "status", "fix"), [(None, SKIPPED, ""), ("short", WARNING, "openssl"), ("x" * 16, OK, "")]
)
async def test_a_short_operator_token_is_a_warning(token: str | None, status: Status, fix: str) -> None:
    line = (await check(operator_token=token, port=free_port()))["/operator"]
    assert line.status is status
    assert fix in line.fix
    assert "short" not in line.message
