"""Polled updates are confirmed only when they are stored."""

import pytest
from aiogram import Bot, Dispatcher
from tortoise.exceptions import OperationalError

from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from bot_platform.sandbox.telegram import SandboxSession
from bot_platform.sandbox.telegram_world import TelegramWorld
from bot_platform.telegram.texts import Texts
from bot_platform.telegram.update_inbox import UpdateInbox
from tests.makers import BUYER


async def test_a_database_that_cannot_write_makes_no_update_confirmed(sqlite_url: str) -> None:
    world = TelegramWorld()
    bot = Bot(world.token, session=SandboxSession(world))
    world.say(BUYER, "/balance")
    database = Database(sqlite_url)
    await database.open()
    try:
        inbox = UpdateInbox(database, bot, Dispatcher(), Texts())
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
