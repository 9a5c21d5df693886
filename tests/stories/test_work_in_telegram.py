"""What a buyer does with paid work in the chat: lists it, reorders it, stops it, orders too much of it."""

import asyncio

import pytest

from bot_platform.infra.database import Database
from bot_platform.providers.openai import OpenAIModel
from bot_platform.sandbox.telegram_state import Person
from tests.makers import BUYER, eventually, orders, person, running_service
from tests.work.model_server import Events, Silence, finish, model_server, piece
from tests.work.service_with_model import (
    becomes,
    broken,
    buttons,
    give,
    now,
    ordered,
    rows,
    standing,
    until,
    working,
)

OTHER = Person(id=5_000_000_002, first_name="Other buyer")
ENDED = "This has ended already. See /jobs for what runs and waits."
LONG_QUESTION = "Why? " * 700  # its ceiling is higher than that of a short one


async def test_what_waits_is_listed_and_what_is_done_first_starts_when_the_credits_reach_it(
    database_url: str,
) -> None:
    async with working(database_url) as (h, server):
        assert buttons(await h.say("/jobs", "Nothing runs and nothing waits.")) == []
        long = await ordered(h, f"/ask {LONG_QUESTION}")
        short = await ordered(h, "/ask how?")
        assert "One order waits before it; to start both, 1.80 are missing." in short["text"]
        await give(h, 90)
        await h.said("You were given 0.90 credits.")
        listed = await h.say("/jobs", "What runs and what waits:")
        assert listed["text"].splitlines()[2:] == [
            f"1. /ask “{LONG_QUESTION[:40]}…” \N{EN DASH} waiting for 0.09 more credits, up to 0.99 credits",
            "2. /ask “how?” \N{EN DASH} waiting for 0.90 more credits, up to 0.81 credits",
        ]
        assert buttons(listed) == ["stop:1", "stop:2", "first:2"]
        await h.press(listed, "first:2")
        await becomes(h, short, "Like this.\n\n✅ 0.03 credits.")
        await becomes(h, long, "0.12 are missing to start it.")
        assert len(server.requests) == 1
        assert await standing(h) == (87, 0)
        assert await broken(h) == []


async def test_cancel_stops_the_only_one_and_asks_which_of_several(database_url: str) -> None:
    async with working(database_url) as (h, server):
        await h.say("/cancel", "Nothing runs and nothing waits, so there is nothing to stop.")
        first = await ordered(h, "/ask one?")
        h.telegram.say(BUYER, "/cancel")
        await becomes(h, first, "⏹ Stopped. Nothing was charged.")
        kept, dropped = await ordered(h, "/ask two?"), await ordered(h, "/ask three?")
        which = await h.say("/cancel", "Which one shall I stop?")
        assert buttons(which) == ["stop:2", "stop:3"]
        assert "1. /ask “two?”" in which["text"]
        await h.press(which, "stop:3")
        await becomes(h, dropped, "⏹ Stopped. Nothing was charged.")
        assert "are missing" in now(h, kept)
        assert server.requests == []
        assert await standing(h) == (0, 0)
        assert await broken(h) == []


async def test_stopping_the_first_lets_the_next_start(database_url: str) -> None:
    async with working(database_url) as (h, _):
        first = await ordered(h, f"/ask {LONG_QUESTION}")
        second = await ordered(h, "/ask how?")
        await give(h, 90)
        await h.press(first, "stop:1")
        await becomes(h, second, "Like this.")
        assert await broken(h) == []


