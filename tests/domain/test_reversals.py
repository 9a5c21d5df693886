"""How much of a payment is lost: the rule, and the rows that it reads."""

import asyncio
import itertools
from typing import Any

import pytest

from bot_platform.domain import purchases, reversals
from bot_platform.domain.checkout import PaymentReversed, Stage
from bot_platform.domain.purchases import Purchase
from bot_platform.domain.reversals import Reversal
from bot_platform.infra.database import Database
from tests.reliability.stateful.one_sale import broken, sold

TAKES = {
    Stage.REFUND_PENDING: 200,
    Stage.REFUNDED: 200,
    Stage.REFUND_UNDONE: 0,
    Stage.REFUNDED_IN_ALL: 200,
    Stage.INQUIRY: 0,
    Stage.INQUIRY_CLOSED: 0,
    Stage.DISPUTED: 200,
    Stage.APPEALED: 200,
    Stage.LOST: 200,
    Stage.PREVENTED: 0,
    Stage.WON: 0,
    Stage.WARNED: 0,
    Stage.WARNING_OVER: 0,
}


def row(stage: Stage, amount: int, as_of: int = 0) -> Reversal:
    return Reversal(stage=stage, amount=amount, as_of=as_of, since=as_of)


def said(stage: Stage, amount: int = 200, as_of: int = 0, **changed: Any) -> PaymentReversed:
    about: dict[str, Any] = {
        "provider": "stripe",
        "key": "stripe:re_1",
        "payment_ref": "pi_1",
        "currency": "usd",
    }
    return PaymentReversed(stage=stage, amount=amount, as_of=as_of, **(about | changed))


@pytest.mark.parametrize("stage", Stage)
def test_each_stage_takes_all_or_nothing_of_its_amount(stage: Stage) -> None:
    assert reversals.money_lost([row(stage, 200)]) == TAKES[stage]


def test_refunds_and_disputes_add_up_and_inquiries_do_not() -> None:
    rows = [
        row(Stage.REFUNDED, 200),
        row(Stage.REFUND_PENDING, 50),
        row(Stage.LOST, 30),
        row(Stage.INQUIRY, 500),
    ]
    assert reversals.money_lost(rows) == 280


@pytest.mark.parametrize(
    ("singles", "undone_at", "lost"),
    [
        ((), None, 300),
        ((100,), None, 300),
        ((100, 300), None, 400),
        ((), 12, 100),
        ((100,), 12, 100),
        ((), 9, 300),
    ],
    ids=["no single", "one of them", "more since", "one undone", "one undone, one known", "undone before"],
)
def test_the_total_of_a_charge_stands_in_for_unknown_refunds(
    singles: tuple[int, ...], undone_at: int | None, lost: int
) -> None:
    rows = [row(Stage.REFUNDED_IN_ALL, 300, 10), *(row(Stage.REFUNDED, amount, 10) for amount in singles)]
    if undone_at is not None:
        rows.append(row(Stage.REFUND_UNDONE, 200, undone_at))
    assert {reversals.money_lost(some) for some in itertools.permutations(rows)} == {lost}


@pytest.mark.parametrize(
    ("credits_", "charged", "lost", "taken"),
    [
        (10_000, 500, 0, 0),
        (10_000, 500, 1, 20),
        (10_000, 300, 1, 34),
        (10_000, 300, 299, 9_967),
        (10_000, 300, 300, 10_000),
        (10_000, 300, 900, 10_000),
        (1, 99_999_999, 1, 1),
        (10_000, 0, 5, 0),
    ],
)
def test_credits_are_taken_in_proportion_rounded_up_and_at_most_all(
    credits_: int, charged: int, lost: int, taken: int
) -> None:
    assert purchases.credits_lost(Purchase(credits=credits_, charged=charged), lost) == taken


def test_of_two_updates_in_one_second_the_later_stage_wins() -> None:
    lives = [
        (Stage.REFUND_PENDING, Stage.REFUNDED, Stage.REFUND_UNDONE),
        (Stage.INQUIRY, Stage.INQUIRY_CLOSED, Stage.DISPUTED, Stage.APPEALED, Stage.LOST, Stage.WON),
        (Stage.WARNED, Stage.WARNING_OVER),
    ]
    for life in lives:
        assert sorted(life, key=lambda stage: stage.rank) == list(life)


