"""What Telegram refuses for good is sent in another way, or reaches the operators once, with what to do."""

from typing import Any

import pytest

from bot_platform.sandbox.telegram_state import Person
from bot_platform.sandbox.telegram_world import MESSAGE_ID_INVALID, Fault
from tests.makers import BUYER, RunningService, eventually, running_service
from tests.stories.test_what_is_not_read import serving
from tests.work.model_server import Answer
from tests.work.service_with_model import buttons, give

OPERATOR = Person(id=5_000_000_009, first_name="Operator")
ADMINS: dict[str, Any] = {"admin_telegram_ids": str(OPERATOR.id)}
LOST = "could not be sent, and is given up"
ODD = "Bad Request: odd"
SLOW = Answer("Late ", "but here.", usage=(10, 5), delay=1.0)


def lost(h: RunningService) -> list[str]:
    return [text for text in h.texts(OPERATOR) if LOST in text]


async def metrics(h: RunningService) -> str:
    async with h.http.get(f"{h.url}/metrics") as answer:
        return await answer.text()


@pytest.mark.parametrize(
    "refusal",
    [
        MESSAGE_ID_INVALID,
        "Bad Request: message can't be edited",
        "Bad Request: MESSAGE_AUTHOR_REQUIRED",
        "Bad Request: message to edit not found",
        "Bad Request: a refusal of next year",
        "",
    ],
)
async def test_an_answer_whose_edit_is_refused_for_good_becomes_a_new_message(
    database_url: str, refusal: str
) -> None:
    async with serving(database_url, **ADMINS) as (h, server):
        await h.say("/start", "Welcome!", OPERATOR)
        server.always(SLOW)
        first = await h.say("/ask what?", "This costs up to")
        h.telegram.fail("editMessageText", Fault(code=400, description=refusal, times=None))
        answer = await h.said("Late but here.")
        await h.clock.pass_time(10)
        assert answer["message_id"] > first["message_id"]
        assert sum("Late but here." in text for text in h.texts()) == 1
        assert lost(h) == []


async def test_an_edit_that_changes_nothing_is_no_new_message(sqlite_url: str) -> None:
    async with serving(sqlite_url) as (h, server):
        server.always(SLOW)
        await h.say("/ask what?", "This costs up to")
        same = "Bad Request: message is not modified: the content is the same"
        h.telegram.fail("editMessageText", Fault(code=400, description=same, times=None))
        await h.clock.pass_time(10)
        assert not any("Late but here." in text for text in h.texts()), "Telegram says that it is there"


@pytest.mark.parametrize("method", ["editMessageText", "sendMessage"])
async def test_a_refused_draft_alarms_nobody(database_url: str, method: str) -> None:
    async with serving(database_url, **ADMINS) as (h, server):
        await h.say("/start", "Welcome!", OPERATOR)
        server.always(Answer(*["A long line. "] * 20, usage=(10, 5), delay=0.5))
        h.telegram.fail(method, Fault(code=400, description=ODD, chat_id=BUYER.id))
        h.telegram.say(BUYER, "/ask what?")
        await h.said("✅ 0.01 credits")
        assert h.telegram._faults == []  # noqa: SLF001 -- the fault was met
        assert "bot_alerts_lost_total{" not in await metrics(h)
        assert lost(h) == []
        assert "Needs a look" not in (await h.say("/admin", "Today, until", OPERATOR))["text"]


async def test_a_refused_line_that_was_left_behind_needs_no_look(sqlite_url: str) -> None:
    async with serving(sqlite_url, welcome_credits="0", **ADMINS) as (h, _):
        await h.say("/start", "Welcome!", OPERATOR)
        await h.say("/ask what?", "are missing")
        await h.clock.pass_time(400)  # what is older than five minutes is sent again below
        h.telegram.fail("editMessageText", Fault(code=400, description=ODD, times=None))
        await give(h, 1000)
        await h.said("Like this.")
        await h.clock.pass_time(5)
        assert "Needs a look" not in (await h.say("/admin", "Today, until", OPERATOR))["text"]


async def test_an_answer_of_many_pages_alarms_once_and_says_what_to_do(database_url: str) -> None:
    async with serving(database_url, **ADMINS) as (h, server):
        await h.say("/start", "Welcome!", OPERATOR)
        server.always(Answer("A long line.\n\n" * 1500, usage=(10, 5), delay=2.0))
        await h.say("/ask what?", "This costs up to")
        for method in ("sendMessage", "editMessageText"):
            h.telegram.fail(method, Fault(code=400, description=ODD, chat_id=BUYER.id, times=None))
        alert = await h.said(LOST, OPERATOR)
        await h.clock.pass_time(30)
        assert len(lost(h)) == 1
        assert "odd" in alert["text"]
        assert "It was about their work 1, which they may have paid." in alert["text"]
        assert f"/admin grant {BUYER.id} 1.00" in alert["text"]
        assert buttons(alert) == [f"admin:person:{BUYER.id}"]


async def test_a_job_that_waits_again_and_again_alarms_once(database_url: str) -> None:
    async with serving(database_url, welcome_credits="0", **ADMINS) as (h, _):
        await h.say("/start", "Welcome!", OPERATOR)
        h.telegram.fail("sendMessage", Fault(code=400, description=ODD, chat_id=BUYER.id, times=None))
        h.telegram.say(BUYER, "/ask what?")
        await h.said(LOST, OPERATOR)
        await give(h, 1, "1")  # too little: the message is written again
        await h.clock.pass_time(5)
        await give(h, 1000, "2")
        await h.clock.pass_time(30)
        about_work = [text for text in lost(h) if "about their work 1" in text]
        assert len(about_work) == 1


async def test_a_lost_message_about_a_purchase_leads_to_it(database_url: str) -> None:
    async with running_service(database_url, mock_stripe_payments=True, **ADMINS) as h:
        await h.say("/start", "Welcome!", OPERATOR)
        shop = await h.say("/start", "Welcome!")
        h.telegram.fail("sendMessage", Fault(code=400, description=ODD, chat_id=BUYER.id, times=None))
        await h.press(shop, "buy_100")
        alert = await h.said("It was about purchase 1. See by the button", OPERATOR)
        assert buttons(alert) == [f"admin:person:{BUYER.id}", "admin:purchase:1"]
        await h.press(alert, "admin:purchase:1", OPERATOR)
        await h.said("🧾 Purchase 1 of", OPERATOR)


async def test_an_alert_that_is_refused_alarms_the_other_operators(sqlite_url: str) -> None:
    other = Person(id=5_000_000_010, first_name="Other operator")
    async with running_service(sqlite_url, admin_telegram_ids=f"{OPERATOR.id},{other.id}") as h:
        for who in (OPERATOR, other, BUYER):
            await h.say("/start", "Welcome!", who)
        h.telegram.fail("sendMessage", Fault(code=400, description=ODD, chat_id=other.id, times=None))
        await h.say("/paysupport I paid twice", "Your question is with the operator")
        alert = await h.said(LOST, OPERATOR)
        assert f"A message to {other.id}" in alert["text"]
        assert "See by the button who they are" in alert["text"]
        await eventually(lambda: any("I paid twice" in text for text in h.texts(OPERATOR)))
