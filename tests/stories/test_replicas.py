"""Several processes with one database and one bot: one of them polls, and none fights over updates."""

from typing import Any

import pytest
from aiogram import Bot
from structlog.testing import capture_logs

from bot_platform.runtime.platform import CannotStart
from bot_platform.sandbox.telegram import SandboxSession
from bot_platform.sandbox.telegram_world import TelegramWorld
from tests.makers import BUYER, eventually, running_service

ELSEWHERE = "https://elsewhere.example/api/v1/telegram-webhook"
WEBHOOK: dict[str, Any] = {"telegram_mode": "webhook", "webapp_url": "https://bot.example"}


@pytest.fixture
def world() -> TelegramWorld:
    return TelegramWorld(allow_local_urls=True)


async def test_of_two_that_poll_one_stands_by_and_takes_over_when_the_other_ends(
    database_url: str, world: TelegramWorld
) -> None:
    with capture_logs() as logs:
        async with running_service(database_url, telegram=world) as first:
            await first.say("/start", "Welcome!")
            async with running_service(database_url, telegram=world) as second:
                for n in range(3):
                    await first.clock.pass_time(1)
                    first.telegram.say(BUYER, "/balance")
                    await eventually(lambda n=n: first.texts().count("/balance") == n + 1)  # type: ignore[misc]
                first.stop.set()
                await eventually(lambda: [line for line in logs if line["event"] == "stopped"])
                second.telegram.say(BUYER, "/jobs")
                await second.said("Nothing runs")
    events = [line["event"] for line in logs]
    assert events.count("telegram.polls") == 2
    assert "telegram.conflict" not in events
    assert len([text for text in first.texts() if text.startswith("Balance: ")]) == 3, "each answered once"


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_a_start_in_the_other_mode_says_so_while_a_replica_lives(
    database_url: str, world: TelegramWorld, mode: str
) -> None:
    polling: dict[str, Any] = {}
    one, other = (polling, WEBHOOK) if mode == "webhook" else (WEBHOOK, polling)
    async with running_service(database_url, telegram=world, **one) as h:
        await h.rest()
        with pytest.raises(CannotStart, match="TELEGRAM_MODE: is " + mode):
            async with running_service(database_url, telegram=world, **other):
                pass


async def test_after_the_last_webhook_replica_polling_goes_on_with_the_same_address(
    database_url: str, world: TelegramWorld
) -> None:
    async with running_service(database_url, telegram=world, **WEBHOOK):
        await eventually(lambda: world.updates.webhook)
        world.say(BUYER, "/start")
    async with running_service(database_url, telegram=world, webapp_url="https://bot.example") as h:
        await h.said("Welcome!")
    assert world.updates.webhook is None


async def test_a_webhook_of_somebody_else_is_told_of_and_left_alone_until_it_is_gone(
    sqlite_url: str, world: TelegramWorld
) -> None:
    bot = Bot(world.token, session=SandboxSession(world))
    await bot.set_webhook(ELSEWHERE)
    with capture_logs() as logs:
        async with running_service(sqlite_url, telegram=world) as h:
            world.say(BUYER, "/start")
            found = await eventually(lambda: [line for line in logs if line.get("error") == "WebhookActive"])
            assert ELSEWHERE in found[0]["says"]
            assert "doctor --fix" in found[0]["says"]
            webhook = world.updates.webhook
            assert webhook
            assert webhook.url == ELSEWHERE
            await bot.delete_webhook()
            await h.said("Welcome!")


async def test_another_installation_that_polls_the_same_bot_is_told_of(
    database_url: str, world: TelegramWorld
) -> None:
    bot = Bot(world.token, session=SandboxSession(world))
    with capture_logs() as logs:
        async with running_service(database_url, telegram=world):
            await eventually(lambda: any(call.method == "getUpdates" for call in world.calls))
            await bot.get_updates(timeout=0)  # ends the other's question, as Telegram does
            await eventually(lambda: [line for line in logs if line["event"] == "telegram.conflict"])
