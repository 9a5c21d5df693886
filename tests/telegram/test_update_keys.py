"""The number of an update may come again, for another person or another bot, and silences nobody."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiogram import Bot

from bot_platform.domain import inbox, packages, users
from bot_platform.domain.inbox import Event, EventState
from bot_platform.domain.jobs import Job
from bot_platform.domain.purchases import Purchase
from bot_platform.infra.clock import now
from bot_platform.infra.database import Database
from bot_platform.sandbox.telegram import SandboxSession
from bot_platform.sandbox.telegram_state import Person
from bot_platform.sandbox.telegram_world import TelegramWorld
from bot_platform.telegram.dispatcher import dispatcher
from bot_platform.telegram.texts import Texts
from bot_platform.telegram.update_inbox import UpdateInbox, read
from bot_platform.work.engine.kind import JobContext, kind
from tests.makers import orders, payments, person

BUYERS = (77, 78)
TOKEN = "7:first-bot"


@kind("chore", "does a chore", price=1, needs_model=False)
async def chore(_: JobContext) -> str:
    """Do nothing."""
    return "done"


def message(update_id: int, sender: int, text: str, **more: Any) -> dict[str, Any]:
    who = {"id": sender, "is_bot": False, "first_name": "Somebody", "language_code": "en"}
    chat = {"id": sender, "type": "private", "first_name": "Somebody"}
    said = {"message_id": update_id, "date": 1, "chat": chat, "from": who, "text": text} | more
    return {"update_id": update_id, "message": said}


def press(update_id: int, sender: int, data: str) -> dict[str, Any]:
    shown = message(update_id, sender, "packages")["message"]
    query = {
        "id": str(update_id),
        "from": shown["from"],
        "chat_instance": "1",
        "message": shown,
        "data": data,
    }
    return {"update_id": update_id, "callback_query": query}


class Installed:
    """An inbox with the dispatcher of the service behind it."""

    def __init__(self, database: Database, token: str) -> None:
        self.world = world = TelegramWorld(token=token)
        for buyer in BUYERS:
            world.say(Person(id=buyer, first_name="Somebody"), "/start")
        self.bot = Bot(token, session=SandboxSession(world))
        built = dispatcher(
            database=database,
            payments=payments(database),
            orders=orders(database, chore)[0],
            prices=packages.BUILT_IN,
            texts=Texts(),
            welcome_credits=0,
        )
        self.inbox = UpdateInbox(database, self.bot, built, commands=(), operators=())

    async def handle_all(self) -> None:
        """Handle what is stored, as the worker does."""
        worker = self.inbox.worker()
        while rows := await inbox.claim(inbox.UPDATES, 10):
            for row in rows:
                await worker._handle(row)  # noqa: SLF001 -- without the loop around it


@asynccontextmanager
async def installed(database: Database, token: str = TOKEN) -> AsyncIterator[Installed]:
    built = Installed(database, token)
    try:
        yield built
    finally:
        await built.bot.session.close()


async def test_a_press_with_the_number_of_somebody_elses_is_a_purchase_of_its_own(database: Database) -> None:
    # php-telegram-bot/core#659: after a silence the numbers begin anew, below those that were used.
    buyers = [await person(database, buyer) for buyer in BUYERS]
    async with installed(database) as here:
        for buyer in BUYERS:
            await here.inbox.store([press(5, buyer, "buy_100")])
            await here.handle_all()
    assert {sale.user_id for sale in await Purchase.all()} == {user.id for user in buyers}
    assert await Event.filter(state=EventState.HANDLED).count() == 2


async def test_orders_with_one_number_are_an_order_of_each(database: Database) -> None:
    buyers = [await person(database, buyer, 100) for buyer in BUYERS]
    async with installed(database) as here:
        await here.inbox.store([message(5, buyer, "/chore please") for buyer in BUYERS])
        await here.handle_all()
        await here.inbox.store([message(5, BUYERS[0], "/chore please")])
        await here.handle_all()
    assert sorted([job.user_id for job in await Job.all()]) == sorted([user.id for user in buyers])


async def test_a_repeated_update_is_stored_once(database: Database) -> None:
    await person(database, 77)
    async with installed(database) as here:
        for _ in range(3):
            await here.inbox.store([press(5, 77, "buy_100"), press(5, 77, "buy_100")])
            await here.handle_all()
    assert await Event.all().count() == 1
    assert await Purchase.all().count() == 1


async def test_two_bots_of_one_database_have_numbers_of_their_own(database: Database) -> None:
    # The second one took the place of the first, and its numbers begin anywhere.
    await person(database, 77)
    for token in ("7:first-bot", "8:second-bot"):
        async with installed(database, token) as here:
            await here.inbox.store([message(5, 77, "/chore please")])
            await here.handle_all()
    assert await Job.all().count() == 2


async def test_a_new_token_of_the_same_bot_knows_what_was_stored(database: Database) -> None:
    await person(database, 77)
    for token in ("7:first-token", "7:second-token"):
        async with installed(database, token) as here:
            await here.inbox.store([message(5, 77, "/chore please")])
            await here.handle_all()
    assert await Job.all().count() == 1


@pytest.mark.parametrize("handled", [True, False], ids=["handled", "waiting"])
async def test_an_update_that_the_version_before_stored_is_handled_once(
    database: Database, *, handled: bool
) -> None:
    await person(database, 77, 100)
    update = message(5, 77, "/chore please")
    row = await inbox.receive("tg:5", "telegram", update, lane=77)
    assert row
    if handled:
        await inbox.finish(row, EventState.HANDLED, erase=True)
    async with installed(database) as here:
        await here.inbox.store([update])
        await here.handle_all()
    assert await Event.all().count() == 1
    assert await Job.filter(request_key="tg:5").count() == await Job.all().count() == (0 if handled else 1)


async def test_an_order_that_the_version_before_began_is_not_made_again(database: Database) -> None:
    # It had ordered, and was killed before it marked the update.
    user = await person(database, 77, 100)
    update = message(5, 77, "/chore please")
    await orders(database, chore)[0].order(user, "chore", "please", "tg:5")
    await inbox.receive("tg:5", "telegram", update, lane=77)
    async with installed(database) as here:
        await here.handle_all()
    assert await Job.all().count() == 1


async def test_somebody_elses_update_with_a_number_of_the_version_before_is_handled(
    database: Database,
) -> None:
    await person(database, 78, 100)
    row = await inbox.receive("tg:5", "telegram", {}, lane=77)
    assert row
    await inbox.finish(row, EventState.HANDLED, erase=True)
    async with installed(database) as here:
        await here.inbox.store([message(5, 78, "/chore please")])
        await here.handle_all()
    assert await Job.all().count() == 1


async def test_an_album_of_any_name_is_answered_once(database: Database) -> None:
    await person(database, 77)
    photo = [{"file_id": "f" * 300, "file_unique_id": "u", "width": 1, "height": 1}]
    async with installed(database) as here:
        for n in range(3):
            shown = message(n, 77, "", photo=photo, media_group_id="m" * 400, caption="")
            del shown["message"]["text"]
            await here.inbox.store([shown])
        await Event.all().update(received_at=now() - timedelta(seconds=5))  # all of the album is here
        await here.handle_all()
    assert await Event.filter(state=EventState.HANDLED).count() == 3


@pytest.mark.parametrize(
    "odd",
    [
        {"language_code": "x" * 500},
        {"language_code": "\ud800"},
        {"username": "u" * 500},
        {"first_name": "\0" * 10},
    ],
    ids=["long language", "half a pair", "long name", "NUL"],
)
async def test_a_person_with_odd_fields_gets_an_account(database: Database, odd: dict[str, str]) -> None:
    said = message(5, 79, "/start")
    said["message"]["from"] |= odd
    async with installed(database) as here:
        await here.inbox.store([read(json.dumps(said).encode())])
        await here.handle_all()
    assert await users.find(79)


@pytest.mark.parametrize("name", ["message_id", "message_thread_id", "date"])
@pytest.mark.parametrize("number", [2**31, 2**53, 2**63, 2**200, -1, 0])
async def test_an_order_with_odd_numbers_is_made_or_apologised_for(
    database: Database, name: str, number: int
) -> None:
    await person(database, 77, 100)
    said = message(5, 77, "/chore please", **{"is_topic_message": True, name: number})
    async with installed(database) as here:
        await here.inbox.store([read(json.dumps(said).encode())])
        await here.handle_all()
        answers = [one.get("text", "") for one in here.world.messages(77) if one["from"]["is_bot"]]
    assert await Event.filter(state=EventState.RECEIVED).count() == 0
    assert await Job.all().count() == 1 or answers
