"""Everything about an order stands where it was ordered: in its topic, as a reply to its message."""

from typing import Any

import pytest
from aiogram.types import CallbackQuery, Message

from bot_platform.sandbox.telegram_world import Fault
from bot_platform.telegram.error_replies import send_apology
from tests.makers import BUYER, RunningService, link_of, running_service
from tests.stories.test_what_is_not_read import PHOTO, serving
from tests.work.model_server import Answer, Cut, model_server
from tests.work.service_with_model import ai, give


def bots(h: RunningService, after: int = 0) -> list[dict[str, Any]]:
    return [m for m in h.telegram.messages(BUYER.id) if m["from"]["is_bot"] and m["message_id"] > after]


def places(h: RunningService, after: int) -> set[tuple[int | None, int | None]]:
    """Return in which topics the bot's messages stand, and to what they reply."""
    return {
        (m.get("message_thread_id"), m.get("reply_to_message", {}).get("message_id")) for m in bots(h, after)
    }


async def test_every_message_of_an_order_replies_to_it_in_its_topic(database_url: str) -> None:
    async with serving(database_url) as (h, server):
        server.always(Answer("A long line.\n\n" * 600, usage=(10, 5)))
        topic = h.telegram.open_topic(BUYER)
        sent = h.telegram.say(BUYER, "/ask what?", **topic)
        await h.said("✅ 0.01 credits")
        assert len(bots(h, sent["message_id"])) > 1, "the answer has several pages"
        assert places(h, sent["message_id"]) == {(topic["message_thread_id"], sent["message_id"])}


async def test_without_a_topic_an_answer_is_a_reply_too(sqlite_url: str) -> None:
    async with serving(sqlite_url) as (h, _):
        sent = h.telegram.say(BUYER, "/ask what?")
        await h.said("Like this.")
        assert places(h, sent["message_id"]) == {(None, sent["message_id"])}


async def test_what_waits_is_answered_where_it_was_ordered_even_days_later(database_url: str) -> None:
    async with serving(database_url, welcome_credits="0") as (h, _):
        topic = h.telegram.open_topic(BUYER)
        sent = h.telegram.say(BUYER, "/ask what?", **topic)
        await h.said("are missing")
        await h.clock.pass_time(400)  # what is older than five minutes is sent again
        await give(h, 1000)
        await h.said("Like this.")
        answers = [m for m in bots(h, sent["message_id"]) if "were given" not in m.get("text", "")]
        assert {m["message_thread_id"] for m in answers} == {topic["message_thread_id"]}
        assert answers[-1]["reply_to_message"]["message_id"] == sent["message_id"]


async def test_a_purchase_that_begins_in_a_topic_is_told_there(database_url: str) -> None:
    async with serving(database_url, welcome_credits="0") as (h, _):
        topic = h.telegram.open_topic(BUYER)
        sent = h.telegram.say(BUYER, "/ask what?", **topic)
        await h.press(await h.said("are missing"), "buy_100")
        link = await h.said("Please complete your purchase")
        await h.stripe.pay(link_of(link).rpartition("/")[2])
        await h.said("Payment received")
        await h.said("Like this.")
        assert {thread for thread, _ in places(h, sent["message_id"])} == {topic["message_thread_id"]}


@pytest.mark.parametrize("lost", ["message", "topic", "both"])
async def test_an_answer_whose_place_is_gone_is_sent_all_the_same(sqlite_url: str, lost: str) -> None:
    async with serving(sqlite_url) as (h, server):
        server.always(Answer("Late ", "but here.", usage=(10, 5), delay=1.0))
        topic = h.telegram.open_topic(BUYER)
        sent = h.telegram.say(BUYER, "/ask what?", **topic)
        first = await h.said("This costs up to")
        chat = h.telegram.chats[BUYER.id]
        del chat.messages[first["message_id"]]
        if lost != "topic":
            del chat.messages[sent["message_id"]]
        if lost != "message":
            chat.topics.clear()
        answer = await h.said("Late but here.")
        assert "message_thread_id" not in answer


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("/balance", "Balance: "),
        ("/jobs", "Nothing runs"),
        ("/ask", "Write what you want"),
        ("hello", "I did not understand"),
        ("/buy", "Choose a package:"),
    ],
)
async def test_each_answer_stands_in_the_topic_of_its_command(
    sqlite_url: str, said: str, answer: str
) -> None:
    async with serving(sqlite_url) as (h, _):
        topic = h.telegram.open_topic(BUYER)
        h.telegram.say(BUYER, said, **topic)
        assert (await h.said(answer))["message_thread_id"] == topic["message_thread_id"]
        h.telegram.send(BUYER, photo=PHOTO, **topic)
        unread = await h.said("only words so far")
        assert unread["message_thread_id"] == topic["message_thread_id"]


UNREADABLE: dict[str, Any] = {"text": {"blocks": []}, "entities": 7}
ODD_PRESS = {"from": {"id": BUYER.id, "is_bot": "odd", "first_name": "B"}}  # is read by its known fields


