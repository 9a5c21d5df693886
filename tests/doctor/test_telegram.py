"""The checks of the bot's token, updates, menu and description find each fault, and their fixes work."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiogram import Bot

from bot_platform.doctor.checks import run_check
from bot_platform.doctor.report import Status
from bot_platform.doctor.telegram import TelegramChecks
from bot_platform.sandbox.telegram import Fault, SandboxSession, TelegramWorld
from bot_platform.sandbox.telegram_state import Person
from bot_platform.sandbox.telegram_updates import Webhook
from bot_platform.telegram.dispatcher import set_commands
from bot_platform.telegram.texts import Texts
from bot_platform.work.catalog import found_kinds
from tests.doctor.makers import ERROR, OK, SKIPPED, TOKEN, WARNING, findings, settings, statuses

OURS = "https://bot.example.com/api/v1/telegram-webhook"
ALL = ["message", "callback_query", "pre_checkout_query"]


@asynccontextmanager
async def telegram_checks(
    world: TelegramWorld, token: str = TOKEN, **changed: Any
) -> AsyncIterator[tuple[TelegramChecks, Bot]]:
    bot = Bot(token, session=SandboxSession(world))
    yield TelegramChecks(settings(telegram_bot_token=token, **changed), bot), bot
    await bot.session.close()


async def set_up(world: TelegramWorld, bot: Bot) -> None:
    """Set everything as the service and `doctor --fix` do."""
    await set_commands(bot, Texts(), found_kinds())
    await bot.set_my_description(description="Mine.")
    await bot.set_my_short_description(short_description="Mine too.")
    world.updates.allow(ALL)


async def test_a_bot_that_is_set_up_has_no_problem() -> None:
    world = TelegramWorld(token=TOKEN)
    async with telegram_checks(world) as (telegram, bot):
        await set_up(world, bot)
        lines = await findings(telegram.groups())
        assert set(statuses(lines).values()) == {OK}
        assert lines["Telegram token"].message == "@sandbox_bot"
        assert lines["Telegram allowed updates"].message == "message, callback_query, pre_checkout_query"
        assert not [call for call in world.calls if call.method.lower() == "getupdates"]


async def test_a_refused_token_is_an_error_and_the_other_checks_are_skipped() -> None:
    world = TelegramWorld(token=TOKEN)
    async with telegram_checks(world, token="7000000042:another") as (telegram, _):
        lines = await findings(telegram.groups())
        token = lines.pop("Telegram token")
        assert token.status is ERROR
        assert "@BotFather" in token.fix
        assert "TELEGRAM_BOT_TOKEN in .env" in token.fix
        assert set(statuses(lines).values()) == {SKIPPED}
        assert len(world.calls) == 1


@pytest.mark.parametrize("fault", [Fault(network_error=True), Fault(502, "Bad Gateway"), Fault(429, "x", 9)])
async def test_a_telegram_that_does_not_answer_is_an_error_whose_fix_names_the_proxy(fault: Fault) -> None:
    world = TelegramWorld(token=TOKEN)
    world.fail("getMe", fault)
    async with telegram_checks(world) as (telegram, _):
        token = (await findings(telegram.groups()))["Telegram token"]
        assert token.status is ERROR
        assert "PROXY_URL" in token.fix
        assert len(token.message) < 350


@pytest.mark.parametrize("method", ["getMyCommands", "getMyDescription"])
async def test_a_telegram_that_stops_answering_is_an_error_of_that_check(method: str) -> None:
    world = TelegramWorld(token=TOKEN)
    world.fail(method, Fault(network_error=True))
    async with telegram_checks(world) as (telegram, bot):
        await bot.set_my_description(description="Mine.")
        failed = [name for name, v in statuses(await findings(telegram.groups())).items() if v is ERROR]
        assert len(failed) == 1


Break = Callable[[TelegramWorld], Any]


def _webhook(url: str, error: str = "", minutes_ago: int = 5) -> Break:
    def break_it(world: TelegramWorld) -> None:
        webhook = Webhook(url, last_error=error, last_error_at=int(world.clock()) - 60 * minutes_ago)
        world.updates.set_webhook(replace(webhook), drop_pending=False)

    return break_it


def _many_updates(world: TelegramWorld) -> None:
    for n in range(101):
        world.say(Person(id=n + 1), "hello")


BAD: dict[str, tuple[dict[str, str], Break, str, str, str]] = {
    "polling beside a webhook": (
        {},
        _webhook("https://other.example.com/hook"),
        "Telegram updates",
        "Telegram posts updates to https://other.example.com/hook",
        "doctor --fix",
    ),
    "no webhook yet": (
        {"telegram_mode": "webhook"},
        lambda _: None,
        "Telegram updates",
        "no webhook is set at Telegram",
        f"Start the service: it sets the webhook to {OURS}",
    ),
    "a webhook elsewhere": (
        {"telegram_mode": "webhook"},
        _webhook("https://other.example.com/hook"),
        "Telegram updates",
        "posts updates to https://other.example.com/hook",
        "another program uses this token",
    ),
    "update types that are not sent": (
        {},
        lambda world: world.updates.allow(["message"]),
        "Telegram allowed updates",
        "does not send callback_query, pre_checkout_query",
        "Restart the service",
    ),
    "many waiting updates": (
        {},
        _many_updates,
        "Telegram waiting updates",
        "101 updates wait",
        "Start the service",
    ),
    "posts that fail": (
        {"telegram_mode": "webhook"},
        _webhook(OURS, "Wrong response from the webhook: 502 Bad Gateway"),
        "Telegram last error",
        "UTC: Wrong response from the webhook: 502 Bad Gateway",
        "certificate",
    ),
    "no menu": (
        {},
        lambda world: world.commands.clear(),
        "Telegram menu",
        "menu does not show the commands",
        "doctor --fix",
    ),
    "no description": (
        {},
        lambda world: world.descriptions.pop(("description", "")),
        "Telegram description",
        "has no description",
        "/setdescription",
    ),
}


@pytest.mark.parametrize("case", BAD)
async def test_each_fault_is_a_warning_with_its_fix(case: str) -> None:
    changed, break_it, name, message, fix = BAD[case]
    world = TelegramWorld(token=TOKEN)
    async with telegram_checks(world, **changed) as (telegram, bot):
        await set_up(world, bot)
        if changed and name != "Telegram updates":
            _webhook(OURS)(world)
        break_it(world)
        lines = await findings(telegram.groups())
        assert [n for n, status in statuses(lines).items() if status is WARNING] == [name]
        assert message in lines[name].message
        assert fix in lines[name].fix


async def test_an_error_of_yesterday_is_not_a_warning() -> None:
    world = TelegramWorld(token=TOKEN)
    async with telegram_checks(world, telegram_mode="webhook") as (telegram, _):
        _webhook(OURS, "Connection timed out", minutes_ago=24 * 60)(world)
        line = (await findings(telegram.groups()))["Telegram last error"]
        assert line.status is OK
        assert line.message.startswith("none in the last hour")


async def test_after_the_fixes_the_checks_are_ok_and_a_second_run_changes_nothing() -> None:
    world = TelegramWorld(token=TOKEN)
    async with telegram_checks(world) as (telegram, _):
        first = [await run_check(check) for check in telegram.fixes()]
        assert [finding.status for _, finding in first] == [OK, Status.FIXED, Status.FIXED]
        assert first[2][1].message == "wrote the bot's description and short description"
        assert "Press Start" in world.descriptions["description", ""]
        assert len(world.descriptions["short_description", ""]) <= 120
        lines = await findings(telegram.groups())
        assert lines["Telegram menu"].status is lines["Telegram description"].status is OK
        calls = len([call for call in world.calls if call.method.lower().startswith("set")])
        again = [await run_check(check) for check in telegram.fixes()]
        assert [finding.status for _, finding in again] == [OK, OK, OK]
        assert len([call for call in world.calls if call.method.lower().startswith("set")]) == calls


async def test_in_polling_mode_the_fix_removes_a_webhook_and_keeps_waiting_updates() -> None:
    world = TelegramWorld(token=TOKEN)
    _webhook("https://other.example.com/hook")(world)
    world.say(Person(id=1), "hello")
    async with telegram_checks(world) as (telegram, _):
        _, finding = await run_check(telegram.fixes()[0])
        assert finding.status is Status.FIXED
        assert finding.message == "removed the webhook https://other.example.com/hook"
    assert world.updates.webhook is None
    assert len(world.updates.pending) == 1, "the waiting update is kept"


async def test_in_webhook_mode_the_fix_keeps_the_webhook() -> None:
    world = TelegramWorld(token=TOKEN)
    _webhook(OURS)(world)
    async with telegram_checks(world, telegram_mode="webhook") as (telegram, _):
        _, finding = await run_check(telegram.fixes()[0])
        assert finding.status is OK
    assert world.updates.webhook


async def test_a_description_written_by_the_operator_is_kept() -> None:
    world = TelegramWorld(token=TOKEN)
    world.descriptions["description", ""] = "Written by hand."
    async with telegram_checks(world) as (telegram, _):
        (*_, (_, wrote)) = [await run_check(check) for check in telegram.fixes()]
        assert wrote.message == "wrote the bot's short description"
        assert world.descriptions["description", ""] == "Written by hand."


async def test_a_fix_that_fails_is_an_error_with_the_reason() -> None:
    world = TelegramWorld(token=TOKEN)
    async with telegram_checks(world, token="7000000042:another") as (telegram, _):
        for check in telegram.fixes():
            _, finding = await run_check(check)
            assert finding.status is ERROR
            assert "Unauthorized" in finding.message
