"""Telegram answers in shapes that are newer than this code: nothing is lost, and nothing is said twice."""

import json

import pytest

from bot_platform.sandbox.telegram_state import Person
from bot_platform.sandbox.telegram_world import Fault, TelegramWorld
from tests.makers import BUYER, eventually, running_service
from tests.telegram.odd_answers import Odd, OddSession
from tests.work.model_server import Answer, model_server
from tests.work.service_with_model import ai

OPERATOR = Person(id=5_000_000_009, first_name="Operator")
SENT = Odd(200, json.dumps({"ok": True, "result": {"message_id": 7, "date": "yesterday"}}), done=True)
NO_ERROR = "A server error occurred"


def world() -> tuple[TelegramWorld, OddSession]:
    telegram = TelegramWorld(allow_local_urls=True)
    return telegram, OddSession(telegram)


async def test_an_answer_that_arrived_is_not_followed_by_an_apology(database_url: str) -> None:
    telegram, session = world()
    async with running_service(database_url, telegram=telegram, session=session) as h:
        shop = await h.say("/start", "Welcome!")
        session.answer("sendMessage", SENT)
        await h.say("/balance", "Balance: 0.00")
        h.stripe.faults.answer("/v1/checkout/sessions", 400)
        session.answer("sendMessage", SENT)
        await h.press(shop, "buy_100")
        await h.said("could not create a payment link")
        await h.rest()
        assert not any(NO_ERROR in text for text in h.texts())
        assert sum("could not create" in text for text in h.texts()) == 1
        assert sum("Balance: 0.00" in text for text in h.texts()) == 1


@pytest.mark.parametrize(
    "odd",
    [
        Odd(400, '{"ok": false, "error_code": 400, "description": ["not", "a", "text"]}'),
        Odd(403, '{"ok": [], "error_code": 403, "description": "x"}'),
        Odd(400, '{"ok": false, "error_code": 400}'),
        Odd(413, '{"ok": false, "error_code": 413, "parameters": "none"}'),
    ],
    ids=lambda odd: odd.body[:60],
)
async def test_an_undecodable_refusal_ends_its_notice_and_not_its_chat(sqlite_url: str, odd: Odd) -> None:
    telegram, session = world()
    async with running_service(
        sqlite_url,
        telegram=telegram,
        session=session,
        mock_stripe_payments=True,
        admin_telegram_ids=str(OPERATOR.id),
    ) as h:
        await h.say("/start", "Welcome!", OPERATOR)
        shop = await h.say("/start", "Welcome!")
        session.answer("sendMessage", odd)
        await h.press(shop, "buy_100")
        await eventually(lambda: session.plan.calls)
        if odd.status != 403:
            await h.said("could not be sent, and is given up", OPERATOR)
        await h.say("/balance", "Balance: 100.00")
        assert len(session.plan.calls) == 1


@pytest.mark.parametrize("code", [401, 418, 429])
async def test_a_fault_without_a_description_is_waited_out(sqlite_url: str, code: int) -> None:
    telegram, session = world()
    async with running_service(
        sqlite_url, telegram=telegram, session=session, mock_stripe_payments=True
    ) as h:
        shop = await h.say("/start", "Welcome!")
        for _ in range(5):  # more than a broken notice is tried
            session.answer("sendMessage", Odd(code, json.dumps({"ok": False, "error_code": code})))
        await h.press(shop, "buy_100")
        await h.said("New balance: 100.00")


async def test_an_answer_sent_anew_whose_result_cannot_be_read_is_sent_once(sqlite_url: str) -> None:
    telegram, session = world()
    async with (
        model_server() as server,
        running_service(
            sqlite_url, telegram=telegram, session=session, welcome_credits="100", **ai(server)
        ) as h,
    ):
        server.always(Answer("Late ", "but here.", usage=(10, 5), delay=1.0))
        await h.say("/start", "Welcome!")
        first = await h.say("/ask what?", "This costs up to")
        del telegram.chats[BUYER.id].messages[first["message_id"]]
        session.answer("sendMessage", SENT)
        await h.said("Late but here.")
        await h.clock.pass_time(20)
        assert sum("Late but here." in text for text in h.texts()) == 1


async def test_a_final_text_refused_for_its_format_is_edited_without_it_at_once(sqlite_url: str) -> None:
    telegram, session = world()
    async with (
        model_server() as server,
        running_service(
            sqlite_url, telegram=telegram, session=session, welcome_credits="100", **ai(server)
        ) as h,
    ):
        server.always(Answer("**Bold** words.", usage=(10, 5)))
        await h.say("/start", "Welcome!")
        refused = Fault(code=400, description="Bad Request: ENTITY_TEXT_INVALID", chat_id=BUYER.id)
        before = len(telegram.calls)
        telegram.fail("editMessageText", refused)
        await h.say("/ask what?", "This costs up to")
        answer = await h.said("Bold words.")
        assert "entities" not in answer
        made = [call.method for call in list(telegram.calls)[before:]]
        assert made.count("sendMessage") == 1, "the message that says it is on it"
