"""What a person writes or presses is answered after a fault, or given up in words, and never in silence."""

from collections.abc import Sequence
from typing import Any

import pytest

from bot_platform.domain import attention
from bot_platform.domain.attention import Finding
from bot_platform.domain.inbox import Event
from bot_platform.infra.clock import now
from bot_platform.infra.database import Database
from bot_platform.sandbox.telegram_state import Person
from bot_platform.sandbox.telegram_world import BAD_GATEWAY, Fault
from bot_platform.telegram.update_inbox import MAX_ATTEMPTS, PASSING_SECONDS
from tests.makers import BUYER, RunningService, running_service
from tests.reliability.platforms import in_database
from tests.work.service_with_model import rows

OPERATOR = Person(id=5_000_000_009, first_name="Operator")
OTHER = Person(id=5_000_000_002, first_name="Other buyer")
SORRY = "A server error occurred."
ADMINS: dict[str, Any] = {"admin_telegram_ids": str(OPERATOR.id)}
DOWN = [
    Fault(code=502, page=BAD_GATEWAY, times=None),
    Fault(code=500, description="Internal Server Error", times=None),
    Fault(network_error=True, times=None),
    Fault(code=429, description="Too Many Requests", retry_after=20, times=None),
]


def alerts(h: RunningService) -> list[str]:
    return [text for text in h.texts(OPERATOR) if "is given up" in text]


async def findings(h: RunningService) -> Sequence[Finding]:
    async def read(_: Database) -> Sequence[Finding]:
        return await attention.findings()

    return await in_database(h.settings.database_url, read)


async def killing(h: RunningService, who: Person, number: int, **message: Any) -> None:
    """Store an update whose handling has ended the process each time so far."""
    about = {"message_id": 5, "date": 1, "chat": who.chat(), "from": who.user(), "text": "/balance"}
    payload = {"update_id": number, "message": about | message}
    row = Event(key=f"tg:{number}", type="telegram", payload=payload, lane=who.id, attempts=MAX_ATTEMPTS)

    async def save(_: Database) -> None:
        await row.save()

    await in_database(h.settings.database_url, save)


@pytest.mark.parametrize("fault", DOWN, ids=["a page", "an error", "no network", "a flood"])
async def test_two_minutes_in_which_nothing_can_be_sent_lose_no_answer(
    database_url: str, fault: Fault
) -> None:
    async with running_service(database_url) as h:
        h.telegram.fail("sendMessage", fault)
        h.telegram.say(BUYER, "/start")
        h.telegram.say(BUYER, "/balance")
        await h.clock.pass_time(150)
        assert not [m for m in h.telegram.messages(BUYER.id) if m["from"]["is_bot"]]
        h.telegram.clear_faults()
        await h.said("Welcome!")
        await h.said("Balance: 0.00")
        assert not any(SORRY in text for text in h.texts())


async def test_after_hours_a_person_is_asked_to_try_again_and_operators_read_it_once(
    database_url: str,
) -> None:
    async with running_service(database_url, **ADMINS) as h:
        for who in (OPERATOR, BUYER, OTHER):
            await h.say("/start", "Welcome!", who)
        topic = h.telegram.open_topic(BUYER)
        for who in (BUYER, OTHER):
            h.telegram.fail("sendMessage", Fault(code=502, page=BAD_GATEWAY, chat_id=who.id, times=None))
        sent = h.telegram.say(BUYER, "/balance", **topic)
        h.telegram.say(OTHER, "/balance")
        await h.clock.pass_time(40)
        h.clock.move(PASSING_SECONDS)
        await h.said("is given up: Telegram has not taken the answer for hours.", OPERATOR)
        h.telegram.clear_faults()
        sorry = await h.said(SORRY)
        await h.said(SORRY, OTHER)
        assert sorry["message_thread_id"] == topic["message_thread_id"]
        assert sorry["reply_to_message"]["message_id"] == sent["message_id"]
        await h.rest()
        assert len(alerts(h)) == 1
        assert sum(SORRY in text for text in h.texts()) == 1
        await h.say("/admin", f"What {BUYER.id} wrote or pressed was given up", OPERATOR)
        await h.say("/balance", "Balance: 0.00")


async def test_an_update_that_ends_the_process_each_time_is_given_up_in_words(database_url: str) -> None:
    async with running_service(database_url, **ADMINS) as h:
        for who in (OPERATOR, BUYER, OTHER):
            await h.say("/start", "Welcome!", who)
        await killing(h, BUYER, 900_001)
        await h.said(SORRY)
        await killing(h, OTHER, 900_002)
        await h.said(SORRY, OTHER)
        assert "the program broke" in (await h.said("is given up", OPERATOR))["text"]
        await h.rest()
        assert len(alerts(h)) == 1
        h.clock.move(24 * 3600)
        await killing(h, BUYER, 900_003)
        await h.clock.pass_time(5)
        assert len(alerts(h)) == 2, "once a day"


async def test_nobody_is_written_to_in_a_group(sqlite_url: str) -> None:
    async with running_service(sqlite_url, **ADMINS) as h:
        for who in (OPERATOR, BUYER):
            await h.say("/start", "Welcome!", who)
        await killing(h, BUYER, 900_001, chat={"id": -100, "type": "group"})
        alert = await h.said("What somebody wrote or pressed is given up", OPERATOR)
        assert "reply_markup" not in alert
        assert not any(SORRY in text for text in h.texts())


async def test_operators_read_once_that_this_version_cannot_read_what_came(sqlite_url: str) -> None:
    async with running_service(sqlite_url, **ADMINS) as h:
        for who in (OPERATOR, BUYER):
            await h.say("/start", "Welcome!", who)
        for _ in range(2):
            message = {"message_id": 9, "date": 1, "chat": BUYER.chat(), "from": BUYER.user()}
            h.telegram.updates.add("message", message | {"text": {"blocks": []}, "entities": 7})
            h.telegram.updates.add("message", message | {"pinned_message": 7, "entities": 7})
        alert = await h.said("this version cannot read it", OPERATOR)
        await h.clock.pass_time(5)
        assert (len(alerts(h)), str(BUYER.id) in alert["text"]) == (1, True)
        assert sum("of a kind I cannot read" in text for text in h.texts()) == 2
        assert await findings(h) == [], "its sender was asked for a text"


async def test_what_was_given_up_needs_a_look_while_its_row_is_kept(database_url: str) -> None:
    async with running_service(database_url) as h:
        await h.say("/start", "Welcome!")
        await killing(h, BUYER, 900_001)
        await h.said(SORRY)
        (one,) = await findings(h)
        assert (one.kind, one.number, one.why) == ("update", BUYER.id, "stopped")
        assert one.at <= now()
        (row,) = await rows(h, "SELECT state, payload FROM event WHERE key = 'tg:900001'")
        assert (row["state"], row["payload"]) == ("failed", None)
