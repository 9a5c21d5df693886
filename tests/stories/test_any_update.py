"""Any JSON in place of an update is stored or refused alone, holds up no other, and is quoted in no log."""

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from bot_platform.sandbox.telegram_state import Person
from bot_platform.sandbox.telegram_world import TelegramWorld
from tests.makers import RunningService, running_service

PRIVATE = "Zzprivate"  # stands in every text of a person
ODD: list[Any] = [None, True, -1, 2**70, 1.5, "", PRIVATE, [PRIVATE], {"a": {"b": PRIVATE}}]
LOST = object()
FIRST_USER, FIRST_UPDATE = 6_000_000_000, 800_000_000
HOST = "https://bot.example.org"


def message(user: int) -> dict[str, Any]:
    """Make a message that names everything that we read, and something of what we do not."""
    sender = {"id": user, "is_bot": False, "first_name": PRIVATE, "language_code": "en"}
    return {
        "message_id": 5,
        "date": 1_800_000_000,
        "chat": {"id": user, "type": "private", "first_name": PRIVATE},
        "from": sender,
        "text": f"/paysupport {PRIVATE}",
        "entities": [{"type": "bot_command", "offset": 0, "length": 11}],
        "forward_origin": {"type": "user", "date": 1, "sender_user": sender},
    }


def known(user: int) -> Iterator[dict[str, Any]]:
    """Make one update of each kind that we ask for."""
    sender = message(user)["from"]
    query = {"id": "1", "from": sender, "chat_instance": PRIVATE, "message": message(user), "data": "buy_100"}
    order = {"id": "2", "from": sender, "currency": "XTR", "total_amount": 5, "invoice_payload": PRIVATE}
    yield {"message": message(user)}
    yield {"callback_query": query}
    yield {"pre_checkout_query": order}


def places(value: object, place: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """List the fields of an object, and of the objects in it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*place, name)
            yield from places(inner, (*place, name))


def changed(update: dict[str, Any], place: tuple[str, ...], value: object) -> dict[str, Any]:
    """Copy an update with another value in one field, or without it."""
    made = copy.deepcopy(update)
    inner = made
    for name in place[:-1]:
        inner = inner[name]
    if value is LOST:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return made


def updates() -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield users and updates with one field lost, unknown or of another type; and JSON of any kind."""
    chance = random.Random(1)  # noqa: S311 -- the same ones each time
    user = FIRST_USER
    for kind in range(3):
        for place in places(list(known(0))[kind]):
            user += 1
            update = list(known(user))[kind]
            for value in (LOST, *chance.sample(ODD, 2)):
                yield user, changed(update, place, value)
            yield user, changed(update, (*place[:-1], "of_a_later_api"), {"x": PRIVATE})
    for odd in ODD:
        user += 1
        yield user, {"a_later_kind": odd}
        yield user, {"message": odd, "callback_query": odd}


def check_logs(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    printed = "".join(capsys.readouterr())
    assert "telegram.handler_failed" not in printed
    assert PRIVATE not in printed, [line for line in printed.split("\n") if PRIVATE in line][:3]
    assert PRIVATE not in caplog.text


async def check_answers(h: RunningService, users: list[int]) -> None:
    """Check that everybody's next update is handled."""
    for user in users:
        h.telegram.say(Person(id=user, first_name="Next"), "/start")
    for user in users:
        await h.said("Welcome!", Person(id=user, first_name="Next"))


async def test_polled_updates_of_any_shape_hold_up_none(
    database_url: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with running_service(database_url) as h:
        users: list[int] = []
        for number, (user, update) in enumerate(updates()):
            h.telegram.updates.pending[FIRST_UPDATE + number] = {"update_id": FIRST_UPDATE + number, **update}
            users.append(user)
        h.telegram.updates.next_id = FIRST_UPDATE + len(users)
        h.telegram.updates.notify_change()
        await check_answers(h, sorted(set(users)))
        assert not h.telegram.updates.pending
    check_logs(capsys, caplog)


async def test_posted_updates_of_any_shape_hold_up_none(
    database_url: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    telegram = TelegramWorld(allow_local_urls=True)
    mode: dict[str, Any] = {"telegram_mode": "webhook", "webapp_url": HOST, "mock_stripe_payments": True}
    async with running_service(database_url, telegram=telegram, **mode) as h:
        users: list[int] = []
        for number, (user, update) in enumerate(updates()):
            telegram.open_chat(Person(id=user, first_name="Next"))
            status = await post(h, {"update_id": FIRST_UPDATE + number, **update})
            assert status in {200, 400}, update
            users.append(user)
        for number, user in enumerate(sorted(set(users))):
            said = message(user) | {"text": "/start", "entities": []}
            del said["forward_origin"]
            assert await post(h, {"update_id": FIRST_UPDATE + len(users) + number, "message": said}) == 200
        for user in sorted(set(users)):
            await h.said("Welcome!", Person(id=user, first_name="Next"))
    check_logs(capsys, caplog)


async def post(h: RunningService, update: dict[str, Any]) -> int:
    """Post an update as Telegram does; return the status."""
    headers = {"X-Telegram-Bot-Api-Secret-Token": h.settings.telegram_secret}
    url = f"{h.url}/api/v1/telegram-webhook"
    async with h.http.post(url, data=json.dumps(update).encode(), headers=headers) as answer:
        return answer.status
