"""Killed by SIGKILL while a crowd of payments is under way, again and again: each is credited once."""

import asyncio
import random
from collections.abc import Sequence

import pytest

from tests.makers import eventually
from tests.reliability import books
from tests.reliability.conftest import Size
from tests.reliability.platforms import Delivery, Surroundings, let_leases_run_out, surroundings
from tests.reliability.report import Report

CROWD = 20  # purchases between two kills
TELLERS = 3  # clients that post the same event at once
PREPARED = 10 * CROWD


async def _post_and_kill(w: Surroundings, numbers: Sequence[int]) -> int:
    """Let a crowd pay, kill the platform when some were answered; how many had come and were not."""
    platform = w.processes[-1]
    crowd = [[Delivery(books.paid(n)) for _ in range(TELLERS)] for n in numbers]

    def answered() -> int:
        return sum(any(one.answered for one in tellers) for tellers in crowd)

    fatal = random.randrange(CROWD // 2)  # noqa: S311 -- when, not whether
    async with asyncio.TaskGroup() as posting:
        for tellers in crowd:
            for one in tellers:
                posting.create_task(one.until_taken(w.http, w.url))
        await eventually(lambda: answered() >= fatal)
        await asyncio.sleep(random.uniform(0, 0.01))  # noqa: S311 -- as above
        platform.kill()
        interrupted = sum(
            any(one.sent for one in tellers) and not any(one.answered for one in tellers) for tellers in crowd
        )
        await asyncio.to_thread(platform.join)
        w.start()
    return interrupted


def _receipts(w: Surroundings, number: int) -> int:
    """Count how often a prepared buyer was told of the payment."""
    messages = w.telegram.messages(books.buyer(number).id)
    return sum(m["text"].startswith("Payment received: 100.00 credits added.") for m in messages)


@pytest.mark.timeout(1200)
async def test_purchases_interrupted_by_a_kill_are_credited_once(
    database_url: str, size: Size, report: Report
) -> None:
    wanted, kills, prepared = size(small=40, full=1000), 0, 0
    report.plan(wanted, "purchases interrupted")
    async with surroundings(database_url) as w:
        w.start()
        await w.ready()
        while report.done < wanted:
            if kills * CROWD == prepared:
                await books.prepare(database_url, range(prepared, prepared + PREPARED))
                prepared += PREPARED
                for number in range(prepared):
                    w.telegram.meet(books.buyer(number))
            report.did(await _post_and_kill(w, range(kills * CROWD, (kills + 1) * CROWD)))
            kills += 1
        report.note = f"{kills} kills"
        payers = range(kills * CROWD)
        report.right(await books.not_credited_once(database_url, payers))
        report.right(await books.faults(database_url))
        await let_leases_run_out(database_url)
        await eventually(lambda: all(_receipts(w, n) for n in payers))
