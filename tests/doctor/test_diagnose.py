"""A whole visit: who is asked, what is mended first, and that no secret is told."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web

from bot_platform.doctor.diagnose import visit
from bot_platform.doctor.report import as_json, as_text
from bot_platform.sandbox.telegram_world import TelegramWorld
from tests.bot_api_server import Server
from tests.doctor.makers import ERROR, SKIPPED, TOKEN, settings, verdicts
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
class Town:
    """A Telegram and a Stripe to ask, and settings that lead there."""

    telegram: TelegramWorld
    stripe: World
    given: dict[str, Any]


@asynccontextmanager
async def town(database_url: str) -> AsyncIterator[Town]:
    telegram = TelegramWorld(token=TOKEN)
    runner = web.AppRunner(Server(telegram).app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with world() as w:
            given = {
                "telegram_api_base": f"http://127.0.0.1:{runner.addresses[0][1]}",
                "stripe_api_base": w.url,
                "database_url": database_url,
                "webapp_url": "http://localhost:8000",
                "port": free_port(),
            }
            yield Town(telegram, w, given)
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
    async with town(sqlite_url) as t:
        lines = dict(await visit(settings(**(t.given | changed)), mend=False))
        errors = [check for check, verdict in verdicts(lines).items() if verdict is ERROR]
        assert errors == ([name] if name else [])


async def test_the_mock_asks_stripe_nothing_not_even_to_mend(sqlite_url: str) -> None:
    async with town(sqlite_url) as t:
        lines = dict(await visit(settings(**t.given, mock_stripe_payments=True), mend=True))
        assert [name for name in lines if "Stripe" in name] == ["Stripe"]
        assert lines["Stripe"].verdict is SKIPPED
        assert lines["Stripe"].says.startswith("not needed")
        assert not t.stripe.local.requests


async def test_nobody_is_asked_for_updates_and_nothing_is_changed_unless_it_is_to_be(sqlite_url: str) -> None:
    async with town(sqlite_url) as t:
        await visit(settings(**t.given), mend=False)
        assert {call.method for call in t.telegram.calls} == {
            "getMe",
            "getWebhookInfo",
            "getMyCommands",
            "getMyDescription",
            "getMyShortDescription",
        }
        assert {request.method for request in t.stripe.local.requests} == {"GET"}


WRONG = {"telegram_bot_token": "7000000042:another-word", "stripe_secret_key": "sk_test_" + "9" * 30}
NOWHERE = {"telegram_api_base": "http://127.0.0.1:9", "stripe_api_base": "http://127.0.0.1:9"}
BASE = {"database_url": "postgres://bot:word-of-the-base@127.0.0.1:9/name"}
PROXY = {"proxy_url": "http://user:word-of-the-proxy@127.0.0.1:9"}


@pytest.mark.parametrize(
    "changed", [{}, WRONG, NOWHERE | BASE, PROXY], ids=["well", "wrong", "down", "proxy"]
)
@pytest.mark.parametrize("mend", [False, True], ids=["look", "fix"])
async def test_no_secret_is_ever_told(sqlite_url: str, changed: dict[str, str], *, mend: bool) -> None:
    async with town(sqlite_url) as t:
        ai = {"ai_model": "mine", "ai_base_url": "http://127.0.0.1:9"}
        given = {"telegram_bot_token": TOKEN} | SECRETS | t.given | ai | changed
        lines = await visit(settings(**given), mend=mend)
        said = as_text(lines) + as_json(lines)
        secrets = {given[name] for name in ("telegram_bot_token", *SECRETS)}
        secrets |= {"word-of-the-base", "word-of-the-proxy", given["telegram_bot_token"].partition(":")[2]}
        assert [secret for secret in secrets if secret in said] == []
        assert json.loads(as_json(lines))["checks"]
