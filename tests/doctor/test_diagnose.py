"""A whole run of the doctor: which servers it asks, what it changes, and that it prints no secret."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web

from bot_platform.doctor.diagnose import diagnose
from bot_platform.doctor.report import as_json, as_text
from bot_platform.sandbox.telegram_world import TelegramWorld
from tests.bot_api_server import Server
from tests.doctor.makers import ERROR, SKIPPED, TOKEN, settings, statuses
from tests.makers import free_port
from tests.sandbox.stripe_world import World, world

SECRETS = {
    "telegram_webhook_secret": "word-that-telegram-sends-back",
    "stripe_secret_key": "sk_test_1234567890abcdef1234567890",
    "stripe_webhook_secret": "whsec_0123456789abcdefghij",
    "operator_token": "word-of-the-operator",
    "ai_api_key": "sk-proj-0123456789abcdefghij",
}


@dataclass(frozen=True)
class Outside:
    """A local Telegram and Stripe, and the settings that lead to them."""

    telegram: TelegramWorld
    stripe: World
    environment: dict[str, Any]


@asynccontextmanager
async def outside(database_url: str) -> AsyncIterator[Outside]:
    telegram = TelegramWorld(token=TOKEN)
    runner = web.AppRunner(Server(telegram).app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with world() as w:
            environment = {
                "telegram_api_base": f"http://127.0.0.1:{runner.addresses[0][1]}",
                "stripe_api_base": w.url,
                "database_url": database_url,
                "webapp_url": "http://localhost:8000",
                "port": free_port(),
            }
            yield Outside(telegram, w, environment)
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({}, None),
        ({"telegram_bot_token": "7000000042:another-word"}, "Telegram token"),
        ({"stripe_secret_key": "sk_test_another_key_altogether"}, "Stripe key"),
        ({"stripe_publishable_key": "pk_live_1"}, "Stripe modes"),
        ({"database_url": "postgres://u:p@127.0.0.1:9/name"}, "database"),
        ({"database_url": "sqlite:///dev/null/bot.db"}, "database"),
    ],
)
async def test_one_thing_that_is_wrong_is_one_error(
    sqlite_url: str, changed: dict[str, str], name: str | None
) -> None:
    async with outside(sqlite_url) as t:
        lines = dict(await diagnose(settings(**(t.environment | changed)), fix=False))
        errors = [check for check, status in statuses(lines).items() if status is ERROR]
        assert errors == ([name] if name else [])


async def test_with_the_mock_stripe_gets_no_request_even_with_fix(sqlite_url: str) -> None:
    async with outside(sqlite_url) as t:
        lines = dict(await diagnose(settings(**t.environment, mock_stripe_payments=True), fix=True))
        assert [name for name in lines if "Stripe" in name] == ["Stripe"]
        assert lines["Stripe"].status is SKIPPED
        assert lines["Stripe"].message.startswith("not needed")
        assert not t.stripe.local.requests


async def test_without_fix_no_updates_are_fetched_and_nothing_is_changed(sqlite_url: str) -> None:
    async with outside(sqlite_url) as t:
        await diagnose(settings(**t.environment), fix=False)
        assert {call.method for call in t.telegram.calls} == {
            "getMe",
            "getWebhookInfo",
            "getMyCommands",
            "getMyDescription",
            "getMyShortDescription",
        }
        changing = [request.path for request in t.stripe.local.requests if request.method != "GET"]
        assert all(path.startswith("/v1/checkout/sessions") for path in changing)
        assert {session["status"] for session in t.stripe.local.sessions.values()} == {"expired"}


WRONG = {"telegram_bot_token": "7000000042:another-word", "stripe_secret_key": "sk_test_" + "9" * 30}
NOWHERE = {"telegram_api_base": "http://127.0.0.1:9", "stripe_api_base": "http://127.0.0.1:9"}
BASE = {"database_url": "postgres://bot:word-of-the-base@127.0.0.1:9/name"}
PROXY = {"proxy_url": "http://user:word-of-the-proxy@127.0.0.1:9"}


@pytest.mark.parametrize(
    "changed", [{}, WRONG, NOWHERE | BASE, PROXY], ids=["valid", "wrong", "down", "proxy"]
)
@pytest.mark.parametrize("fix", [False, True], ids=["check", "fix"])
async def test_no_secret_is_printed(sqlite_url: str, changed: dict[str, str], *, fix: bool) -> None:
    async with outside(sqlite_url) as t:
        ai = {"ai_model": "mine", "ai_base_url": "http://127.0.0.1:9"}
        environment = {"telegram_bot_token": TOKEN} | SECRETS | t.environment | ai | changed
        lines = await diagnose(settings(**environment), fix=fix)
        output = as_text(lines) + as_json(lines)
        secrets = {environment[name] for name in ("telegram_bot_token", *SECRETS)}
        secrets |= {
            "word-of-the-base",
            "word-of-the-proxy",
            environment["telegram_bot_token"].partition(":")[2],
        }
        assert [secret for secret in secrets if secret in output] == []
        assert json.loads(as_json(lines))["checks"]
