"""Two platforms on one SQLite file, both selling, settling and sending: nobody notices the other."""

import asyncio
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot_platform.sandbox.telegram_state import Person
from bot_platform.sandbox.telegram_updates import Webhook
from tests.bot_api_server import Pusher
from tests.makers import eventually, free_port
from tests.reliability import books
from tests.reliability.conftest import Size
from tests.reliability.platforms import Delivery, Surroundings, surroundings
from tests.reliability.report import Report

FIRST_PERSON = 7_000_000_000
AT_ONCE = 4  # people at the bot, and as many payments coming in by webhook
# Each purchase ends in a message, and Telegram takes 30 a second: what is over that only makes a queue.
EACH_SECOND = 25
COMPLAINTS = ("error", "Sorry", "could not", "Could not")
RECEIPTS = ("Payment received: 100.00", "Success! Your MOCK purchase")


@dataclass
class Pace:
    """Lets so many purchases begin in a second, evenly."""

    each_second: int
    _next: float = 0.0

    async def turn(self) -> None:
        """Wait for the next turn."""
        self._next = max(self._next + 1 / self.each_second, time.monotonic())
        await asyncio.sleep(self._next - time.monotonic())


@dataclass
class TwoDoors(Pusher):
    """Pushes updates to each platform in turn, as a load balancer would."""

    doors: Iterator[str] = field(default_factory=lambda: iter(()))

    def _url(self, webhook: Webhook) -> str:  # noqa: ARG002 -- the path is known
        return f"{next(self.doors)}/api/v1/telegram-webhook"


async def _buy(w: Surroundings, who: Person) -> None:
    """Arrive, press a package, and ask for the balance."""
    w.telegram.say(who, "/start")
    shop = await w.said("Welcome!", who)
    w.telegram.press(who, shop["message_id"], "buy_100")
    await w.said("Your MOCK purchase was processed. New balance: 100.00", who)
    w.telegram.say(who, "/balance")
    await w.said("Balance: 100.00 credits", who)


async def _pay(w: Surroundings, doors: tuple[str, str], number: int) -> list[str]:
    """Prepare a purchase, from a third process, and post its payment to both platforms at once."""
    w.telegram.open_chat(books.buyer(number))
    await books.prepare(w.database_url, [number])
    both = [Delivery(books.paid(number)) for _ in doors]
    await asyncio.gather(*(told.post(w.http, door) for told, door in zip(both, doors, strict=True)))
    return [f"payment {number} was answered {told.answers}" for told in both if told.answers != [200]]


def _complaints(w: Surroundings) -> list[str]:
    return [
        f"{chat}: {message['text']}"
        for chat in w.telegram.chats
        for message in w.telegram.messages(chat)
        if message["from"]["is_bot"] and any(word in message["text"] for word in COMPLAINTS)
    ]


def _receipts(w: Surroundings) -> dict[int, int]:
    """Count what each person was told of their payment."""
    return {
        chat: sum(m["text"].startswith(RECEIPTS) for m in w.telegram.messages(chat))
        for chat in w.telegram.chats
    }


@pytest.mark.timeout(600)
async def test_two_platforms_write_into_one_file_and_nobody_sees_an_error(
    sqlite_url: str, size: Size, report: Report
) -> None:
    wanted, second_port = size(small=125, full=7500), free_port()
    report.database = "SQLite"
    report.plan(wanted, "purchases")
    pace = Pace(EACH_SECOND)
    people, payments, wrong = itertools.count(), itertools.count(), list[str]()
    webhooks: dict[str, Any] = {
        "telegram_mode": "webhook",
        "webapp_url": "https://bot.example",
        "mock_stripe_payments": True,
    }
    async with surroundings(sqlite_url, **webhooks) as w:
        doors = (w.url, f"http://127.0.0.1:{second_port}")
        w.start()
        await w.ready(doors[0])
        w.start(port=second_port)
        await w.ready(doors[1])
        pusher = asyncio.create_task(TwoDoors(w.telegram, doors=itertools.cycle(doors)).run())
        turns = iter(range(wanted))

        async def person() -> None:
            for _ in turns:
                await pace.turn()
                await _buy(w, Person(id=FIRST_PERSON + next(people), first_name="Visitor"))
                report.did()

        async def payer() -> None:
            for _ in turns:
                await pace.turn()
                wrong.extend(await _pay(w, doors, next(payments)))
                report.did()

        async with asyncio.TaskGroup() as load:
            for _ in range(AT_ONCE):
                load.create_task(person())
                load.create_task(payer())
        report.right(wrong)
        report.right(await books.not_credited_once(sqlite_url, range(next(payments))))
        report.right(await books.faults(sqlite_url))
        await eventually(lambda: all(_receipts(w).values()))
        report.right([f"{who} was told {n} times" for who, n in _receipts(w).items() if n != 1])
        report.right(_complaints(w))
        webhook = w.telegram.updates.webhook
        assert webhook
        assert not webhook.last_error, "every update was taken at once"
        pusher.cancel()
