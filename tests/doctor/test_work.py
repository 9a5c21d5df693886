"""The checks of the AI endpoint and of Telegram's rule about Stars."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from bot_platform.doctor.report import Finding
from bot_platform.doctor.work import WorkChecks
from tests.doctor.makers import ERROR, OK, SKIPPED, WARNING, findings, settings
from tests.makers import free_port

AI = {"ai_api_key": "sk-0123456789abcdef", "ai_model": "mine"}


@asynccontextmanager
async def endpoint(status: int, listed: Any) -> AsyncIterator[str]:
    async def models(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Bearer {AI['ai_api_key']}"
        return web.json_response(listed, status=status)

    app = web.Application()
    app.router.add_get("/v1/models", models)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


async def check(**changed: Any) -> dict[str, Finding]:
    return await findings(WorkChecks(settings(**changed)).groups())


@pytest.mark.parametrize(
    ("given", "names"),
    [({}, "AI_API_KEY and AI_MODEL"), ({"ai_model": "m"}, "AI_API_KEY"), ({"ai_api_key": "k"}, "AI_MODEL")],
)
async def test_an_ai_that_is_not_set_up_is_a_warning(given: dict[str, str], names: str) -> None:
    line = (await check(**given))["AI"]
    assert line.status is WARNING
    assert line.message.startswith(f"{names} not set")
    assert "AI_BASE_URL" in line.fix


@pytest.mark.parametrize(
    "listed", [{"data": [{"id": "mine"}, {"id": "other"}]}, {"data": []}, {"data": None}, {}, [], "x"]
)
async def test_an_endpoint_that_answers_is_ok_unless_it_lists_only_other_models(listed: Any) -> None:
    async with endpoint(200, listed) as url:
        line = (await check(ai_base_url=url, **AI))["AI"]
        assert (line.status, line.message) == (OK, f"mine at {url}")


@pytest.mark.parametrize("status", [404, 405, 429, 500, 501])
async def test_an_endpoint_without_a_list_of_models_is_ok(status: int) -> None:
    async with endpoint(status, {}) as url:
        assert (await check(ai_base_url=url, **AI))["AI"].status is OK


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_is_an_error(status: int) -> None:
    async with endpoint(status, {"error": {"message": AI["ai_api_key"]}}) as url:
        line = (await check(ai_base_url=url, **AI))["AI"]
        assert line.status is ERROR
        assert f"refuses AI_API_KEY ({status})" in line.message
        assert "Copy the key again" in line.fix


async def test_a_model_that_is_not_listed_is_a_warning_that_names_one() -> None:
    async with endpoint(200, {"data": [{"id": "other"}]}) as url:
        line = (await check(ai_base_url=url, **AI))["AI"]
        assert line.status is WARNING
        assert "such as other" in line.fix


async def test_an_endpoint_that_cannot_be_reached_is_a_warning() -> None:
    line = (await check(ai_base_url=f"http://127.0.0.1:{free_port()}/v1", **AI))["AI"]
    assert line.status is WARNING
    assert "does not answer" in line.message


async def test_paid_work_sold_by_card_for_real_money_is_a_warning() -> None:
    async with endpoint(404, {}) as url:
        line = (await check(stripe_secret_key="sk_live_1", ai_base_url=url, **AI))["Telegram Stars"]
    assert line.status is WARNING
    assert "/ask" in line.message
    assert "hides bots" in line.message
    assert "Stripe or Telegram Stars" in line.fix


async def test_in_test_mode_the_rule_about_stars_is_only_named() -> None:
    async with endpoint(404, {}) as url:
        line = (await check(ai_base_url=url, **AI))["Telegram Stars"]
    assert line.status is OK
    assert "Telegram Stars" in line.message


async def test_with_a_live_key_and_no_paid_work_the_rule_is_only_named() -> None:
    assert (await check(stripe_secret_key="sk_live_1"))["Telegram Stars"].status is OK


async def test_with_the_mock_the_rule_is_skipped() -> None:
    assert (await check(mock_stripe_payments=True))["Telegram Stars"].status is SKIPPED
