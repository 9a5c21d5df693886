"""Updates of kinds or shapes that are newer than this code: each is answered, and none holds up another."""

from typing import Any

import pytest

from tests.makers import BUYER, running_service

UNREADABLE = "That is of a kind I cannot read yet"


def _message(**changed: Any) -> dict[str, Any]:
    chat = {"id": BUYER.id, "type": "private", "first_name": BUYER.first_name}
    return {"message_id": 900, "date": 1, "chat": chat, "from": BUYER.user(), "text": "/balance"} | changed


@pytest.mark.parametrize(
    "changed",
    [
        {"entities": [{"type": "bot_command", "offset": "0", "length": {}}]},
        {"reply_to_message": {"message_id": "one"}},
        {"message_id": "900"},
        {"quote": {"position": None}},
        {"new_field": {"of": ["a", "later", {"bot": "api"}]}},
    ],
)
async def test_a_text_is_read_from_a_message_of_an_unknown_shape(
    database_url: str, changed: dict[str, Any]
) -> None:
    async with running_service(database_url) as h:
        await h.say("/start", "Welcome!")
        h.telegram.updates.add("message", _message(**changed))
        await h.said("Balance: ")


async def test_a_message_without_a_text_that_can_be_read_gets_an_answer(database_url: str) -> None:
    async with running_service(database_url) as h:
        await h.say("/start", "Welcome!")
        h.telegram.updates.add("message", _message(text={"blocks": []}, entities=7))
        await h.said(UNREADABLE)
        await h.say("/balance", "Balance: ")


async def test_an_unreadable_update_holds_up_none_of_its_batch(database_url: str) -> None:
    async with running_service(database_url) as h:
        await h.say("/start", "Welcome!")
        h.telegram.updates.add("message", {"from": "nobody", "chat": []})
        h.telegram.updates.add("callback_query", {"id": 7, "data": None})
        h.telegram.updates.add("message", _message())
        await h.said("Balance: ")


async def test_what_is_no_update_is_confirmed_and_passed_by(database_url: str) -> None:
    async with running_service(database_url) as h:
        await h.say("/start", "Welcome!")
        number = h.telegram.updates.add("message", _message())
        assert number is not None
        h.telegram.updates.pending[number - 1] = {"no": "id"}
        await h.said("Balance: ")
