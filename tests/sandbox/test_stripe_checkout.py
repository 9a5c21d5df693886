"""Checkout sessions with Stripe's real client: create, read, list, expire."""

import time
from typing import Any

import pytest
import stripe
from stripe.params.checkout import SessionCreateParams

from bot_platform.sandbox.stripe import checkout_schemas
from tests.sandbox.stripe_world import checkout_params, world
from tests.waiting import moving_clock


async def test_a_session_opens_unpaid_with_its_total() -> None:
    async with world() as w:
        session = await w.open(client_reference_id="7", metadata={"user_id": "7"})
        assert len(session.id) == 66
        assert session.id.startswith("cs_test_")
        assert (session.status, session.payment_status) == ("open", "unpaid")
        assert (session.amount_subtotal, session.amount_total, session.currency) == (500, 500, "usd")
        assert session.url == f"{w.url}/pay/{session.id}"
        assert session.livemode is False
        assert session.payment_intent is None
        assert session.expires_at - session.created == 24 * 60 * 60
        assert session.metadata["user_id"] == "7"


async def test_a_created_session_can_be_read_back() -> None:
    async with world() as w:
        session = await w.open()
        assert str(await w.checkout.retrieve_async(session.id)) == str(session)


async def test_a_session_can_use_stored_prices() -> None:
    async with world() as w:
        product = await w.client.v1.products.create_async({"name": "500 credits"})
        params: Any = {"product": product.id, "unit_amount": 2000, "currency": "eur"}
        price = await w.client.v1.prices.create_async(params)
        session = await w.open(line_items=[{"price": price.id, "quantity": 3}])
        lines = await w.checkout.line_items.list_async(session.id)
        assert session.amount_total == 6000
        assert session.currency == "eur"
        assert [(line.description, line.quantity, line.price.id) for line in lines.data] == [
            ("500 credits", 3, price.id)
        ]
        assert [p.id for p in (await w.client.v1.prices.list_async({"product": product.id})).data] == [
            price.id
        ]


async def test_expand_replaces_ids_by_objects() -> None:
    async with world() as w:
        session = await w.open()
        await w.local.pay(session.id)
        expand = ["line_items.data.price.product", "payment_intent.latest_charge"]
        found = await w.checkout.retrieve_async(session.id, {"expand": expand})
        assert found.line_items.data[0].price.product.name == "100 credits"
        assert found.payment_intent.latest_charge.status == "succeeded"
        listed = await w.checkout.list_async({"expand": ["data.payment_intent"]})
        assert listed.data[0].payment_intent.status == "succeeded"
        with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
            await w.checkout.retrieve_async(session.id, {"expand": ["nonsense"]})


async def test_an_unknown_parameter_is_refused() -> None:
    async with world() as w:
        with pytest.raises(stripe.InvalidRequestError) as refused:
            await w.open(colour="red", payment_method_types=["card"])
        error = refused.value
        assert (error.http_status, error.code, error.param) == (400, "parameter_unknown", "colour")
        assert str(error.user_message) == "Received unknown parameters: colour, payment_method_types"
        assert not w.local.sessions


async def test_an_unknown_nested_parameter_is_refused_by_its_full_name() -> None:
    async with world() as w:
        with pytest.raises(stripe.InvalidRequestError) as refused:
            await w.open(line_items=[{"price": "price_1", "quantity": 1, "amount": 5}])
        assert refused.value.param == "line_items[0][amount]"


@pytest.mark.parametrize("absent", ["mode", "line_items", "success_url"])
async def test_a_missing_parameter_is_named(absent: str) -> None:
    async with world() as w:
        params = checkout_params()
        del params[absent]
        with pytest.raises(stripe.InvalidRequestError) as refused:
            await w.checkout.create_async(params)
        assert (refused.value.code, refused.value.param) == ("parameter_missing", absent)


async def test_an_unsupported_parameter_is_refused_not_ignored() -> None:
    async with world() as w:
        with pytest.raises(stripe.InvalidRequestError, match="does not support discounts"):
            await w.open(discounts=[{"coupon": "half"}])


def test_every_parameter_of_the_client_is_known() -> None:
    names = set(SessionCreateParams.__annotations__) - set(stripe.RequestOptions.__annotations__)
    assert names == set(checkout_schemas.CREATE_SESSION.fields)


async def test_unknown_ids_are_404_in_the_path_and_400_in_a_parameter() -> None:
    async with world() as w:
        with pytest.raises(stripe.InvalidRequestError) as refused:
            await w.checkout.retrieve_async("cs_test_nobody")
        assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")
        with pytest.raises(stripe.InvalidRequestError) as refused:
            await w.open(line_items=[{"price": "price_nobody", "quantity": 1}])
        assert (refused.value.http_status, refused.value.param) == (400, "line_items[0][price]")


@pytest.mark.parametrize("seconds", [29 * 60, 25 * 60 * 60])
async def test_an_expiry_out_of_bounds_is_refused(seconds: int) -> None:
    async with world() as w:
        with pytest.raises(stripe.InvalidRequestError) as refused:
            await w.open(expires_at=int(time.time()) + seconds)
        assert refused.value.param == "expires_at"


@pytest.mark.parametrize(
    "metadata",
    [
        {f"key{n}": "x" for n in range(51)},
        {"k" * 41: "x"},
        {"key": "x" * 501},
        {"key": {"nested": "x"}},
    ],
)
async def test_metadata_has_limits(metadata: Any) -> None:
    async with world() as w:
        with pytest.raises(stripe.InvalidRequestError) as refused:
            await w.open(metadata=metadata)
        assert str(refused.value.param).startswith("metadata")


async def test_a_total_below_the_minimum_is_refused() -> None:
    async with world() as w:
        with pytest.raises(stripe.InvalidRequestError) as refused:
            await w.open(amount=49)
        assert refused.value.code == "amount_too_small"


async def test_sessions_are_listed_newest_first_and_by_payment_intent() -> None:
    async with world() as w:
        opened = [await w.open() for _ in range(3)]
        await w.local.pay(opened[1].id)
        page = await w.checkout.list_async({"limit": 2})
        assert [s.id for s in page.data] == [opened[2].id, opened[1].id]
        assert page.has_more
        assert [s.id async for s in page.auto_paging_iter()] == [s.id for s in reversed(opened)]
        intent = w.local.sessions[opened[1].id]["payment_intent"]
        found = await w.checkout.list_async({"payment_intent": intent})
        assert [s.id for s in found.data] == [opened[1].id]


async def test_an_open_session_can_be_expired_once() -> None:
    async with world() as w:
        session = await w.open()
        expired = await w.checkout.expire_async(session.id)
        assert (expired.status, expired.url) == ("expired", None)
        with pytest.raises(stripe.InvalidRequestError, match="status of `expired`"):
            await w.checkout.expire_async(session.id)
        await w.local.settled()
        assert w.receiver.types.count("checkout.session.expired") == 1


async def test_an_overdue_session_expires_by_itself() -> None:
    async with world() as w:
        session = await w.open(expires_at=int(time.time()) + 31 * 60)
        moving_clock().move(32 * 60)
        assert (await w.checkout.retrieve_async(session.id)).status == "expired"
        assert w.local.events[-1]["type"] == "checkout.session.expired"
