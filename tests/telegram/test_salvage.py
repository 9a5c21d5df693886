"""What can be read of an update that does not fit aiogram's types is read, whatever else it holds."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from aiogram.types import Update
from hypothesis import given
from hypothesis import strategies as st

from bot_platform.telegram.salvage import salvage, sender_id

SENDER = {"id": 77, "is_bot": False, "first_name": "Buyer", "language_code": "en"}
CHAT = {"id": 77, "type": "private", "first_name": "Buyer"}
MESSAGE = {"message_id": 5, "date": 1_800_000_000, "chat": CHAT, "from": SENDER, "text": "/ask why?"}
TEXT = {"update_id": 9, "message": MESSAGE}
PRESS = {
    "update_id": 9,
    "callback_query": {
        "id": "1",
        "from": SENDER,
        "chat_instance": "1",
        "message": MESSAGE,
        "data": "buy_100",
    },
}
ODD: list[Any] = [None, True, 0, -1, 2**70, 1.5, "", "text", [], [1], {}, {"a": 1}]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["update_id", "message", "callback_query", "from", "chat", "text", "id", "data", "is_bot"]
)


def _paths(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*path, name)
            yield from _paths(inner, (*path, name))


def _changed(
    update: dict[str, Any], path: tuple[str, ...], value: object, *, drop: bool = False
) -> dict[str, Any]:
    made = copy.deepcopy(update)
    inner = made
    for name in path[:-1]:
        inner = inner[name]
    if drop:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return made


@pytest.mark.parametrize("update", [TEXT, PRESS], ids=["text", "press"])
def test_a_readable_update_is_read(update: dict[str, Any]) -> None:
    found = salvage(update)
    assert found
    Update.model_validate(found)
    assert (sender_id(found), sender_id(update)) == (77, 77)


@pytest.mark.parametrize(
    "broken",
    [
        {"forward_origin": {"type": "hidden_user", "date": 1422450181}},
        {"forward_origin": {"type": "a new kind"}},
        {"entities": [{"type": "bold"}]},
        {"reply_to_message": {"message_id": "no number"}},
        {"quote": 5},
        {"via_bot": {}},
        {"photo": [{"file_id": 1}]},
    ],
    ids=str,
)
def test_a_field_that_cannot_be_read_hides_no_question(broken: dict[str, Any]) -> None:
    found = salvage({"update_id": 9, "message": MESSAGE | broken})
    assert found
    assert Update.model_validate(found).message.text == "/ask why?"  # type: ignore[union-attr]  # it is a message


@pytest.mark.parametrize("update", [TEXT, PRESS], ids=["text", "press"])
def test_with_any_one_field_lost_or_odd_it_is_read_or_given_up_and_never_breaks(
    update: dict[str, Any],
) -> None:
    for path in _paths(update):
        for variant in [
            _changed(update, path, None, drop=True),
            *(_changed(update, path, odd) for odd in ODD),
        ]:
            found = salvage(variant)
            if found is not None:
                Update.model_validate(found)
            sender_id(variant)


@given(st.dictionaries(NAMES | st.text(max_size=5), JSON, max_size=5))
def test_any_json_object_is_read_or_given_up(update: dict[str, Any]) -> None:
    found = salvage(update)
    if found is not None:
        Update.model_validate(found)
    sender_id(update)


@pytest.mark.parametrize("date", [253_402_300_800, 2**40, 10**12, 2**63, -1, 1.5, "today", True])
def test_a_date_that_no_calendar_has_hides_no_question(date: object) -> None:
    found = salvage({"update_id": 9, "message": MESSAGE | {"date": date}})
    assert found
    assert Update.model_validate(found).message.date.year in range(1970, 2300)  # type: ignore[union-attr]  # it is a message


@pytest.mark.parametrize(
    ("chat", "kind"),
    [
        ({"id": -1001, "type": "community"}, "group"),
        ({"id": -1001, "type": None}, "group"),
        ({"id": 78, "type": "private_v2"}, "group"),
        ({"id": 77, "type": "private_v2"}, "private"),
        ({"type": "private"}, "private"),
        ({}, "private"),
    ],
    ids=repr,
)
def test_a_chat_of_an_unknown_type_is_private_only_if_it_is_the_sender_s_own(
    chat: dict[str, Any], kind: str
) -> None:
    found = salvage({"update_id": 9, "message": MESSAGE | {"chat": chat}})
    assert found
    assert found["message"]["chat"]["type"] == kind


@pytest.mark.parametrize("chat", [{"id": -1001, "type": "supergroup"}, {"id": 78, "type": "community"}])
def test_nobody_is_apologised_to_for_what_was_written_in_a_group(chat: dict[str, Any]) -> None:
    assert sender_id({"update_id": 9, "message": {"from": SENDER, "chat": chat, "photo": 5}}) is None


def test_the_topic_of_a_message_is_kept() -> None:
    topic = {"message_thread_id": 12, "is_topic_message": True}
    found = salvage({"update_id": 9, "message": MESSAGE | topic})
    assert found
    assert found["message"].items() >= topic.items()


def test_an_update_without_words_has_a_sender_to_apologise_to() -> None:
    photo = {"update_id": 9, "message": {"from": SENDER, "photo": 5}}
    assert (salvage(photo), sender_id(photo)) == (None, 77)
    assert sender_id({"update_id": 9, "message": {"from": SENDER | {"is_bot": True}}}) is None
