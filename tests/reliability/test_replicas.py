"""Four replicas behind a balancer share the work; each in turn is killed and replaced, and nobody notices."""

import asyncio
import itertools
from typing import Any

import pytest

from bot_platform.sandbox.telegram_state import Person
from tests.makers import eventually, free_port
from tests.reliability import books
from tests.reliability.balancer import Balancer, balancing
from tests.reliability.conftest import Size
from tests.reliability.fleet import Fleet, ThroughTheBalancer
from tests.reliability.platforms import Delivery, Surroundings, surroundings
from tests.reliability.report import Report

REPLICAS = 4
COPIES = 3  # of each event, told at once
FIRST_PERSON = 7_000_000_000
AT_ONCE = 4
RECEIPT = "Payment received: 100.00"
SLOW = 0.15  # seconds between two payments of one payer


async def ask(w: Surroundings, number: int) -> None:
    """Arrive and ask for the balance, by updates that reach any replica."""
    who = Person(id=FIRST_PERSON + number, first_name="Visitor")
    w.telegram.say(who, "/start")
    await w.said("Welcome!", who)
    w.telegram.say(who, "/balance")
    await w.said("Balance: 0.00 credits", who)


async def pay(w: Surroundings, number: int) -> list[str]:
    """Tell of one payment several times at once; gives what was answered otherwise than 200."""
    w.telegram.meet(books.buyer(number))
    await books.prepare(w.database_url, [number])
    copies = [Delivery(books.paid(number)) for _ in range(COPIES)]
    answers = await asyncio.gather(*(copy.post(w.http, w.url) for copy in copies))
    return [f"payment {number} was answered {answer}" for answer in answers if answer != 200]


def receipts(w: Surroundings, number: int) -> int:
    said = w.telegram.messages(books.FIRST_BUYER + number)
    return sum(message["text"].startswith(RECEIPT) for message in said)


@pytest.mark.timeout(900)
async def test_replicas_share_the_work_and_one_at_a_time_is_killed_and_replaced_unnoticed(
    postgres_url: str, size: Size, report: Report
) -> None:
    rounds, victims = size(small=1, full=10), size(small=2, full=REPLICAS)
    report.database = "PostgreSQL"
    report.plan(2 * victims * rounds, "replicas killed and replaced")
    payments, people, wrong = itertools.count(), itertools.count(), list[str]()
    webhooks: dict[str, Any] = {"telegram_mode": "webhook", "webapp_url": "https://bot.example"}
    async with surroundings(postgres_url, **webhooks) as w:
        fleet = Fleet(w, {free_port(): None for _ in range(REPLICAS)})
        for port in fleet.processes:
            await fleet.start(port)
        async with balancing(w.settings["port"], fleet.doors) as balancer:
            pusher = asyncio.create_task(ThroughTheBalancer(w.telegram, tunnel=w.url).run())
            over = asyncio.Event()

            async def payer() -> None:
                while not over.is_set():
                    wrong.extend(await pay(w, next(payments)))
                    await asyncio.sleep(SLOW)

            async def visitor() -> None:
                while not over.is_set():
                    await ask(w, next(people))

            async with asyncio.TaskGroup() as load:
                for _ in range(AT_ONCE):
                    load.create_task(payer())
                    load.create_task(visitor())
                for _ in range(rounds):
                    for port in list(fleet.processes)[:victims]:
                        await fleet.kill(port)
                        report.did()
                    hung_up = balancer.hung_up
                    for port in list(fleet.processes)[:victims]:
                        report.right([] if await fleet.replace(port) == 0 else [f"{port} ended badly"])
                        report.did()
                    report.note = f"{balancer.hung_up - hung_up} asked again while replaced"
                over.set()
            pusher.cancel()
            sold = range(next(payments))
            report.right(wrong)
            report.right(balancer.failed)
            report.right(await books.not_credited_once(postgres_url, sold))
            report.right(await books.faults(postgres_url))
            await eventually(lambda: all(receipts(w, number) for number in sold))
            report.right(_idle(fleet, balancer))
            report.note = f"{len(sold)} payments told {COPIES} times, {next(people)} people; {report.note}"


def _idle(fleet: Fleet, balancer: Balancer) -> list[str]:
    """Name each replica that had not its share."""
    share = sum(balancer.served.values()) / len(fleet.doors)
    return [f"{door} did nothing" for door in fleet.doors if balancer.served.get(door, 0) < share / 4]