@pytest.mark.parametrize(
    ("known", "news", "changes"),
    [
        ((Stage.REFUND_PENDING, 200, 5), (Stage.REFUNDED, 200, 6), True),
        ((Stage.REFUNDED, 200, 5), (Stage.REFUND_PENDING, 200, 5), False),
        ((Stage.WON, 200, 5), (Stage.LOST, 200, 6), True),
        ((Stage.WON, 200, 5), (Stage.LOST, 200, 5), False),
        ((Stage.DISPUTED, 200, 5), (Stage.DISPUTED, 300, 5), True),
        ((Stage.DISPUTED, 300, 5), (Stage.DISPUTED, 200, 5), False),
        ((Stage.DISPUTED, 300, 5), (Stage.DISPUTED, 200, 4), False),
        ((Stage.DISPUTED, 300, 5), (Stage.DISPUTED, 300, 5), False),
    ],
)
async def test_a_later_update_replaces_an_earlier_one(
    database: Database, known: tuple[Stage, int, int], news: tuple[Stage, int, int], *, changes: bool
) -> None:
    assert await database.transact(reversals.note, said(*known), None, None)
    assert await database.transact(reversals.note, said(*news), None, None) is changes
    kept = await Reversal.get(key="stripe:re_1")
    assert (kept.stage, kept.amount, kept.as_of) == (news if changes else known)


async def test_the_same_reversal_from_several_events_is_one_row(database: Database) -> None:
    notes = [database.transact(reversals.note, said(Stage.REFUNDED), None, None) for _ in range(10)]
    assert (await asyncio.gather(*notes)).count(True) == 1
    assert await Reversal.all().count() == 1


async def test_waiting_reversals_join_their_purchase_once(database: Database) -> None:
    sale = await sold(database)
    for key, ref in (("stripe:re_1", "pi_later"), ("stripe:dp_2", "pi_2")):
        await database.transact(reversals.note, said(Stage.INQUIRY, key=key, payment_ref=ref), None, None)
    assert [found.key for found in await reversals.unclaimed(0, "", 10)] == ["stripe:dp_2", "stripe:re_1"]
    (waits,) = await reversals.waiting("stripe", "pi_later")
    await database.transact(reversals.join, waits, sale.id, sale.user.id)
    assert not await reversals.waiting("stripe", "pi_later")
    assert [found.key for found in await reversals.of_purchase(sale.id)] == ["stripe:re_1"]


async def test_an_account_is_frozen_while_an_inquiry_is_open_and_not_lifted(database: Database) -> None:
    sale = await sold(database)
    for at, (stage, frozen) in enumerate(
        [
            (Stage.INQUIRY, True),
            (Stage.INQUIRY_CLOSED, False),
            (Stage.WARNED, True),
            (Stage.WARNING_OVER, False),
        ]
    ):
        await database.transact(reversals.note, said(stage, as_of=at), sale.id, sale.user.id)
        assert await reversals.freezes(sale.user.id) is frozen
    await database.transact(reversals.note, said(Stage.WARNED, as_of=9), sale.id, sale.user.id)
    assert await database.transact(reversals.unfreeze, sale.user.id) == 1
    assert await database.transact(reversals.unfreeze, sale.user.id) == 0
    assert not await reversals.freezes(sale.user.id)


async def test_a_total_reported_again_after_a_refund_was_undone_counts_again(database: Database) -> None:
    sale = await sold(database)
    await sale.hears("ch", Stage.REFUNDED_IN_ALL, 500, 10)
    await sale.hears("re_1", Stage.REFUND_UNDONE, 300, 12)
    await sale.hears("ch", Stage.REFUNDED_IN_ALL, 500, 14)  # another refund of 300, not told by itself
    assert not await broken(database)
    assert (await sale.stands())[0] == 0


async def test_an_undone_refund_reported_again_changes_nothing(database: Database) -> None:
    sale = await sold(database)
    await sale.hears("re_1", Stage.REFUND_UNDONE, 300, 8)
    await sale.hears("ch", Stage.REFUNDED_IN_ALL, 200, 10)
    await sale.hears("re_1", Stage.REFUND_UNDONE, 300, 12)
    assert not await broken(database)
    assert (await sale.stands())[0] == 6_000
