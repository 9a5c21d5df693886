"""New spending is frozen while an inquiry or a fraud warning is open."""

import pytest

from bot_platform.domain import ledger, purchases
from bot_platform.domain.actions import Action
from bot_platform.domain.checkout import CheckoutRef, PaymentConfirmed, PaymentReversed, Stage
from bot_platform.domain.errors import AccountFrozen
from bot_platform.domain.ledger import Account
from bot_platform.domain.outbox import Notice
from bot_platform.domain.purchases import Offer, Purchase
from bot_platform.domain.users import User
from bot_platform.flows import freeze, provider_events
from bot_platform.flows.audit import audit_books
from bot_platform.flows.context import PaymentContext
from bot_platform.infra.database import Database
from tests.makers import PRICES, balance, payments, person


async def sold(context: PaymentContext, user: User, name: str) -> Purchase:
    offer = Offer.of(PRICES.get("buy_100"), user.id, "stripe")
    purchase = await context.database.transact(purchases.begin, name, offer)
    ref = CheckoutRef("stripe", f"cs_{name}", f"pi_{name}", purchase.id, user.id)
    await provider_events.apply(context, PaymentConfirmed(ref, 500, 500, "usd"), "a look")
    return purchase


async def report(context: PaymentContext, name: str, key: str, stage: Stage, as_of: int) -> None:
    money = stage not in {Stage.WARNED, Stage.WARNING_OVER}
    news = PaymentReversed(
        "stripe", f"stripe:{key}", f"pi_{name}", stage, 500 * money, "usd" if money else None, as_of
    )
    await provider_events.apply(context, news, "a look")


async def frozen(user: User) -> bool:
    return (await ledger.find_account(user.id)).frozen


async def texts() -> list[str]:
    rows = await Notice.filter(text__startswith="spending").order_by("id")
    return [row.text for row in rows]


async def test_two_inquiries_freeze_once_and_only_the_end_of_both_unfreezes(database: Database) -> None:
    context, user = payments(database), await person(database)
    await sold(context, user, "a")
    await sold(context, user, "b")
    await report(context, "a", "du_1", Stage.INQUIRY, 1)
    await report(context, "b", "wa_1", Stage.WARNED, 1)
    await report(context, "a", "du_1", Stage.INQUIRY_CLOSED, 2)
    assert await frozen(user)
    await report(context, "b", "wa_1", Stage.WARNING_OVER, 2)
    assert not await frozen(user)
    assert await texts() == ["spending-frozen", "spending-free"]
    assert await balance(user) == 20_000
    assert not await audit_books(database, (), lambda _: None)


async def test_an_operator_s_unfreeze_holds_for_the_same_inquiry_and_not_for_another(
    database: Database,
) -> None:
    context, user = payments(database), await person(database)
    await sold(context, user, "a")
    await report(context, "a", "du_1", Stage.INQUIRY, 1)
    assert await freeze.unfreeze(database, user)
    assert not await freeze.unfreeze(database, user)
    await report(context, "a", "du_1", Stage.INQUIRY, 2)
    assert not await frozen(user)
    await report(context, "a", "wa_1", Stage.WARNED, 3)
    assert await frozen(user)
    assert await texts() == ["spending-frozen", "spending-free", "spending-frozen"]
    assert not await audit_books(database, (), lambda _: None)


async def test_an_account_that_is_frozen_without_a_question_is_repaired_and_the_operator_is_told(
    database: Database,
) -> None:
    user = await person(database)
    await Account.filter(user_id=user.id).update(frozen=True)
    assert await freeze.unfreeze(database, user)
    assert not await frozen(user)
    assert await texts() == ["spending-free"]
    assert [act.what for act in await Action.all()] == ["lift"]
    assert not await freeze.unfreeze(database, user)
    assert await Action.all().count() == 1


async def test_older_news_of_a_closed_inquiry_do_not_freeze_again(database: Database) -> None:
    context, user = payments(database), await person(database)
    await sold(context, user, "a")
    await report(context, "a", "du_1", Stage.INQUIRY_CLOSED, 5)
    await report(context, "a", "du_1", Stage.INQUIRY, 4)
    assert not await frozen(user)
    assert await texts() == []


async def test_a_frozen_user_can_buy_and_their_running_work_can_end(database: Database) -> None:
    context, user = payments(database), await person(database)
    await sold(context, user, "a")

    async def hold(cause: str) -> ledger.Hold:
        return await ledger.hold(await ledger.lock(user.id), 1_000, cause)

    held = await database.transact(hold, "work:1")
    await report(context, "a", "du_1", Stage.INQUIRY, 1)
    with pytest.raises(AccountFrozen):
        await database.transact(hold, "work:2")
    assert (await database.transact(hold, "work:1")).id == held.id

    async def capture() -> bool:
        return await ledger.capture(await ledger.lock(user.id), held, 1_000)

    assert await database.transact(capture)
    await sold(context, user, "b")
    assert await balance(user) == 19_000
    assert not await audit_books(database, (), lambda _: None)


async def test_a_warning_that_came_before_its_payment_freezes_when_the_payment_comes(
    database: Database,
) -> None:
    context, user = payments(database), await person(database)
    await report(context, "a", "wa_1", Stage.WARNED, 1)
    assert not await frozen(user)
    await sold(context, user, "a")
    assert await frozen(user)
    assert not await audit_books(database, (), lambda _: None)


async def test_an_inquiry_about_another_user_does_not_freeze_this_one(database: Database) -> None:
    context, user = payments(database), await person(database)
    other = await person(database, 78)
    await sold(context, user, "a")
    await sold(context, other, "b")
    await report(context, "b", "du_1", Stage.INQUIRY, 1)
    assert (await frozen(user), await frozen(other)) == (False, True)
