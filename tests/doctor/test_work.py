"""The AI and the rule about Stars, each turned bad."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from bot_platform.doctor.report import Finding
from bot_platform.doctor.work import Work
from tests.doctor.makers import ERROR, OK, SKIPPED, WARNING, found, settings
from tests.makers import free_port

AI = {"ai_api_key": "sk-0123456789abcdef", "ai_model": "mine"}


@asynccontextmanager
async def endpoint(status: int, said: Any) -> AsyncIterator[str]:
    async def models(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Bearer {AI['ai_api_key']}"
        return web.json_response(said, status=status)

    app = web.Application()
    app.router.add_get("/v1/models", models)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


async def look(**changed: Any) -> dict[str, Finding]:
    return await found(Work(settings(**changed)).parties())


@pytest.mark.parametrize(
    ("said", "names"),
    [({}, "AI_API_KEY and AI_MODEL"), ({"ai_model": "m"}, "AI_API_KEY"), ({"ai_api_key": "k"}, "AI_MODEL")],
)
async def test_an_ai_that_is_not_set_up_is_a_warning(said: dict[str, str], names: str) -> None:
    line = (await look(**said))["AI"]
    assert line.verdict is WARNING
    assert line.says.startswith(f"{names} not set")
    assert "AI_BASE_URL" in line.fix


@pytest.mark.parametrize(
    "said", [{"data": [{"id": "mine"}, {"id": "other"}]}, {"data": []}, {"data": None}, {}, [], "x"]
)
async def test_an_endpoint_that_answers_is_well_whatever_it_lists(said: Any) -> None:
    async with endpoint(200, said) as url:
        line = (await look(ai_base_url=url, **AI))["AI"]
        assert (line.verdict, line.says) == (OK, f"mine at {url}")


@pytest.mark.parametrize("status", [404, 405, 429, 500, 501])
async def test_an_endpoint_that_keeps_no_list_is_well(status: int) -> None:
    async with endpoint(status, {}) as url:
        assert (await look(ai_base_url=url, **AI))["AI"].verdict is OK


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_is_an_error(status: int) -> None:
    async with endpoint(status, {"error": {"message": AI["ai_api_key"]}}) as url:
        line = (await look(ai_base_url=url, **AI))["AI"]
        assert line.verdict is ERROR
        assert f"refuses AI_API_KEY ({status})" in line.says
        assert "Copy the key once more" in line.fix


async def test_a_model_that_is_not_listed_is_a_warning_that_names_one() -> None:
    async with endpoint(200, {"data": [{"id": "other"}]}) as url:
        line = (await look(ai_base_url=url, **AI))["AI"]
        assert line.verdict is WARNING
        assert "such as other" in line.fix


async def test_an_endpoint_that_cannot_be_reached_is_a_warning() -> None:
    line = (await look(ai_base_url=f"http://127.0.0.1:{free_port()}/v1", **AI))["AI"]
    assert line.verdict is WARNING
    assert "does not answer" in line.says


async def test_work_of_the_bot_that_is_sold_by_card_for_real_money_is_a_warning() -> None:
    async with endpoint(404, {}) as url:
        line = (await look(stripe_secret_key="sk_live_1", ai_base_url=url, **AI))["Telegram Stars"]
    assert line.verdict is WARNING
    assert "/ask" in line.says
    assert "hides bots" in line.says
    assert "Stripe or Telegram Stars" in line.fix


async def test_stripe_in_test_mode_is_reminded_of_the_rule() -> None:
    async with endpoint(404, {}) as url:
        line = (await look(ai_base_url=url, **AI))["Telegram Stars"]
    assert line.verdict is OK
    assert "Telegram Stars" in line.says


async def test_a_live_key_without_paid_work_is_reminded_of_the_rule() -> None:
    assert (await look(stripe_secret_key="sk_live_1"))["Telegram Stars"].verdict is OK


async def test_the_mock_needs_no_stars() -> None:
    assert (await look(mock_stripe_payments=True))["Telegram Stars"].verdict is SKIPPED
