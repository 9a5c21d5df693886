"""A checkout depends on no default of the account, and on no parameter that an older server lacks."""

from collections.abc import Mapping
from typing import Any

import pytest

from bot_platform.domain.checkout import PaymentConfirmed
from bot_platform.domain.errors import CheckoutUnavailable
from bot_platform.domain.packages import Package
from bot_platform.providers.stripe.checkout_requests import OPTIONAL
from tests.providers.stripe.test_payments import order, payments
from tests.sandbox.stripe_world import World, world


async def priced(w: World, **options: Mapping[str, int]) -> Package:
    """Store a price of 5.00 USD that also has these prices in other currencies."""
    given: Any = {"currency": "usd", "unit_amount": 500, "product_data": {"name": "100 credits"}}
    if options:
        given["currency_options"] = options
    price = await w.client.v1.prices.create_async(given)
    return Package("buy_100", 10_000, 500, "usd", price.id)


async def test_an_account_with_managed_payments_sells() -> None:
    async with world() as w, payments(w.url) as provider:
        w.local.defaults.managed_payments = True
        assert (await provider.open(order())).url


async def test_an_account_with_managed_payments_refuses_a_session_that_does_not_say_no() -> None:
    async with world() as w:
        w.local.defaults.managed_payments = True
        for said in ({"adaptive_pricing": {"enabled": False}}, {"allow_promotion_codes": False}, {}):
            with pytest.raises(Exception, match="Managed Payments"):
                await w.open(**said)
        await w.open(managed_payments={"enabled": False})


@pytest.mark.parametrize("buyer", ["eur", "jpy", "gbp"])
async def test_a_price_in_several_currencies_is_paid_in_ours(buyer: str) -> None:
    async with world() as w, payments(w.url) as provider:
        package = await priced(w, eur={"unit_amount": 450}, jpy={"unit_amount": 700})
        w.local.defaults.buyer_currency = buyer
        page = await provider.open(order(package))
        await w.local.pay(page.provider_ref)
        paid = await provider.look(page.provider_ref)
        assert isinstance(paid, PaymentConfirmed)
        assert paid.price == (500, "usd")


async def test_a_session_that_names_no_currency_is_paid_in_the_buyers() -> None:
    async with world() as w:
        package = await priced(w, eur={"unit_amount": 450})
        w.local.defaults.buyer_currency = "eur"
        session = await w.open(line_items=[{"price": package.stripe_price, "quantity": 1}])
        assert (await w.local.pay(session.id))["currency"] == "eur"


async def test_a_buyer_from_another_country_sees_our_currency() -> None:
    async with world() as w, payments(w.url) as provider:
        w.local.defaults.buyer_currency = "eur"
        page = await provider.open(order())
        paid = await w.local.pay(page.provider_ref)
        assert "presentment_details" not in paid
        assert "presentment_details" in await w.local.pay((await w.open()).id)


@pytest.mark.parametrize(
    "unknown", [{name} for name in sorted(OPTIONAL)] + [{"managed_payments", "automatic_tax"}, OPTIONAL]
)
async def test_what_an_older_server_does_not_know_is_left_out_and_remembered(unknown: set[str]) -> None:
    async with world() as w, payments(w.url) as provider:
        package = await priced(w)
        w.local.defaults.unknown = frozenset(unknown)
        before = len(w.local.requests)
        assert (await provider.open(order(package))).url
        assert (await provider.open(order(package, attempt=2))).url
        sent = list(w.local.requests)[before:]
        assert [bool(unknown & request.params.keys()) for request in sent] == [True, False, False]
        assert len({request.idempotency_key for request in sent}) == 3


async def test_a_parameter_that_must_be_known_is_not_left_out() -> None:
    async with world() as w, payments(w.url) as provider:
        w.local.defaults.unknown = frozenset({"client_reference_id"})
        with pytest.raises(CheckoutUnavailable):
            await provider.open(order())
        assert len(w.local.requests) == 1
