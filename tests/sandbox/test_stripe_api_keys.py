"""API keys, unknown URLs and the record of requests."""

from typing import Any

import aiohttp
import pytest
import stripe

from tests.sandbox.stripe_world import KEY, checkout_params, world


async def test_an_unknown_key_is_refused_with_stripes_message() -> None:
    async with world() as w:
        options: Any = {"api_key": "sk_test_somebody_else"}
        with pytest.raises(stripe.AuthenticationError, match="Invalid API Key provided") as refused:
            await w.client.v1.balance.retrieve_async(options=options)
        assert refused.value.http_status == 401
        assert str(refused.value.request_id).startswith("req_")


async def test_a_missing_key_is_refused_with_a_hint() -> None:
    async with world() as w, w.http.get(f"{w.url}/v1/balance") as answer:
        assert answer.status == 401
        assert "You did not provide an API key" in (await answer.json())["error"]["message"]


async def test_the_key_can_be_the_user_name_of_basic_auth() -> None:
    headers = {"Authorization": aiohttp.encode_basic_auth(KEY, "")}
    async with world() as w, w.http.get(f"{w.url}/v1/account", headers=headers) as answer:
        assert answer.status == 200
        assert (await answer.json())["object"] == "account"


async def test_the_right_key_reads_the_balance() -> None:
    async with world() as w:
        balance = await w.client.v1.balance.retrieve_async()
        assert balance.livemode is False


async def test_an_unknown_url_is_named_in_the_error() -> None:
    async with world() as w:
        headers = {"Authorization": f"Bearer {KEY}"}
        async with w.http.get(f"{w.url}/v1/nowhere", headers=headers) as answer:
            assert answer.status == 404
            assert answer.headers["Request-Id"].startswith("req_")
            error = (await answer.json())["error"]
            assert error["message"] == "Unrecognized request URL (GET: /v1/nowhere)."


async def test_requests_are_recorded() -> None:
    async with world() as w:
        options: Any = {"idempotency_key": "purchase-1-1"}
        await w.checkout.create_async(checkout_params(metadata={"user_id": "7"}), options=options)
        request = w.local.requests[-1]
        assert (request.method, request.path) == ("POST", "/v1/checkout/sessions")
        assert request.params["metadata"] == {"user_id": "7"}
        assert request.idempotency_key == "purchase-1-1"
        assert request.stripe_version == stripe.api_version
