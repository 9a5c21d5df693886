"""What is said of one payment comes in any order, twice and at once: there is one end that it comes to."""

import asyncio
import itertools
from collections.abc import Sequence
from random import Random

import pytest

from bot_platform.domain.checkout import ProviderEvent, Stage
from bot_platform.domain.purchases import PurchaseState
from bot_platform.infra.database import Database
from tests.makers import payments
from tests.reliability.conftest import Size
from tests.reliability.report import Report
from tests.reliability.stateful.fake_provider import Desk, Reader
from tests.reliability.stateful.fast_database import quick_database
from tests.reliability.stateful.final_states import (
    EXPIRED,
    PAID,
    PENDING,
    End,
    Happens,
    begin,
    deliver,
    ends,
    must_come_to,
    untold,
)
from tests.reliability.stateful.one_sale import broken
from tests.reliability.stateful.random_histories import life

TOGETHER = 8  # deliveries at a time
BATCH = 40  # purchases looked at together

SETS: dict[str, tuple[list[Happens], End]] = {
    "a refund, a dispute won, a second refund": (
        [
            PAID,
            ("re_1", Stage.REFUND_PENDING, 200, 0),
            ("re_1", Stage.REFUNDED, 200, 1),
            ("dp", Stage.DISPUTED, 300, 1),
            ("dp", Stage.WON, 300, 2),
            ("re_2", Stage.REFUNDED, 100, 2),
        ],
        End(
            4_000,
            PurchaseState.PARTLY_REVERSED,
            frozen=False,
            rows={"re_1": (Stage.REFUNDED, 200), "dp": (Stage.WON, 300), "re_2": (Stage.REFUNDED, 100)},
        ),
    ),
    "an inquiry, a dispute, lost, appealed, won": (
        [
            PAID,
            ("dp", Stage.INQUIRY, 500, 0),
            ("dp", Stage.DISPUTED, 500, 0),
            ("dp", Stage.LOST, 500, 5),
            ("dp", Stage.APPEALED, 500, 6),
            ("dp", Stage.WON, 500, 6),
        ],
        End(10_000, PurchaseState.PAID, frozen=False, rows={"dp": (Stage.WON, 500)}),
    ),
    "a refund undone, another one, a warning": (
        [
            PAID,
            ("re_1", Stage.REFUND_PENDING, 500, 0),
            ("re_1", Stage.REFUNDED, 500, 0),
            ("re_1", Stage.REFUND_UNDONE, 500, 3),
            ("re_2", Stage.REFUNDED, 150, 4),
            ("issfr", Stage.WARNED, 0, 4),
        ],
        End(
            7_000,
            PurchaseState.PARTLY_REVERSED,
            frozen=True,
            rows={
                "re_1": (Stage.REFUND_UNDONE, 500),
                "re_2": (Stage.REFUNDED, 150),
                "issfr": (Stage.WARNED, 0),
            },
        ),
    ),
    "refunded in all, one of them undone, an inquiry": (
        [
            PAID,
            ("ch", Stage.REFUNDED_IN_ALL, 200, 0),
            ("ch", Stage.REFUNDED_IN_ALL, 300, 0),
            ("re_1", Stage.REFUNDED, 200, 0),
            ("re_1", Stage.REFUND_UNDONE, 200, 2),
            ("dp", Stage.INQUIRY, 300, 2),
        ],
        End(
            8_000,
            PurchaseState.PARTLY_REVERSED,
            frozen=True,
            rows={
                "ch": (Stage.REFUNDED_IN_ALL, 300),
                "re_1": (Stage.REFUND_UNDONE, 200),
                "dp": (Stage.INQUIRY, 300),
            },
        ),
    ),
    "a refund and a lost dispute of more than was paid": (
        [
            PAID,
            ("re_1", Stage.REFUNDED, 400, 0),
            ("dp", Stage.DISPUTED, 500, 1),
            ("dp", Stage.LOST, 500, 1),
            ("issfr", Stage.WARNED, 0, 0),
            ("issfr", Stage.WARNING_OVER, 0, 0),
        ],
        End(
            0,
            PurchaseState.REVERSED,
            frozen=False,
            rows={
                "re_1": (Stage.REFUNDED, 400),
                "dp": (Stage.LOST, 500),
                "issfr": (Stage.WARNING_OVER, 0),
            },
        ),
    ),
    "a page expired, a transfer on its way, then paid": (
        [
            PENDING,
            EXPIRED,
            PAID,
            ("re_1", Stage.REFUNDED, 200, 0),
            ("dp", Stage.LOST, 100, 1),
            ("dp", Stage.WON, 100, 1),
        ],
        End(
            6_000,
            PurchaseState.PARTLY_REVERSED,
            frozen=False,
            rows={"re_1": (Stage.REFUNDED, 200), "dp": (Stage.WON, 100)},
        ),
    ),
}


async def _live(database: Database, lives: Sequence[Sequence[Happens]], report: Report, seed: int) -> None:
    """Live each life on two purchases, every event twice: one by one, and eight events at a time."""
    random, reader, turns = Random(seed), Reader(), asyncio.Semaphore(TOGETHER)  # noqa: S311 -- to be repeated
    money = payments(database, Desk(), events=reader)

    async def one(events: Sequence[ProviderEvent], together: int) -> None:
        again = random.sample(events, len(events))
        async with turns:
            await deliver(money, [*events, *again], together)

    for first in range(0, len(lives), BATCH):
        twice = [happens for happens in lives[first : first + BATCH] for _ in range(2)]
        begun = await begin(database, len(twice))
        events = [purchase.events(happens, reader) for purchase, happens in zip(begun, twice, strict=True)]
        await asyncio.gather(*(one(some, TOGETHER if n % 2 else 1) for n, some in enumerate(events)))
        found = await ends(begun)
        wrong = [
            f"{happens} came to {found[purchase.id]}"
            for purchase, happens in zip(begun, twice, strict=True)
            if found[purchase.id] != must_come_to(happens)
        ]
        report.did(len(twice))
        report.right(wrong)
    report.right([str(row) for row in await broken(database)])
    report.right([f"entry {id_} was not told" for id_ in await untold()])


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", SETS)
async def test_every_order_of_six_events_comes_to_one_end(
    database_url: str, name: str, size: Size, report: Report
) -> None:
    happens, end = SETS[name]
    assert must_come_to(happens) == end
    orders = list(itertools.permutations(happens))
    every = len(orders) // size(small=30, full=len(orders))
    report.plan(2 * len(orders[::every]), "orders")
    async with quick_database(database_url) as database:
        await _live(database, orders[::every], report, seed=6)


@pytest.mark.timeout(3600)
async def test_random_lives_in_any_order_come_to_the_end_that_was_last_said(
    database_url: str, size: Size, report: Report
) -> None:
    random, number = Random(14), size(small=40, full=5_000)  # noqa: S311 -- to be repeated
    lives = [life(random) for _ in range(number)]
    orders = [random.sample(happens, len(happens)) for happens in lives]
    report.plan(2 * number, "orders")
    async with quick_database(database_url) as database:
        await _live(database, orders, report, seed=15)
