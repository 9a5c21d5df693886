"""A link counts only for the mode and the account of the key that opened it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from bot_platform.domain import packages
from bot_platform.domain.errors import CheckoutOfAnotherAccount
from bot_platform.domain.outbox import Notice
from bot_platform.domain.purchases import Purchase, PurchaseState
from bot_platform.domain.users import User
from bot_platform.flows import recheck_purchase, reconcile
from bot_platform.flows.buy import buy
from bot_platform.flows.context import PaymentContext
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from bot_platform.providers.stripe.payments import StripePayments
from tests.makers import PRICES, balance, payments, person
from tests.sandbox.stripe_world import KEY, World, world

ACCOUNT, OTHER = "1GqIC8HYgolSBA35", "1JcVwXYZabcdefgh"
TEST_KEY, LIVE_KEY = f"sk_test_5{ACCOUNT}{'a' * 80}", f"sk_live_5{ACCOUNT}{'a' * 80}"
ROLLED_KEY, RESTRICTED_KEY = f"sk_test_5{ACCOUNT}{'b' * 80}", f"rk_test_5{ACCOUNT}{'c' * 80}"
OTHER_KEY = f"sk_test_5{OTHER}{'a' * 80}"
MAY = ("rak_checkout_session_write", "rak_payment_intent_read")


@dataclass
class Shop:
    """A buyer before a shop whose key is replaced now and then."""

    database: Database
    world: World
    user: User
    open_: AsyncExitStack
    pressed: int = 0

    def under(self, key: str) -> PaymentContext:
        """Start again with this key."""
        self.world.local.restrict(key, MAY)
        live = "live" in key
        provider = StripePayments(
            secret_key=key, api_base=self.world.url, webapp_url="https://b.example", proxy_url=None, live=live
        )
        self.open_.push_async_callback(provider.close)
        return payments(self.database, provider)

    async def press(self, context: PaymentContext, name: str = "") -> Purchase:
        """Press the package; return the purchase whose link is shown."""
        self.pressed += 1
        await buy(context, self.user, PRICES.get("buy_100"), name or f"press-{self.pressed}")
        shown = await Notice.filter(text="checkout-link").order_by("-id").first()
        assert shown
        return await Purchase.get(id=shown.text_values["purchase"])


@pytest.fixture
async def shop(database: Database) -> AsyncIterator[Shop]:
    async with world() as w, AsyncExitStack() as open_:
        yield Shop(database, w, await person(database), open_)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TEST_KEY, LIVE_KEY),
        (LIVE_KEY, TEST_KEY),
        (TEST_KEY, OTHER_KEY),
        ("sk_test_old1", "sk_live_old1"),
        ("sk_test_old1", "sk_test_old2"),
        (KEY, TEST_KEY),
    ],
)
async def test_a_link_of_another_account_or_mode_is_not_shown_again(
    shop: Shop, before: str, after: str
) -> None:
    first = await shop.press(shop.under(before))
    second = await shop.press(shop.under(after))
    assert (second.id, second.provider_ref) != (first.id, first.provider_ref)
    assert second.link != first.link
    back = await shop.press(shop.under(before))
    assert back.id == first.id


@pytest.mark.parametrize("after", [TEST_KEY, ROLLED_KEY, RESTRICTED_KEY])
async def test_a_link_of_the_same_account_is_shown_again_after_its_key_was_rolled(
    shop: Shop, after: str
) -> None:
    first = await shop.press(shop.under(TEST_KEY))
    assert (await shop.press(shop.under(after))).id == first.id


async def test_a_press_that_is_repeated_after_the_restart_opens_a_session_of_the_new_account(
    shop: Shop,
) -> None:
    first = await shop.press(shop.under(TEST_KEY), "tg:1")
    live = shop.under(LIVE_KEY)
    second = await shop.press(live, "tg:1")
    assert second.id != first.id
    assert (await shop.press(live, "tg:1")).id == second.id


async def test_a_checkout_that_was_being_opened_is_begun_again_under_the_new_account(shop: Shop) -> None:
    first = await shop.press(shop.under(TEST_KEY))
    await query("UPDATE purchase SET link = NULL, link_until = NULL, provider_ref = NULL")
    second = await shop.press(shop.under(OTHER_KEY))
    assert second.id != first.id


async def test_a_link_of_a_version_that_kept_no_account_is_not_shown_again(shop: Shop) -> None:
    first = await shop.press(shop.under(TEST_KEY))
    await query("UPDATE purchase SET account = '', uid = NULL")
    assert (await shop.press(shop.under(TEST_KEY))).id != first.id


async def test_i_have_paid_says_when_the_link_is_of_another_account_but_sees_a_payment(shop: Shop) -> None:
    first = await shop.press(shop.under(TEST_KEY))
    other = shop.under(OTHER_KEY)
    with pytest.raises(CheckoutOfAnotherAccount):
        await recheck_purchase.check(other, shop.user, first.id)
    await shop.world.local.pay(first.provider_ref or "")  # here both keys see it; at Stripe only its own
    await reconcile.check_purchase(other, first)
    assert await balance(shop.user) == 10_000
    assert (await Purchase.get(id=first.id)).state is PurchaseState.PAID


async def test_a_link_from_before_a_change_of_the_price_is_not_shown_again_and_still_credits(
    shop: Shop,
) -> None:
    dearer = packages.read('[[package]]\ncode = "buy_100"\ncredits = 100\namount = 900\ncurrency = "usd"\n')
    context = shop.under(TEST_KEY)
    first = await shop.press(context)
    await buy(context, shop.user, dearer.get("buy_100"), "after the change")
    second = await Purchase.exclude(id=first.id).get()
    assert (second.amount, second.link != first.link) == (900, True)
    for purchase, credited in ((first, 10_000), (second, 20_000)):
        await shop.world.local.pay(purchase.provider_ref or "")
        await reconcile.check_purchase(context, purchase)
        assert await balance(shop.user) == credited
