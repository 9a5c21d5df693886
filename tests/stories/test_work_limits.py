"""What time and limits do to paid work: it expires with a word, and a low balance is told once."""

import pytest

from bot_platform.flows import order_work
from tests.makers import BUYER
from tests.work.model_server import Answer
from tests.work.service_with_model import (
    becomes,
    broken,
    buttons,
    from_bot,
    give,
    now,
    ordered,
    standing,
    until,
    working,
)

HOUR = 3600
LOW = "credits left. Here is how to get more:"


async def test_a_low_balance_is_told_once_for_each_time_it_is_crossed(database_url: str) -> None:
    async with working(database_url, welcome_credits="3.25", low_balance="3") as (h, server):
        server.always(Answer("Like this.", usage=(1000, 250)))

        async def spend(balance: int) -> None:
            h.telegram.say(BUYER, "/ask how?")
            await until(h, f"SELECT id FROM account WHERE balance = {balance} AND held = 0")  # noqa: S608 -- a number
            await h.say("/new", "A new conversation begins")

        await spend(305)
        assert not any(LOW in text for text in from_bot(h))
        await spend(285)
        low = await h.said(f"You have 2.85 {LOW}")
        assert buttons(low) == ["buy_100", "buy_500"]
        await spend(265)
        await give(h, 50)
        await spend(295)
        await h.said(f"You have 2.95 {LOW}")
        assert sum(LOW in text for text in from_bot(h)) == 2
        assert await broken(h) == []


async def test_nobody_is_told_of_a_low_balance_where_the_setting_is_0(database_url: str) -> None:
    async with working(database_url, welcome_credits="1", low_balance="0") as (h, server):
        server.always(Answer("Like this.", usage=(1000, 1000)))
        await ordered(h, "/ask how?", "✅")
        assert await standing(h) == (50, 0)
        assert not any(LOW in text for text in from_bot(h))


async def test_work_whose_credits_never_came_expires_and_says_so(database_url: str) -> None:
    async with working(database_url) as (h, server):
        offer = await ordered(h, "/ask how?", "it waits here for three days")
        await h.rest()
        h.clock.move(71 * HOUR)
        fresh = await ordered(h, "/ask and now?")
        await h.clock.pass_time(60)
        assert "See below." not in now(h, offer)
        await h.rest()
        h.clock.move(HOUR)
        await until(h, "SELECT id FROM job WHERE state = 'expired'")
        said = "did not come within three days, so it waits no longer. Nothing was charged."
        await becomes(h, offer, "See below.")
        assert "Try again" in str((await h.said(said))["reply_markup"])
        await becomes(h, fresh, "and you have 0.00. 0.81 are missing to start it.")
        h.telegram.press(BUYER, offer["message_id"], "stop:1", stale=True)
        await h.said("This has ended already.")
        await give(h, 500)
        await h.said("Like this.")
        assert len(server.requests) == 1
        assert await broken(h) == []


async def test_more_orders_than_anybody_can_mean_are_refused_in_words(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 13
    monkeypatch.setattr(order_work, "MAX_OPEN_JOBS", most)
    async with working(sqlite_url) as (h, _):
        for _ in range(most + 1):
            h.telegram.say(BUYER, "/ask how?")
        await h.said(f"{most} of your orders wait already. Stop some of them first, see /jobs.")
        listed = await h.say("/jobs", "What runs and what waits:")
        assert len(buttons(listed)) == 19
        assert listed["text"].endswith(f"… and {most - 10} more.")
        assert await broken(h) == []


async def test_orders_at_once_run_as_far_as_the_credits_reach(database_url: str) -> None:
    async with working(database_url, welcome_credits="2.50", jobs_per_user=5) as (h, server):
        server.always(Answer("Like this.", usage=(4, 1999), delay=1))
        for _ in range(6):
            h.telegram.say(BUYER, "/ask how?")
        await until(h, "SELECT COUNT(*) AS n FROM job WHERE state = 'done' HAVING COUNT(*) = 3")
        await h.clock.pass_time(2)
        assert len(server.requests) == 3
        assert await standing(h) == (10, 0)
        assert await broken(h) == []
