"""Whatever a person sends beside words is read, or said not to be read before anything is charged."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiogram.enums import ContentType

from bot_platform.telegram.contents import KINDS
from tests.makers import BUYER, RunningService, running_service
from tests.work.model_server import Answer, ModelServer, model_server
from tests.work.service_with_model import ai, buttons, from_bot, standing

ASK = "/ask What is on this picture?"
FILE = {"file_id": "f", "file_unique_id": "f"}
PHOTO = [FILE | {"width": 90, "height": 90}]
ELSEWHERE = {"origin": {"type": "hidden_user", "sender_user_name": "A", "date": 1}}
SPAN = FILE | {"duration": 3}
MEDIA: Mapping[str, Any] = {
    "photo": PHOTO,
    "voice": SPAN,
    "audio": SPAN,
    "video": SPAN | {"width": 9, "height": 9},
    "document": FILE,
    "paid_media": {"star_count": 5, "paid_media": []},
    "a_kind_of_next_year": {"of": "pictures"},
}
# As a message that came with each of them would say; the others come as something unreadable.
SERVICE: Mapping[str, Any] = {
    "pinned_message": {"message_id": 1, "date": 0, "chat": BUYER.chat()},
    "message_auto_delete_timer_changed": {"message_auto_delete_time": 86400},
    "forum_topic_created": {"name": "A", "icon_color": 1},
    "forum_topic_closed": {},
    "chat_background_set": {"type": {"type": "chat_theme", "theme_name": "a"}},
    "write_access_allowed": {},
    "connected_website": "example.com",
    "boost_added": {"boost_count": 1},
    "migrate_to_chat_id": -1001,
    "users_shared": {"request_id": 1, "users": []},
    "a_service_message_of_next_year": {"at": 1},
}
NOT_SERVICE = {"unknown", "any", "text", *KINDS}


@asynccontextmanager
async def serving(url: str, **changed: Any) -> AsyncIterator[tuple[RunningService, ModelServer]]:
    async with (
        model_server() as server,
        running_service(url, **({"welcome_credits": "100"} | ai(server) | changed)) as h,
    ):
        server.always(Answer("Like this.", usage=(100, 50)))
        await h.say("/start", "Welcome!")
        yield h, server


def asked(server: ModelServer) -> list[str]:
    """List the last prompt of the user in each request."""
    return [request.body["messages"][-1]["content"] for request in server.requests]


@pytest.mark.parametrize("name", MEDIA)
async def test_an_order_with_something_unread_is_not_begun_until_its_user_says_so(
    database_url: str, name: str
) -> None:
    async with serving(database_url) as (h, server):
        sent = h.telegram.send(BUYER, caption=ASK, **{name: MEDIA[name]})
        offer = await h.said("So I have not started, and nothing was charged.")
        assert offer["reply_to_message"]["message_id"] == sent["message_id"]
        assert (server.requests, await standing(h)) == ([], (10_000, 0))
        for _ in range(2):
            await h.press(offer, "words:ask")
        await h.said("Like this.")
        await h.rest()
        assert asked(server) == ["What is on this picture?"]
        assert (await standing(h))[0] == 10_000 - 3


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"photo": PHOTO}, "the picture"),
        ({"voice": SPAN}, "the recording"),
        ({"dice": {"emoji": "🎲", "value": 1}}, "everything"),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_what_comes_without_a_command_is_said_not_to_be_read(
    sqlite_url: str, content: dict[str, Any], words: str
) -> None:
    async with serving(sqlite_url) as (h, server):
        h.telegram.send(BUYER, **content)
        await h.said(f"I can read only words so far, and not {words}")
        assert server.requests == []


async def test_an_order_with_nothing_but_a_picture_cannot_go_on(sqlite_url: str) -> None:
    async with serving(sqlite_url) as (h, server):
        h.telegram.send(BUYER, photo=PHOTO, caption="/ask")
        offer = await h.said("Write what you want to know in words.")
        assert (buttons(offer), server.requests) == ([], [])


@pytest.mark.parametrize(
    ("caption", "of"), [("", 0), (ASK, 0), (ASK, 1), (ASK, 3), ("just words", 0), ("/ask", 2)]
)
async def test_an_album_gets_one_answer(database_url: str, caption: str, of: int) -> None:
    async with serving(database_url) as (h, server):
        for n in range(4):
            words = {"caption": caption} if caption and n == of else {}
            h.telegram.send(BUYER, photo=PHOTO, media_group_id="album-1", **words)
        await h.say("/balance", "Balance: 100.00")
        await h.clock.pass_time(5)
        answers = [text for text in from_bot(h) if "only words so far" in text]
        assert len(answers) == 1
        assert ("I have not started" in answers[0]) == caption.startswith("/ask")
        assert server.requests == []
        h.telegram.send(BUYER, photo=PHOTO, media_group_id="album-2")
        await h.clock.pass_time(5)
        assert len([text for text in from_bot(h) if "only words so far" in text]) == len(answers) + 1


async def test_the_message_that_an_order_replies_to_is_a_part_of_the_question(database_url: str) -> None:
    async with serving(database_url) as (h, server):
        first = h.telegram.say(BUYER, "The sky is\nblue & wide.")
        h.telegram.say(BUYER, "/ask why?", reply_to_message=first)
        await h.said("Like this.")
        assert asked(server) == ["> The sky is\n> blue & wide.\n\nwhy?"]


async def test_only_the_marked_part_of_it_is_quoted(sqlite_url: str) -> None:
    async with serving(sqlite_url) as (h, server):
        first = h.telegram.say(BUYER, "The sky is blue.")
        quote = {"text": "sky", "position": 4}
        h.telegram.say(BUYER, "/ask why?", reply_to_message=first, quote=quote)
        await h.said("Like this.")
        h.telegram.say(BUYER, "/ask", reply_to_message=first)  # it is the question itself
        await h.said("Like this.")
        await h.rest()
        assert asked(server) == ["> sky\n\nwhy?", "The sky is blue."]
        assert server.requests[1].body["messages"][-3]["content"] == "> sky\n\nwhy?", "it is remembered"


async def test_what_is_quoted_is_a_part_of_the_ceiling(sqlite_url: str) -> None:
    async with serving(sqlite_url) as (h, server):
        server.always(Answer("Slowly.", usage=(100, 50), delay=5.0))
        await h.say("/ask why?", "This costs up to 0.8")
        await h.said("Slowly.")
        long = h.telegram.say(BUYER, "x" * 4000)
        await h.clock.pass_time(3)
        h.telegram.say(BUYER, "/ask why?", reply_to_message=long)
        await h.said("This costs up to 1.0")


@pytest.mark.parametrize(
    "reply",
    [
        {"reply_to_message": {"photo": PHOTO, "caption": "This one"}},
        {"reply_to_message": {"voice": SPAN}},
        {"external_reply": ELSEWHERE},
        {"reply_to_story": {"chat": BUYER.chat(), "id": 1}},
        {"reply_to_message": {"message_id": "unreadable"}},
        {"reply_to_message": {"hologram": {"of": "a cat"}}},
        {"reply_to_message": {"hologram": {"of": "a cat"}, "caption": "This one"}},
        {"reply_to_message": {"dice": {"emoji": "🎲", "value": 1}}},
        {"reply_to_message": {"hologram": {"of": "a cat"}}, "quote": {"text": "a cat", "position": 1}},
        {"external_reply": ELSEWHERE | {"hologram": {}}, "quote": {"text": "a cat", "position": 1}},
        {"external_reply": ELSEWHERE | {"photo": PHOTO}, "quote": {"text": "a cat", "position": 1}},
        {"reply_to_hologram": {"id": 1}},
        {"quote": {"position": None}},
    ],
    ids=lambda reply: str(reply)[:50],
)
async def test_a_reply_to_what_cannot_be_read_is_not_ordered_as_if_it_could(
    sqlite_url: str, reply: dict[str, Any]
) -> None:
    message = {"message_id": 3, "date": 1, "chat": BUYER.chat(), "from": BUYER.user()}
    if "reply_to_message" in reply:
        reply = reply | {"reply_to_message": message | reply["reply_to_message"]}
    async with serving(sqlite_url) as (h, server):
        h.telegram.say(BUYER, "/ask why?", **reply)
        offer = await h.said("So I have not started, and nothing was charged.")
        assert (buttons(offer), server.requests) == (["words:ask"], [])


@pytest.mark.parametrize("part", [3600, 2100])  # two parts may be shorter than one message can be
async def test_a_cut_text_beside_something_unread_is_not_ordered_by_its_first_part(
    database_url: str, part: int
) -> None:
    async with serving(database_url) as (h, server):
        picture = h.telegram.send(BUYER, photo=PHOTO)
        h.telegram.say(BUYER, "/ask " + "x" * part, reply_to_message=picture)
        h.telegram.say(BUYER, "y" * 900)
        offer = await h.said("please send them again, and nothing with them.")
        await h.rest()
        assert (buttons(offer), server.requests) == ([], [])
        await h.clock.pass_time(5)
        h.telegram.say(BUYER, "/ask " + "x" * part)
        h.telegram.say(BUYER, "y" * 900)
        await h.said("Like this.")
        assert asked(server) == ["x" * part + "\n" + "y" * 900]


async def test_a_cut_text_of_an_unknown_shape_is_not_ordered_by_its_first_part(sqlite_url: str) -> None:
    async with serving(sqlite_url) as (h, server):
        h.telegram.say(BUYER, "/ask " + "x" * 3600, quote={"position": None})
        h.telegram.say(BUYER, "y" * 900)
        await h.said("please send them again, and nothing with them.")
        assert server.requests == []


@pytest.mark.parametrize("order_of", [0, 1, 2])
async def test_an_order_with_an_album_of_several_captions_is_not_begun_with_one_of_them(
    database_url: str, order_of: int
) -> None:
    async with serving(database_url) as (h, server):
        for n in range(3):
            caption = ASK if n == order_of else f"This is number {n}."
            h.telegram.send(BUYER, photo=PHOTO, media_group_id="album-1", caption=caption)
        offer = await h.said("please send them again, and nothing with them.")
        await h.clock.pass_time(5)
        assert (buttons(offer), server.requests) == ([], [])
        assert len([text for text in from_bot(h) if "only words so far" in text]) == 1


async def test_an_album_for_the_operator_gets_one_answer(sqlite_url: str) -> None:
    async with serving(sqlite_url, admin_telegram_ids="5000000009") as (h, _):
        before = len(from_bot(h))
        for words in ({}, {"caption": "/paysupport I paid twice"}, {}):
            h.telegram.send(BUYER, photo=PHOTO, media_group_id="album-1", **words)
        await h.said("Only your words were passed on, and not the picture.")
        await h.clock.pass_time(5)
        assert len(from_bot(h)) == before + 1


async def test_words_that_are_there_no_more_are_asked_for_again(sqlite_url: str) -> None:
    async with serving(sqlite_url) as (h, server):
        h.telegram.send(BUYER, photo=PHOTO, caption=ASK)
        offer = await h.said("So I have not started")
        del h.telegram.chats[BUYER.id].messages[offer["message_id"]]["reply_to_message"]
        await h.press(offer, "words:ask")
        await h.said("I no longer find your message.")
        assert server.requests == []


@pytest.mark.parametrize("name", ["forum_topic_created", "pinned_message", "users_shared", "boost_added"])
async def test_a_service_message_that_counts_as_replied_to_holds_nothing_to_read(
    sqlite_url: str, name: str
) -> None:
    replied = {"message_id": 3, "date": 1, "chat": BUYER.chat(), "from": BUYER.user(), name: SERVICE[name]}
    async with serving(sqlite_url) as (h, server):
        h.telegram.say(BUYER, "/ask why?", reply_to_message=replied)
        await h.said("Like this.")
        assert asked(server) == ["why?"]


async def test_a_picture_for_the_operator_is_said_not_to_be_passed_on(sqlite_url: str) -> None:
    async with serving(sqlite_url, admin_telegram_ids="5000000009") as (h, _):
        h.telegram.send(BUYER, photo=PHOTO, caption="/paysupport I paid twice, see here")
        answer = await h.said("Your question is with the operator")
        assert "Only your words were passed on, and not the picture." in answer["text"]


@pytest.mark.parametrize("name", sorted({c.value for c in ContentType} - NOT_SERVICE | SERVICE.keys()))
async def test_a_service_message_gets_no_answer(sqlite_url: str, name: str) -> None:
    async with serving(sqlite_url) as (h, _):
        before = len(from_bot(h))
        odd: tuple[Any, ...] = (SERVICE.get(name, {"odd": 1}), {"odd": []})
        for content in odd:
            h.telegram.send(BUYER, **{name: content})
        await h.say("/balance", "Balance: 100.00")
        assert len(from_bot(h)) == before + 1


async def test_an_edited_message_gets_no_answer(sqlite_url: str) -> None:
    async with serving(sqlite_url) as (h, server):
        sent = h.telegram.say(BUYER, "/ask why?")
        await h.said("Like this.")
        before = len(from_bot(h))
        h.telegram.updates.allowed = frozenset()  # as after another program has set it
        for edit in ("edited_message", "edited_message", "message_reaction"):
            h.telegram.updates.add(edit, sent | {"text": "/ask why not?", "edit_date": 1})
        await h.say("/balance", "Balance: 99.97")
        assert (len(from_bot(h)), len(server.requests)) == (before + 1, 1)


async def test_a_forwarded_message_is_answered_with_the_way_to_ask_about_it(sqlite_url: str) -> None:
    origin = {"type": "hidden_user", "sender_user_name": "A", "date": 1}
    async with serving(sqlite_url) as (h, server):
        sent = h.telegram.say(BUYER, "Something from elsewhere.", forward_origin=origin)
        await h.said("reply to it with /ask")
        h.telegram.say(BUYER, "/ask is it true?", reply_to_message=sent)
        await h.said("Like this.")
        assert asked(server) == ["> Something from elsewhere.\n\nis it true?"]
