"""The bot's token, the way of its updates, its menu and its description, each turned bad."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiogram import Bot

from bot_platform.doctor.checks import made
from bot_platform.doctor.report import Verdict
from bot_platform.doctor.telegram import Telegram
from bot_platform.sandbox.telegram import Fault, SandboxSession, TelegramWorld
from bot_platform.sandbox.telegram_state import Person
from bot_platform.sandbox.telegram_updates import Webhook
from bot_platform.telegram.dispatcher import set_commands
from bot_platform.telegram.texts import Texts
from bot_platform.work.catalog import found_kinds
from tests.doctor.makers import ERROR, OK, SKIPPED, TOKEN, WARNING, found, settings, verdicts

OURS = "https://bot.example.com/api/v1/telegram-webhook"
ALL = ["message", "callback_query", "pre_checkout_query"]


@asynccontextmanager
async def clinic(
    world: TelegramWorld, token: str = TOKEN, **changed: Any
) -> AsyncIterator[tuple[Telegram, Bot]]:
    bot = Bot(token, session=SandboxSession(world))
    yield Telegram(settings(telegram_bot_token=token, **changed), bot), bot
    await bot.session.close()


async def well(world: TelegramWorld, bot: Bot) -> None:
    """Let everything be as the service and `doctor --fix` leave it."""
    await set_commands(bot, Texts(), found_kinds())
    await bot.set_my_description(description="Mine.")
    await bot.set_my_short_description(short_description="Mine too.")
    world.updates.allow(ALL)


async def test_all_is_well() -> None:
    world = TelegramWorld(token=TOKEN)
    async with clinic(world) as (telegram, bot):
        await well(world, bot)
        lines = await found([telegram.checks()])
        assert set(verdicts(lines).values()) == {OK}
        assert lines["Telegram token"].says == "@sandbox_bot"
        assert lines["Telegram allowed updates"].says == "message, callback_query, pre_checkout_query"
        assert not [call for call in world.calls if call.method.lower() == "getupdates"]


async def test_a_refused_token_is_an_error_and_the_rest_is_not_asked() -> None:
    world = TelegramWorld(token=TOKEN)
    async with clinic(world, token="7000000042:another") as (telegram, _):
        lines = await found([telegram.checks()])
        token = lines.pop("Telegram token")
        assert token.verdict is ERROR
        assert "@BotFather" in token.fix
        assert "TELEGRAM_BOT_TOKEN in .env" in token.fix
        assert set(verdicts(lines).values()) == {SKIPPED}
        assert len(world.calls) == 1


@pytest.mark.parametrize("fault", [Fault(network_error=True), Fault(502, "Bad Gateway"), Fault(429, "x", 9)])
async def test_a_telegram_that_does_not_answer_is_an_error_that_names_the_proxy(fault: Fault) -> None:
    world = TelegramWorld(token=TOKEN)
    world.fail("getMe", fault)
    async with clinic(world) as (telegram, _):
        token = (await found([telegram.checks()]))["Telegram token"]
        assert token.verdict is ERROR
        assert "PROXY_URL" in token.fix
        assert len(token.says) < 350


@pytest.mark.parametrize("method", ["getMyCommands", "getMyDescription"])
async def test_a_telegram_that_stops_answering_half_way_is_a_line(method: str) -> None:
    world = TelegramWorld(token=TOKEN)
    world.fail(method, Fault(network_error=True))
    async with clinic(world) as (telegram, bot):
        await bot.set_my_description(description="Mine.")
        failed = [name for name, v in verdicts(await found([telegram.checks()])).items() if v is ERROR]
        assert len(failed) == 1


Spoil = Callable[[TelegramWorld], Any]


def _webhook(url: str, error: str = "", minutes_ago: int = 5) -> Spoil:
    def spoil(world: TelegramWorld) -> None:
        webhook = Webhook(url, last_error=error, last_error_at=int(world.clock()) - 60 * minutes_ago)
        world.updates.set_webhook(replace(webhook), drop_pending=False)

    return spoil


def _crowd(world: TelegramWorld) -> None:
    for n in range(101):
        world.say(Person(id=n + 1), "hello")


BAD: dict[str, tuple[dict[str, str], Spoil, str, str, str]] = {
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
        "posts updates nowhere",
        f"Start the service: it names {OURS}",
    ),
    "a webhook elsewhere": (
        {"telegram_mode": "webhook"},
        _webhook("https://other.example.com/hook"),
        "Telegram updates",
        "posts updates to https://other.example.com/hook",
        "another program uses this token",
    ),
    "kinds that are not sent": (
        {},
        lambda world: world.updates.allow(["message"]),
        "Telegram allowed updates",
        "does not send callback_query, pre_checkout_query",
        "Start the service once more",
    ),
    "a crowd that waits": ({}, _crowd, "Telegram waiting updates", "101 updates wait", "Start the service"),
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
        "menu is not ours",
        "doctor --fix",
    ),
    "no description": (
        {},
        lambda world: world.descriptions.pop(("description", "")),
        "Telegram description",
        "read nothing about it",
        "/setdescription",
    ),
}


@pytest.mark.parametrize("case", BAD)
async def test_each_check_turned_bad_is_a_warning_that_says_what_to_do(case: str) -> None:
    changed, spoil, name, says, fix = BAD[case]
    world = TelegramWorld(token=TOKEN)
    async with clinic(world, **changed) as (telegram, bot):
        await well(world, bot)
        if changed and name != "Telegram updates":
            _webhook(OURS)(world)
        spoil(world)
        lines = await found([telegram.checks()])
        assert [n for n, verdict in verdicts(lines).items() if verdict is WARNING] == [name]
        assert says in lines[name].says
        assert fix in lines[name].fix


async def test_trouble_of_yesterday_is_no_trouble() -> None:
    world = TelegramWorld(token=TOKEN)
    async with clinic(world, telegram_mode="webhook") as (telegram, _):
        _webhook(OURS, "Connection timed out", minutes_ago=24 * 60)(world)
        line = (await found([telegram.checks()]))["Telegram last error"]
        assert line.verdict is OK
        assert line.says.startswith("none lately")


async def test_what_is_mended_is_well_afterwards_and_mended_once() -> None:
    world = TelegramWorld(token=TOKEN)
    async with clinic(world) as (telegram, _):
        first = [await made(check) for check in telegram.mends()]
        assert [finding.verdict for _, finding in first] == [OK, Verdict.MENDED, Verdict.MENDED]
        assert first[2][1].says == "wrote the bot's description and short description"
        assert "Press Start" in world.descriptions["description", ""]
        assert len(world.descriptions["short_description", ""]) <= 120
        lines = await found([telegram.checks()])
        assert lines["Telegram menu"].verdict is lines["Telegram description"].verdict is OK
        calls = len([call for call in world.calls if call.method.lower().startswith("set")])
        again = [await made(check) for check in telegram.mends()]
        assert [finding.verdict for _, finding in again] == [OK, OK, OK]
        assert len([call for call in world.calls if call.method.lower().startswith("set")]) == calls


async def test_a_webhook_that_keeps_a_polling_service_from_its_updates_is_ended() -> None:
    world = TelegramWorld(token=TOKEN)
    _webhook("https://other.example.com/hook")(world)
    world.say(Person(id=1), "hello")
    async with clinic(world) as (telegram, _):
        _, finding = await made(telegram.mends()[0])
        assert finding.verdict is Verdict.MENDED
        assert finding.says == "ended the posting of updates to https://other.example.com/hook"
    assert world.updates.webhook is None
    assert len(world.updates.pending) == 1, "nothing that was said is lost"


async def test_a_webhook_of_a_service_in_webhook_mode_is_left_alone() -> None:
    world = TelegramWorld(token=TOKEN)
    _webhook(OURS)(world)
    async with clinic(world, telegram_mode="webhook") as (telegram, _):
        _, finding = await made(telegram.mends()[0])
        assert finding.verdict is OK
    assert world.updates.webhook


async def test_a_description_of_the_operator_s_own_is_left_alone() -> None:
    world = TelegramWorld(token=TOKEN)
    world.descriptions["description", ""] = "Written by hand."
    async with clinic(world) as (telegram, _):
        (*_, (_, wrote)) = [await made(check) for check in telegram.mends()]
        assert wrote.says == "wrote the bot's short description"
        assert world.descriptions["description", ""] == "Written by hand."


async def test_what_cannot_be_mended_says_why() -> None:
    world = TelegramWorld(token=TOKEN)
    async with clinic(world, token="7000000042:another") as (telegram, _):
        for check in telegram.mends():
            _, finding = await made(check)
            assert finding.verdict is ERROR
            assert "Unauthorized" in finding.says
