"""A buyer says that they have paid."""

import asyncio

import pytest

from bot_platform.domain import purchases
from bot_platform.domain.checkout import CheckoutRef, News, NotForUs, PaymentConfirmed, ProviderDown
from bot_platform.domain.errors import NoSuchPurchase, ProviderUnavailable
from bot_platform.domain.outbox import Notice
from bot_platform.domain.purchases import Offer, Purchase, PurchaseState
from bot_platform.domain.users import User
from bot_platform.flows.recheck_purchase import check
from bot_platform.infra.database import Database
from bot_platform.providers.mock import MockPayments
from tests.makers import PRICES, balance, payments, person


class Counter(MockPayments):
    """Says of every checkout what it is told to say."""

    name = "stripe"

    def __init__(self, news: News | None = None) -> None:
        self.news, self.asked = news, 0

    async def look(self, provider_ref: str) -> News:  # noqa: ARG002 -- the Protocol's signature
        self.asked += 1
        if self.news is None:
            raise ProviderDown
        return self.news


async def begun(database: Database, user: User, ref: str | None = "cs_1") -> Purchase:
    offer = Offer.of(PRICES.get("buy_100"), user.id, "stripe")
    purchase = await database.transact(purchases.begin, "p", offer)
    await Purchase.filter(id=purchase.id).update(provider_ref=ref)
    return await purchases.get(purchase.id)


def came(purchase: Purchase) -> PaymentConfirmed:
    return PaymentConfirmed(
        CheckoutRef("stripe", "cs_1", "pi_1", purchase.id, purchase.user_id), 500, 500, "usd"
    )


async def test_money_that_is_found_is_credited_once_however_often_the_button_is_pressed(
    database: Database,
) -> None:
    user = await person(database)
    purchase = await begun(database, user)
    t = payments(database, Counter(came(purchase)))
    found = await asyncio.gather(*(check(t, user, purchase.id) for _ in range(8)))
    assert all(row.was_paid for row, _ in found)
    assert await balance(user) == 10_000
    assert await Notice.filter(text="payment-received").count() == 1


async def test_of_a_paid_purchase_nobody_is_asked(database: Database) -> None:
    user = await person(database)
    purchase = await begun(database, user)
    counter = Counter(came(purchase))
    t = payments(database, counter)
    assert (await check(t, user, purchase.id))[1]
    assert not (await check(t, user, purchase.id))[1]
    assert counter.asked == 1


async def test_a_purchase_whose_page_was_never_made_is_open(database: Database) -> None:
    user = await person(database)
    purchase = await begun(database, user, None)
    found, now = await check(payments(database, Counter()), user, purchase.id)
    assert (found.state, now) == (PurchaseState.OPEN, False)


async def test_a_provider_that_left_is_not_asked(database: Database) -> None:
    user = await person(database)
    purchase = await begun(database, user)
    found, now = await check(payments(database), user, purchase.id)
    assert (found.state, now) == (PurchaseState.OPEN, False)


async def test_a_provider_that_is_down_says_so_and_one_that_knows_nothing_changes_nothing(
    database: Database,
) -> None:
    user = await person(database)
    purchase = await begun(database, user)
    with pytest.raises(ProviderUnavailable):
        await check(payments(database, Counter()), user, purchase.id)
    unknown = Counter(NotForUs("Stripe does not know this session", keep=False))
    assert not (await check(payments(database, unknown), user, purchase.id))[1]
    assert await balance(user) == 0


@pytest.mark.parametrize("number", [0, -1, 404, 2**63, 2**200])
async def test_a_number_of_nothing_is_no_purchase(database: Database, number: int) -> None:
    user = await person(database)
    with pytest.raises(NoSuchPurchase):
        await check(payments(database, Counter()), user, number)


async def test_somebody_else_s_purchase_is_none_and_nobody_is_asked(database: Database) -> None:
    user, other = await person(database), await person(database, 78)
    purchase = await begun(database, user)
    counter = Counter(came(purchase))
    with pytest.raises(NoSuchPurchase):
        await check(payments(database, counter), other, purchase.id)
    assert counter.asked == 0