async def test_an_apology_stands_in_the_topic_of_what_it_is_for(sqlite_url: str) -> None:
    async with serving(sqlite_url) as (h, _):
        topic = h.telegram.open_topic(BUYER)
        refused = Fault(code=400, description="Bad Request: odd", chat_id=BUYER.id)
        h.telegram.fail("sendMessage", refused)
        h.telegram.say(BUYER, "/balance", **topic)
        sorry = await h.said("A server error occurred")
        assert sorry["message_thread_id"] == topic["message_thread_id"]
        h.telegram.send(BUYER, **topic, **UNREADABLE)
        sorry = await h.said("of a kind I cannot read")
        assert sorry["message_thread_id"] == topic["message_thread_id"]


async def test_an_apology_whose_topic_is_gone_stands_in_the_chat(sqlite_url: str) -> None:
    async with serving(sqlite_url) as (h, _):
        topic = h.telegram.open_topic(BUYER)
        h.telegram.chats[BUYER.id].topics.clear()
        h.telegram.say(BUYER, "/balance", **topic)
        assert "message_thread_id" not in await h.said("A server error occurred")


async def test_a_press_of_an_unknown_shape_is_answered_in_its_topic(sqlite_url: str) -> None:
    async with serving(sqlite_url) as (h, _):
        topic = h.telegram.open_topic(BUYER)
        h.telegram.say(BUYER, "/buy", **topic)
        shop = await h.said("Choose a package:")
        press = {"id": "q1", "message": shop, "data": "buy_9", "chat_instance": "1"} | ODD_PRESS
        h.telegram.updates.add("callback_query", press)
        gone = await h.said("This package is not on sale any more.")
        assert gone["message_thread_id"] == topic["message_thread_id"]


async def test_a_failed_sale_is_told_in_its_topic(sqlite_url: str) -> None:
    async with serving(sqlite_url) as (h, _):
        topic = h.telegram.open_topic(BUYER)
        h.telegram.say(BUYER, "/buy", **topic)
        shop = await h.said("Choose a package:")
        bot, texts = h.platform.services.bot, h.platform.services.texts
        message = Message.model_validate(shop)
        query = CallbackQuery.model_validate(
            {"id": "1", "from": BUYER.user(), "chat_instance": "1", "message": message, "data": "buy_100"}
        )
        await send_apology(bot, texts, query, query.from_user, "no-payment-link")
        sorry = await h.said("could not create a payment link")
        assert sorry["message_thread_id"] == topic["message_thread_id"]


async def test_a_low_balance_is_told_where_the_work_was_ordered(database_url: str) -> None:
    async with serving(database_url, low_balance="99.99") as (h, _):
        topic = h.telegram.open_topic(BUYER)
        sent = h.telegram.say(BUYER, "/ask what?", **topic)
        await h.said("Here is how to get more")
        await h.said("Like this.")
        assert places(h, sent["message_id"]) == {(topic["message_thread_id"], sent["message_id"])}


async def test_a_refund_and_a_dispute_are_told_where_the_purchase_began(database_url: str) -> None:
    async with serving(database_url, welcome_credits="0") as (h, _):
        topic = h.telegram.open_topic(BUYER)
        sent = h.telegram.say(BUYER, "/buy", **topic)
        await h.press(await h.said("Choose a package:"), "buy_100")
        session = link_of(await h.said("Please complete your purchase")).rpartition("/")[2]
        await h.stripe.pay(session)
        await h.said("Payment received")
        dispute = await h.stripe.dispute(session, 200)
        await h.said("is disputed at your bank")
        await h.stripe.move_dispute(dispute["id"], "won")
        await h.said("is settled")
        assert {thread for thread, _ in places(h, sent["message_id"])} == {topic["message_thread_id"]}


async def test_the_general_topic_is_not_named_because_telegram_refuses_its_number(sqlite_url: str) -> None:
    async with serving(sqlite_url) as (h, _):
        h.telegram.say(BUYER, "/ask what?", message_thread_id=1, is_topic_message=True)
        await h.said("Like this.")
        h.telegram.say(BUYER, "/ask and?", message_thread_id=77)  # a thread of replies, and no topic
        await h.said("Like this.")
        threads = [c.params.get("message_thread_id") for c in h.telegram.calls if c.method == "sendMessage"]
        assert set(threads) == {None}


async def test_work_that_is_ordered_again_stands_where_the_first_order_does(sqlite_url: str) -> None:
    async with (
        model_server() as server,
        running_service(sqlite_url, welcome_credits="100", **ai(server)) as h,
    ):
        server.will(Cut())
        server.always(Answer("Now it works.", usage=(10, 5)))
        await h.say("/start", "Welcome!")
        topic = h.telegram.open_topic(BUYER)
        sent = h.telegram.say(BUYER, "/ask what?", **topic)
        await h.press(await h.said("Nothing was charged"), "again:1")
        await h.said("Now it works.")
        assert places(h, sent["message_id"]) == {(topic["message_thread_id"], sent["message_id"])}


async def test_a_refused_format_is_left_out_before_the_place_is(sqlite_url: str) -> None:
    async with serving(sqlite_url) as (h, server):
        server.always(Answer("**Bold** line.\n\n" * 600, usage=(10, 5)))
        sent = h.telegram.say(BUYER, "/ask what?")
        await h.said("This costs up to")
        h.telegram.fail("sendMessage", Fault(code=400, description="Bad Request: ENTITY_INVALID"))
        await h.said("✅ 0.01 credits")
        assert places(h, sent["message_id"]) == {(None, sent["message_id"])}