async def test_an_answer_that_is_stopped_costs_what_was_read_of_it(database_url: str) -> None:
    words = "Because it confides in nobody. " * 40
    async with working(database_url, welcome_credits="5") as (h, server):
        server.always(Silence(words))
        message = await ordered(h, "/ask why?", "")
        await becomes(h, message, "…")
        await h.press(message, "stop:1")
        await becomes(h, message, "⏹ Stopped.")
        asked = sum(len(turn["content"].encode()) for turn in server.requests[0].body["messages"])
        cost = -(-(-(-asked // 4) * 10 + -(-len(words) // 4) * 40) // 1000)
        assert now(h, message).startswith(words.strip())
        assert f"charged: 0.{cost} credits." in now(h, message)
        assert await standing(h) == (500 - cost, 0)
        await server.requests[0].left.wait()
        assert await broken(h) == []


async def test_an_answer_that_is_stopped_before_its_first_word_costs_nothing(database_url: str) -> None:
    async with working(database_url, welcome_credits="5") as (h, server):
        server.always(Silence())
        message = await ordered(h, "/ask why?", "This costs up to")
        await eventually(lambda: server.requests)
        h.telegram.say(BUYER, "/cancel")
        await becomes(h, message, "⏹ Stopped. Nothing was charged.")
        assert await standing(h) == (500, 0)
        assert await broken(h) == []


async def test_a_stop_that_is_pressed_twice_says_so(database_url: str) -> None:
    async with working(database_url) as (h, _):
        message = await ordered(h, "/ask why?")
        await h.press(message, "stop:1")
        h.telegram.press(BUYER, message["message_id"], "stop:1", stale=True)
        await h.said(ENDED)
        await becomes(h, message, "⏹ Stopped. Nothing was charged.")
        assert await broken(h) == []


@pytest.mark.parametrize("button", ["stop:", "first:", "files:", "again:"])
async def test_a_button_for_a_job_of_nobody_or_somebody_else_does_nothing_and_says_so(
    database_url: str, button: str
) -> None:
    async with working(database_url) as (h, _):
        await h.say("/start", "Welcome!", OTHER)
        theirs = await ordered(h, "/ask why?", who=OTHER)
        mine = await ordered(h, "/ask how?")
        guesses = ["1", "999", "0", "-1", "", "x", "1e0", "²", " 1", "1;2", "9" * 18, "9" * 50, "\u0664"]
        for guess in guesses:
            h.telegram.press(BUYER, mine["message_id"], button + guess, stale=True)
        await eventually(lambda: h.texts().count(ENDED) == len(guesses))
        assert "are missing" in now(h, theirs, OTHER)
        assert "are missing" in now(h, mine)
        assert [row["state"] for row in await rows(h, "SELECT state FROM job")] == ["parked", "parked"]
        assert not any("server error" in text for text in h.texts())


async def test_an_order_without_words_is_answered_with_an_example(database_url: str) -> None:
    async with working(database_url) as (h, _):
        await h.say(
            "/ask", "Write what you want behind the command, like: /ask how do I undo my last commit?"
        )
        await h.say("/build  \n ", "like: /build a command line tool")
        h.telegram.say(OTHER, "/ask why?")
        await h.said("Could not find your account. Please /start first.", OTHER)
        assert await rows(h, "SELECT id FROM job") == []


async def test_without_a_key_both_commands_say_so_and_write_nothing(database_url: str) -> None:
    async with running_service(database_url, welcome_credits="50") as h:
        await h.say("/start", "Welcome!")
        for command in ("/ask why?", "/build a clock", "/ask"):
            await ordered(h, command, "This is not set up here yet")
        assert await rows(h, "SELECT id FROM job") == []
        assert await standing(h) == (5000, 0)


async def test_the_same_order_twice_is_one_job(database: Database) -> None:
    async with model_server() as server:
        buyer = await person(database, credits_=500)
        counter, _ = orders(database, model=OpenAIModel(base_url=server.url, api_key="", model="made-up"))
        first, again = [await counter.order(buyer, "ask", "why?", "tg:1") for _ in range(2)]
        both = await asyncio.gather(*(counter.order(buyer, "ask", "why?", "tg:2") for _ in range(2)))
        assert first.id == again.id
        assert both[0].id == both[1].id != first.id


async def test_no_more_runs_at_once_than_the_settings_say(database_url: str) -> None:
    limits = {"jobs_per_user": 1, "jobs_at_once": 2}
    async with working(database_url, welcome_credits="50", **limits) as (h, server):
        third = Person(id=5_000_000_003, first_name="Third buyer")
        server.always(Silence("So"))

        async def orders(who: Person) -> None:
            await h.say("/start", "Welcome", who)
            for question in ("/ask one?", "/ask two?"):
                h.telegram.say(who, question)
            await eventually(lambda: sum("up to" in t or "So" in t for t in h.texts(who)) == 2)

        for who in (BUYER, OTHER, third):
            await orders(who)
        assert len(server.requests) == 2
        listed = await h.say("/jobs", "What runs and what waits:")
        assert listed["text"].count("\N{EN DASH} running") == 1
        assert listed["text"].count("\N{EN DASH} about to start") == 1
        h.telegram.say(BUYER, "/balance")
        await h.said("Held: 1.6")
        await h.press(listed, "stop:1")
        await eventually(lambda: len(server.requests) == 3)
        running = "SELECT user_id, COUNT(*) AS n FROM job WHERE state = 'running' GROUP BY user_id"
        assert sorted(row["n"] for row in await rows(h, running)) == [1, 1]


async def test_whoever_blocked_the_bot_meanwhile_gets_the_answer_when_back(database_url: str) -> None:
    async with working(database_url, welcome_credits="5") as (h, server):
        server.always(Events(piece("Like this."), finish(), delay=0.8))
        message = await ordered(h, "/ask how?", "This costs up to")
        h.telegram.block(BUYER)
        await eventually(lambda: any("blocked" in call.outcome for call in h.telegram.calls))
        await until(h, "SELECT id FROM job WHERE state = 'done'")
        await h.say("/balance", "Balance: 4.9")
        await becomes(h, message, "Like this.\n\n✅ 0.01 credits.")
        assert sum("Like this." in text for text in h.texts()) == 1
        assert await broken(h) == []
