"""A model that is down, slow, cut off or unreadable: its person knows, and pays for what came or nothing."""

import math
from typing import Any

import pytest

from bot_platform.providers.openai import OpenAIModel
from tests.makers import BUYER, RunningService, eventually, free_port, running_service
from tests.work.model_server import (
    Answer,
    Behaviour,
    Cut,
    Ending,
    Events,
    ModelServer,
    Reset,
    Rubbish,
    Silence,
    Status,
    error,
    finish,
    model_server,
    piece,
    usage,
)
from tests.work.service_with_model import ai, broken, buttons, rows, standing, until

QUESTION = "Why is the sky blue?"
LONG = "Because it confides in nobody. " * 40
GIVEN = 500  # hundredths
CHARGED_NOTHING = "Nothing was charged."
CUT = "⚠️ The answer was cut off here. You pay only for what came: {} credits."
LATER = f"{CHARGED_NOTHING} Try again in a few minutes."
OPERATOR = f"which only the operator of this bot can mend. {CHARGED_NOTHING}"
FILTERED = error("Not this.", type="invalid_request_error", code="content_filter")

NOTHING_CAME: dict[str, tuple[Behaviour, str]] = {
    "it refuses the request": (Status(400), f"refused this, and I do not know why. {CHARGED_NOTHING}"),
    "its filter refuses": (Status(400, FILTERED), f"does not want to answer this. {CHARGED_NOTHING}"),
    "its filter ends it at once": (Answer(reason="content_filter", usage=(40, 0)), "does not want to answer"),
    "the key is wrong": (Status(401), OPERATOR),
    "the model is unknown": (Status(404), OPERATOR),
    "it is busy": (Status(429), f"has too much to do at this moment. {LATER}"),
    "it breaks": (Status(500), f"does not answer at this moment. {LATER}"),
    "it cuts before any text": (Cut(), f"does not answer at this moment. {LATER}"),
    "the connection is reset": (Reset(), f"does not answer at this moment. {LATER}"),
    "it sends a page": (Rubbish(), OPERATOR),
    "it sends no JSON": (Rubbish(b"data: {{{\n\n", "text/event-stream"), f"at this moment. {LATER}"),
    "it sends no UTF-8": (Rubbish(b"data: \xff\xfe\n\n", "text/event-stream"), f"at this moment. {LATER}"),
    "it sends other JSON": (Events(None, [], 7, {"choices": 7}), OPERATOR),
    "it sends other choices": (Events({"choices": [[]]}), f"No answer came. {CHARGED_NOTHING}"),
    "it answers nothing": (Answer(usage=(40, 0)), f"No answer came. {CHARGED_NOTHING}"),
    "it answers blanks and counts them": (Answer(" \n", "\t", usage=(40, 900)), f"came. {CHARGED_NOTHING}"),
}


def at_four_bytes(server: ModelServer, received: str) -> int:
    """Price a request and what came of it as money.md section 6 says, at 0.10 and 0.40 a thousand tokens."""
    asked = sum(len(turn["content"].encode()) for turn in server.requests[-1].body["messages"])
    read, written = math.ceil(asked / 4), math.ceil(len(received.encode()) / 4)
    return math.ceil((read * 10 + written * 40) / 1000)


def ceiling(message: str) -> int:
    """Read the ceiling that the first message names, in hundredths."""
    return round(float(message.partition("up to ")[2].partition(" ")[0]) * 100)


async def asked(h: RunningService, answer: str) -> dict[str, Any]:
    """Arrive with a gift, ask, and wait for what is said in the end."""
    await h.say("/start", "Welcome!")
    return await h.say(f"/ask {QUESTION}", answer)


async def nothing_is_left_open(h: RunningService, charged: int) -> None:
    assert await standing(h) == (GIVEN - charged, 0)
    assert await broken(h) == []


@pytest.mark.parametrize("what", NOTHING_CAME)
async def test_an_answer_that_never_came_costs_nothing_and_is_explained(database_url: str, what: str) -> None:
    behaviour, says = NOTHING_CAME[what]
    async with (
        model_server() as server,
        running_service(database_url, welcome_credits="5", **ai(server)) as h,
    ):
        server.always(behaviour)
        told = await asked(h, says)
        assert CHARGED_NOTHING in told["text"]
        assert "stop:1" not in buttons(told)
        await nothing_is_left_open(h, 0)


async def test_an_endpoint_where_nobody_listens_costs_nothing_and_is_explained(database_url: str) -> None:
    nobody = ModelServer(url=f"http://127.0.0.1:{free_port()}/v1")
    async with running_service(database_url, welcome_credits="5", **ai(nobody)) as h:
        await asked(h, f"The AI does not answer at this moment. {LATER}")
        await nothing_is_left_open(h, 0)


@pytest.mark.parametrize(
    "behaviour",
    [
        Cut(LONG, LONG),
        Events(piece(LONG), piece(LONG), finish("error")),
        Events(piece(LONG), piece(LONG), finish("content_filter")),
        Events(piece(LONG), piece(LONG), error("Overloaded.")),
        Events(piece(LONG), piece(LONG), b"\xff{", ending=Ending.CLOSED),
        Events(piece(LONG), piece(LONG), ending=Ending.CLOSED),
    ],
    ids=["broken off", "ended by an error", "filtered", "an error amid it", "rubbish amid it", "no end"],
)
async def test_an_answer_that_was_cut_costs_what_came_of_it(database_url: str, behaviour: Behaviour) -> None:
    async with (
        model_server() as server,
        running_service(database_url, welcome_credits="5", **ai(server)) as h,
    ):
        server.always(behaviour)
        told = await asked(h, "⚠️")
        cost = at_four_bytes(server, LONG + LONG)
        assert cost > 20
        assert told["text"].split() == f"{LONG}{LONG}{CUT.format(f'0.{cost}')}".split()
        await nothing_is_left_open(h, cost)


