"""What an operator sees from outside: the figures of `/metrics`, and a log that follows a press."""

import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from bot_platform.infra import logs
from tests.makers import SECRET_KEY, WEBHOOK_SECRET, RunningService, link_of, running_service
from tests.work.model_server import Answer, model_server
from tests.work.service_with_model import ai

QUESTION, ANSWER = "how do I undo my secret commit?", "By way of git reset."


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Write the log as a service of machines does, and put everything back afterwards."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers, root.level
    logs.set_up("INFO", "json", stream)
    yield stream
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


async def figures(h: RunningService) -> dict[str, float]:
    async with h.http.get(f"{h.url}/metrics") as answer:
        assert answer.status == 200
        assert answer.content_type == "text/plain"
        text = await answer.text()
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


async def ask_and_pay(h: RunningService) -> None:
    """Ask with nothing, be offered, pay by card, and have the answer."""
    await h.say("/start", "Welcome!")
    offer = await h.say(f"/ask {QUESTION}", "are missing")
    waiting = await figures(h)
    assert waiting['bot_jobs{state="parked"}'] == 1
    await h.press(offer, "buy_100")
    linked = await h.said("Please complete your purchase using the link below:")
    async with h.http.post(link_of(linked), data={"how": "card"}) as page:
        assert page.status == 200
    await h.said(ANSWER)
    await h.said("Payment received: 100.00 credits added.")


async def test_the_figures_tell_of_sales_credits_work_and_calls(database_url: str) -> None:
    async with model_server() as server, running_service(database_url, **ai(server)) as h:
        server.always(Answer(ANSWER, usage=(100, 50)))
        await ask_and_pay(h)
        await h.say("/balance", "Balance: 99.97 credits")
        seen = await figures(h)
    assert seen['bot_sales_total{provider="stripe"}'] == 1
    assert seen['bot_credits_total{kind="purchase",way="to"}'] == 100
    assert seen['bot_credits_total{kind="charge",way="from"}'] == pytest.approx(0.03)
    assert seen['bot_events_total{outcome="handled",type="checkout.session.completed"}'] == 1
    assert seen['bot_handling_seconds_count{what="webhook"}'] >= 1
    assert seen['bot_handling_seconds_count{what="updates"}'] >= 4
    assert seen['bot_jobs_ended_total{kind="ask",state="done"}'] == 1
    assert seen["bot_pay_to_start_seconds_count"] == 1
    assert seen["bot_pay_to_start_seconds_sum"] < 5
    assert seen['bot_jobs{state="parked"}'] == 0
    assert seen['bot_calls_total{party="telegram",result="ok"}'] >= 5


def lines_of(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


async def test_one_request_is_followed_from_the_press_to_the_answer(
    database_url: str, logged: io.StringIO
) -> None:
    async with model_server() as server, running_service(database_url, **ai(server)) as h:
        server.always(Answer(ANSWER, usage=(100, 50)))
        await ask_and_pay(h)
        await h.say("/balance", "Balance: 99.97 credits")
    lines = lines_of(logged)
    (sale,) = [line for line in lines if line["event"] == "webhook.event" and line["purchase"]]
    press = sale["request"]
    assert re.fullmatch(r"tg:\d+:\d+:\d+", press)
    assert sale["user"]
    assert sale["key"].startswith("stripe:evt_")
    followed = {line["event"] for line in lines if line.get("request") == press}
    assert {"telegram.handled", "webhook.event", "notice.sent"} <= followed
    (started,) = [line for line in lines if line["event"] == "work.started"]
    asked = started["request"]
    assert asked != press
    followed = {line["event"] for line in lines if line.get("request") == asked}
    assert {"telegram.handled", "notice.sent", "work.started", "work.ended"} <= followed
    told = [line["text"] for line in lines if line["event"] == "notice.sent" and line["request"] == press]
    assert "payment-received" in told


async def test_nothing_that_was_said_and_no_secret_stands_in_the_log(
    database_url: str, logged: io.StringIO
) -> None:
    async with model_server() as server, running_service(database_url, **ai(server)) as h:
        server.always(Answer(ANSWER, usage=(100, 50)))
        await ask_and_pay(h)
        token = h.telegram.token
    said = logged.getvalue()
    for secret in (QUESTION, "secret commit", ANSWER, SECRET_KEY, WEBHOOK_SECRET, token, "42424242"):
        assert secret not in said
    assert not re.search(r"\b4242\b", said)  # a card's last digits, but not those of a moment or an id
