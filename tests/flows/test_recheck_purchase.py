"""A buyer reports that they have paid."""

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


class Answering(MockPayments):
    """Answers with the given news about every checkout, and counts the questions; down without news."""

    name = "stripe"

    def __init__(self, news: News | None = None) -> None:
        self.news, self.questions = news, 0

    async def look(self, provider_ref: str) -> News:  # noqa: ARG002 -- the Protocol's signature
        self.questions += 1
        if self.news is None:
            raise ProviderDown
        return self.news


async def begun(database: Database, user: User, ref: str | None = "cs_1") -> Purchase:
    offer = Offer.of(PRICES.get("buy_100"), user.id, "stripe")
    purchase = await database.transact(purchases.begin, "p", offer)
    await Purchase.filter(id=purchase.id).update(provider_ref=ref)
    return await purchases.get(purchase.id)


def paid(purchase: Purchase) -> PaymentConfirmed:
    return PaymentConfirmed(
        CheckoutRef("stripe", "cs_1", "pi_1", purchase.id, purchase.user_id), 500, 500, "usd"
    )


async def test_a_payment_that_is_found_is_credited_once_however_often_the_button_is_pressed(
    database: Database,
) -> None:
    user = await person(database)
    purchase = await begun(database, user)
    context = payments(database, Answering(paid(purchase)))
    found = await asyncio.gather(*(check(context, user, purchase.id) for _ in range(8)))
    assert all(row.was_paid for row, _ in found)
    assert await balance(user) == 10_000
    assert await Notice.filter(text="payment-received").count() == 1


async def test_the_provider_is_not_asked_about_a_paid_purchase(database: Database) -> None:
    user = await person(database)
    purchase = await begun(database, user)
    provider = Answering(paid(purchase))
    context = payments(database, provider)
    assert (await check(context, user, purchase.id))[1]
    assert not (await check(context, user, purchase.id))[1]
    assert provider.questions == 1


async def test_a_purchase_without_a_checkout_stays_open(database: Database) -> None:
    user = await person(database)
    purchase = await begun(database, user, None)
    found, now = await check(payments(database, Answering()), user, purchase.id)
    assert (found.state, now) == (PurchaseState.OPEN, False)


async def test_a_provider_that_is_not_set_up_is_not_asked(database: Database) -> None:
    user = await person(database)
    purchase = await begun(database, user)
    found, now = await check(payments(database), user, purchase.id)
    assert (found.state, now) == (PurchaseState.OPEN, False)


async def test_a_provider_that_is_down_raises_and_one_that_knows_nothing_changes_nothing(
    database: Database,
) -> None:
    user = await person(database)
    purchase = await begun(database, user)
    with pytest.raises(ProviderUnavailable):
        await check(payments(database, Answering()), user, purchase.id)
    unknown = Answering(NotForUs("Stripe does not know this session", keep=False))
    assert not (await check(payments(database, unknown), user, purchase.id))[1]
    assert await balance(user) == 0


@pytest.mark.parametrize("number", [0, -1, 404, 2**63, 2**200])
async def test_an_unknown_number_is_no_purchase(database: Database, number: int) -> None:
    user = await person(database)
    with pytest.raises(NoSuchPurchase):
        await check(payments(database, Answering()), user, number)


async def test_another_user_s_purchase_is_refused_and_the_provider_is_not_asked(database: Database) -> None:
    user, other = await person(database), await person(database, 78)
    purchase = await begun(database, user)
    provider = Answering(paid(purchase))
    with pytest.raises(NoSuchPurchase):
        await check(payments(database, provider), other, purchase.id)
    assert provider.questions == 0