async def test_a_cut_answer_whose_usage_was_reported_costs_that(database_url: str) -> None:
    async with (
        model_server() as server,
        running_service(database_url, welcome_credits="5", **ai(server)) as h,
    ):
        server.always(Events(usage(1000, 1000), piece("Because"), ending=Ending.BROKEN))
        told = await asked(h, "⚠️")
        assert told["text"] == f"Because\n\n{CUT.format('0.50')}"
        assert buttons(told) == ["again:1"]
        await nothing_is_left_open(h, 50)


@pytest.mark.parametrize("reported", [None, (-1, 5), ("seven", 5), (True, 5), (1.5, 5), (2**40, 5)])
async def test_an_answer_without_a_usage_that_counts_costs_its_bytes(
    database_url: str, reported: tuple[object, object] | None
) -> None:
    async with (
        model_server() as server,
        running_service(database_url, welcome_credits="5", **ai(server)) as h,
    ):
        counted = [usage(*reported)] if reported else []
        server.always(Events(piece(LONG), piece("Ünd 🌍."), finish(), *counted))
        await asked(h, "✅ 0.")
        await nothing_is_left_open(h, at_four_bytes(server, f"{LONG}Ünd 🌍."))


@pytest.mark.parametrize(
    "behaviour",
    [
        Answer("Because.", usage=(90_000, 90_000)),
        Answer(*["Because it can. " * 50] * 20),
        Cut(*["Because it can. " * 50] * 20),
    ],
    ids=["it reports more", "it writes more", "it writes more and is cut"],
)
async def test_more_than_the_ceiling_is_never_charged(database_url: str, behaviour: Behaviour) -> None:
    async with (
        model_server() as server,
        running_service(database_url, welcome_credits="5", **ai(server)) as h,
    ):
        server.will(Answer("So.", delay=0.6))
        server.always(behaviour)
        most = ceiling((await asked(h, "This costs up to"))["text"])
        await h.said("✅ 0.0")
        spent = GIVEN - (await standing(h))[0]
        await h.say("/new", "A new conversation begins")
        h.telegram.say(BUYER, f"/ask {QUESTION}")
        paid = f"0.{most} credits."
        await eventually(lambda: any(paid in text and "up to" not in text for text in h.texts()))
        await nothing_is_left_open(h, spent + most)


@pytest.mark.parametrize(
    ("behaviour", "came"), [(Silence(), ""), (Silence(LONG), LONG)], ids=["at once", "after some text"]
)
async def test_an_endpoint_that_falls_silent_is_left_and_its_person_told(
    database_url: str, behaviour: Behaviour, came: str
) -> None:
    async with model_server() as server:
        server.always(behaviour)
        model = OpenAIModel(base_url=server.url, api_key="sk-made-up", model="made-up", read_timeout=0.3)
        async with running_service(database_url, welcome_credits="5", model=model) as h:
            told = await asked(h, "⚠️" if came else f"at this moment. {LATER}")
            cost = at_four_bytes(server, came) if came else 0
            if came:
                assert told["text"] == f"{came.strip()}\n\n{CUT.format(f'0.{cost}')}"
            await nothing_is_left_open(h, cost)


async def test_after_any_fault_the_next_question_is_answered(database_url: str) -> None:
    async with (
        model_server() as server,
        running_service(database_url, welcome_credits="5", **ai(server)) as h,
    ):
        server.will(Cut(LONG), Status(401))
        server.always(Answer("Because it can.", usage=(100, 50)))
        await asked(h, "⚠️")
        h.telegram.say(BUYER, "/ask and now?")
        await h.said(OPERATOR)
        h.telegram.say(BUYER, "/ask and now?")
        await h.said("✅ 0.03 credits.")
        assert [turn["role"] for turn in server.requests[-1].body["messages"]] == ["system", "user"]
        assert await broken(h) == []


async def test_a_follow_up_that_is_too_long_is_answered_without_its_oldest_turns(database_url: str) -> None:
    too_long = Status(400, error(code="context_length_exceeded"))
    async with (
        model_server() as server,
        running_service(database_url, welcome_credits="5", **ai(server)) as h,
    ):
        server.always(Answer("Because it can.", usage=(100, 50)))
        await asked(h, "✅ 0.03 credits.")
        h.telegram.say(BUYER, "/ask and why?")
        await eventually(lambda: sum("✅" in text for text in h.texts()) == 2)
        server.will(too_long, Answer("So.", usage=(100, 50)))
        h.telegram.say(BUYER, "/ask and now?")
        await eventually(lambda: sum("✅" in text for text in h.texts()) == 3)
        assert [len(request.body["messages"]) for request in server.requests] == [2, 4, 6, 4]
        assert server.requests[-1].body["messages"][1]["content"] == "and why?"
        await nothing_is_left_open(h, 9)


async def test_an_answer_far_beyond_what_was_asked_for_does_not_flood_the_chat(sqlite_url: str) -> None:
    async with model_server() as server, running_service(sqlite_url, welcome_credits="5", **ai(server)) as h:
        server.always(Answer(*["Because it can. " * 50] * 400))
        await h.say("/start", "Welcome!")
        h.telegram.say(BUYER, f"/ask {QUESTION}")
        await until(h, "SELECT id FROM job WHERE state IN ('done', 'failed')")
        (sent,) = await rows(h, "SELECT COUNT(*) AS n FROM notice WHERE subject LIKE 'job:%'")
        assert sent["n"] < 20
