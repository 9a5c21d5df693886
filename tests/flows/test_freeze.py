"""A bank's open question freezes new spending, as long as one is open."""

import pytest

from bot_platform.domain import ledger, purchases
from bot_platform.domain.checkout import CheckoutRef, PaymentConfirmed, PaymentReversed, Stage
from bot_platform.domain.errors import AccountFrozen
from bot_platform.domain.outbox import Notice
from bot_platform.domain.purchases import Offer, Purchase
from bot_platform.domain.users import User
from bot_platform.flows import freeze, provider_events
from bot_platform.flows.audit import audit_books
from bot_platform.flows.context import PaymentContext
from bot_platform.infra.database import Database
from tests.makers import PRICES, balance, payments, person


async def sold(t: PaymentContext, user: User, name: str) -> Purchase:
    offer = Offer.of(PRICES.get("buy_100"), user.id, "stripe")
    purchase = await t.database.transact(purchases.begin, name, offer)
    ref = CheckoutRef("stripe", f"cs_{name}", f"pi_{name}", purchase.id, user.id)
    await provider_events.apply(t, PaymentConfirmed(ref, 500, 500, "usd"), "a look")
    return purchase


async def says(t: PaymentContext, name: str, key: str, stage: Stage, as_of: int) -> None:
    money = stage not in {Stage.WARNED, Stage.WARNING_OVER}
    said = PaymentReversed(
        "stripe", f"stripe:{key}", f"pi_{name}", stage, 500 * money, "usd" if money else None, as_of
    )
    await provider_events.apply(t, said, "a look")


async def frozen(user: User) -> bool:
    return (await ledger.find_account(user.id)).frozen


async def texts() -> list[str]:
    rows = await Notice.filter(text__startswith="spending").order_by("id")
    return [row.text for row in rows]


async def test_two_questions_freeze_once_and_only_the_end_of_both_frees(database: Database) -> None:
    t, user = payments(database), await person(database)
    await sold(t, user, "a")
    await sold(t, user, "b")
    await says(t, "a", "du_1", Stage.INQUIRY, 1)
    await says(t, "b", "wa_1", Stage.WARNED, 1)
    await says(t, "a", "du_1", Stage.INQUIRY_CLOSED, 2)
    assert await frozen(user)
    await says(t, "b", "wa_1", Stage.WARNING_OVER, 2)
    assert not await frozen(user)
    assert await texts() == ["spending-frozen", "spending-free"]
    assert await balance(user) == 20_000
    assert not await audit_books(database, (), lambda _: None)


async def test_a_lifted_freeze_stays_lifted_for_the_same_question_and_not_for_another(
    database: Database,
) -> None:
    t, user = payments(database), await person(database)
    await sold(t, user, "a")
    await says(t, "a", "du_1", Stage.INQUIRY, 1)
    assert await freeze.unfreeze(database, user) == 1
    assert await freeze.unfreeze(database, user) == 0
    await says(t, "a", "du_1", Stage.INQUIRY, 2)
    assert not await frozen(user)
    await says(t, "a", "wa_1", Stage.WARNED, 3)
    assert await frozen(user)
    assert await texts() == ["spending-frozen", "spending-free", "spending-frozen"]
    assert not await audit_books(database, (), lambda _: None)


async def test_older_news_of_a_question_freezes_nobody_again(database: Database) -> None:
    t, user = payments(database), await person(database)
    await sold(t, user, "a")
    await says(t, "a", "du_1", Stage.INQUIRY_CLOSED, 5)
    await says(t, "a", "du_1", Stage.INQUIRY, 4)
    assert not await frozen(user)
    assert await texts() == []


async def test_a_frozen_person_can_buy_and_work_in_hand_ends(database: Database) -> None:
    t, user = payments(database), await person(database)
    await sold(t, user, "a")

    async def hold(cause: str) -> ledger.Hold:
        return await ledger.hold(await ledger.lock(user.id), 1_000, cause)

    held = await database.transact(hold, "work:1")
    await says(t, "a", "du_1", Stage.INQUIRY, 1)
    with pytest.raises(AccountFrozen):
        await database.transact(hold, "work:2")
    assert (await database.transact(hold, "work:1")).id == held.id

    async def capture() -> bool:
        return await ledger.capture(await ledger.lock(user.id), held, 1_000)

    assert await database.transact(capture)
    await sold(t, user, "b")
    assert await balance(user) == 19_000
    assert not await audit_books(database, (), lambda _: None)


async def test_a_question_that_came_before_its_payment_freezes_when_the_money_comes(
    database: Database,
) -> None:
    t, user = payments(database), await person(database)
    await says(t, "a", "wa_1", Stage.WARNED, 1)
    assert not await frozen(user)
    await sold(t, user, "a")
    assert await frozen(user)
    assert not await audit_books(database, (), lambda _: None)


async def test_somebody_else_s_question_freezes_nobody_here(database: Database) -> None:
    t, user = payments(database), await person(database)
    other = await person(database, 78)
    await sold(t, user, "a")
    await sold(t, other, "b")
    await says(t, "b", "du_1", Stage.INQUIRY, 1)
    assert (await frozen(user), await frozen(other)) == (False, True)
