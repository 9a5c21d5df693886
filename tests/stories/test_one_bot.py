"""A database belongs to one bot: a second one is refused, unless it is to take the place of the first."""

from pathlib import Path

import pytest

from bot_platform.config.settings import SettingsError
from bot_platform.domain.installation import Installation
from bot_platform.flows import bot_of_database
from bot_platform.infra.database import Database
from bot_platform.sandbox.telegram_world import SANDBOX_TOKEN, TelegramWorld
from tests.commands.shell import Result, finish, start_command
from tests.makers import BUYER, free_port, running_service

FIRST = SANDBOX_TOKEN.partition(":")[0]
TOKENS = {"first": "111:first-bot-of-a-test", "second": "222:second-bot-of-a-test"}


async def test_another_bot_is_refused_in_one_line(database_url: str) -> None:
    async with running_service(database_url) as h:
        await h.say("/start", "Welcome")
    other = TelegramWorld(token=TOKENS["second"], allow_local_urls=True)
    with pytest.raises(SettingsError) as refused:
        async with running_service(database_url, telegram=other):
            pass
    (line,) = refused.value.problems
    assert line.startswith("TELEGRAM_BOT_TOKEN: is of bot 222")
    assert f"belongs to bot {FIRST}" in line
    assert "\n" not in line
    async with running_service(database_url) as h:  # the first one goes on
        await h.say("/balance", "Balance: 0.00 credits", BUYER)


async def test_a_new_token_of_the_same_bot_is_the_same_bot(database_url: str) -> None:
    for token in (SANDBOX_TOKEN, f"{FIRST}:the-one-that-botfather-gave-next"):
        world = TelegramWorld(token=token, allow_local_urls=True)
        async with running_service(database_url, telegram=world) as h:
            await h.say("/start", "elcome")


async def test_a_database_of_the_version_before_belongs_to_the_first_that_starts(database: Database) -> None:
    assert await Installation.all().count() == 0
    assert await bot_of_database.conflict(database, 7) is None
    assert await bot_of_database.conflict(database, 8) is not None
    assert await bot_of_database.conflict(database, 7) is None


async def test_a_bot_that_takes_the_place_of_another_keeps_it(database: Database) -> None:
    await bot_of_database.hand_over(database, 7)
    await bot_of_database.hand_over(database, 8)
    assert await bot_of_database.conflict(database, 8) is None
    assert await bot_of_database.conflict(database, 7) is not None


async def test_serve_ends_with_2_and_names_the_way_out(sqlite_url: str, tmp_path: Path) -> None:
    async def run(which: str, *arguments: str) -> Result:
        environment = {
            "TELEGRAM_BOT_TOKEN": TOKENS[which],
            "TELEGRAM_API_BASE": "http://127.0.0.1:9",  # nothing is asked before the refusal
            "MOCK_STRIPE_PAYMENTS": "true",
            "DATABASE_URL": sqlite_url,
            "PORT": str(free_port()),
        }
        return await finish(await start_command(*arguments, folder=tmp_path, **environment))

    made = await run("first", "migrate", "--new-bot")
    assert (made.code, made.out.splitlines()[-1]) == (0, "the database belongs to bot 111 now")
    refused = await run("second", "serve")
    assert refused.code == 2
    (line,) = refused.err.splitlines()
    assert line.startswith("TELEGRAM_BOT_TOKEN: ")
    assert line.endswith("python3 run.py migrate --new-bot")
    assert (await run("second", "migrate", "--new-bot")).code == 0
    assert (await run("first", "serve")).code == 2
