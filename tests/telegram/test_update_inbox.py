"""Polled updates are confirmed only when they are stored."""

import json
import re

import pytest
from aiogram import Bot, Dispatcher
from tortoise.exceptions import OperationalError

from bot_platform.domain.inbox import Event
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from bot_platform.sandbox.telegram import SandboxSession
from bot_platform.sandbox.telegram_world import TelegramWorld
from bot_platform.telegram.session import HttpSession
from bot_platform.telegram.update_inbox import UpdateInbox
from tests.makers import BUYER
from tests.providers.raw_server import answering, http


async def test_a_database_that_cannot_write_makes_no_update_confirmed(sqlite_url: str) -> None:
    world = TelegramWorld()
    bot = Bot(world.token, session=SandboxSession(world))
    world.say(BUYER, "/balance")
    database = Database(sqlite_url)
    await database.open()
    try:
        inbox = UpdateInbox(database, bot, Dispatcher(), commands=(), operators=())
        await query("PRAGMA query_only = ON")
        for _ in range(2):
            with pytest.raises(OperationalError):
                await inbox.poll()
        assert len(world.updates.pending) == 1
        await query("PRAGMA query_only = OFF")
        for _ in range(2):  # the second question confirms what the first one stored
            world.say(BUYER, "/balance")
            await inbox.poll()
        assert len(world.updates.pending) == 1
    finally:
        await database.close()


def _updates(*numbers: int) -> bytes:
    return http(
        200, json.dumps({"ok": True, "result": [{"update_id": number} for number in numbers]}).encode()
    )


async def test_numbers_that_begin_anew_below_the_old_ones_are_confirmed(sqlite_url: str) -> None:
    # go-telegram-bot-api/telegram-bot-api#156: after a week without an update the next has a random number; a
    # bot that kept the highest one got this update again for ever.
    database = Database(sqlite_url)
    await database.open()
    try:
        async with answering(_updates(727_334_707), _updates(), _updates(117_314_199), _updates()) as server:
            bot = Bot("1:abc", session=HttpSession(server.url, None))
            inbox = UpdateInbox(database, bot, Dispatcher(), commands=(), operators=())
            for _ in range(4):
                await inbox.poll()
            await bot.session.close()
        asked = [re.findall(rb"offset=(\d+)", request) for request in server.requests]
        assert asked == [[], [b"727334708"], [b"727334708"], [b"117314200"]]
        assert await Event.all().count() == 2
    finally:
        await database.close()
