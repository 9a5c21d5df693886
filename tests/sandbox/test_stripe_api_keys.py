"""How the local Stripe tells who asks, and for what."""

from typing import Any

import aiohttp
import pytest
import stripe

from tests.sandbox.stripe_world import KEY, checkout_params, world


async def test_another_key_is_refused_in_stripes_words() -> None:
    async with world() as w:
        options: Any = {"api_key": "sk_test_somebody_else"}
        with pytest.raises(stripe.AuthenticationError, match="Invalid API Key provided") as refused:
            await w.client.v1.balance.retrieve_async(options=options)
        assert refused.value.http_status == 401
        assert str(refused.value.request_id).startswith("req_")


async def test_no_key_is_refused_and_told_how() -> None:
    async with world() as w, w.http.get(f"{w.url}/v1/balance") as answer:
        assert answer.status == 401
        assert "You did not provide an API key" in (await answer.json())["error"]["message"]


async def test_the_key_may_come_as_a_user_name() -> None:
    headers = {"Authorization": aiohttp.encode_basic_auth(KEY, "")}
    async with world() as w, w.http.get(f"{w.url}/v1/account", headers=headers) as answer:
        assert answer.status == 200
        assert (await answer.json())["object"] == "account"


async def test_the_right_key_reads_the_balance() -> None:
    async with world() as w:
        balance = await w.client.v1.balance.retrieve_async()
        assert balance.livemode is False


async def test_an_unknown_url_is_named() -> None:
    async with world() as w:
        headers = {"Authorization": f"Bearer {KEY}"}
        async with w.http.get(f"{w.url}/v1/nowhere", headers=headers) as answer:
            assert answer.status == 404
            assert answer.headers["Request-Id"].startswith("req_")
            error = (await answer.json())["error"]
            assert error["message"] == "Unrecognized request URL (GET: /v1/nowhere)."


async def test_requests_are_remembered_for_asserts() -> None:
    async with world() as w:
        options: Any = {"idempotency_key": "purchase-1-1"}
        await w.checkout.create_async(checkout_params(metadata={"user_id": "7"}), options=options)
        request = w.local.requests[-1]
        assert (request.method, request.path) == ("POST", "/v1/checkout/sessions")
        assert request.params["metadata"] == {"user_id": "7"}
        assert request.idempotency_key == "purchase-1-1"
        assert request.stripe_version == stripe.api_version
