"""One idempotency key, one execution."""

import asyncio
from typing import Any

import pytest
import stripe

from tests.makers import eventually
from tests.sandbox.stripe_world import KEY, World, checkout_params, world
from tests.waiting import moving_clock


async def _open(w: World, key: str, **params: Any) -> Any:
    options: Any = {"idempotency_key": key}
    return await w.checkout.create_async(checkout_params(**params), options=options)


async def test_the_same_key_and_parameters_give_the_stored_answer() -> None:
    async with world() as w:
        first, again = await _open(w, "k"), await _open(w, "k")
        assert first.id == again.id
        assert len(w.local.sessions) == 1
        headers = again.last_response.headers
        assert headers["Idempotent-Replayed"] == "true"
        assert headers["Original-Request"] == first.last_response.request_id
        assert headers["Request-Id"] != first.last_response.request_id


async def test_the_stored_answer_does_not_change_with_its_object() -> None:
    async with world() as w:
        session = await _open(w, "k")
        await w.local.pay(session.id)
        assert (await _open(w, "k")).status == "open"


async def test_the_same_key_with_other_parameters_is_refused() -> None:
    async with world() as w:
        await _open(w, "k")
        with pytest.raises(stripe.IdempotencyError) as refused:
            await _open(w, "k", amount=600)
        assert refused.value.http_status == 400
        assert len(w.local.sessions) == 1


async def test_a_refusal_after_execution_is_stored_too() -> None:
    async with world() as w:
        lines = [{"price": "price_1", "quantity": 1}]
        for _ in range(2):
            with pytest.raises(stripe.InvalidRequestError) as refused:
                await _open(w, "k", line_items=lines)
        assert (refused.value.headers or {})["Idempotent-Replayed"] == "true"


async def test_a_refusal_of_the_parameters_is_not_stored() -> None:
    async with world() as w:
        with pytest.raises(stripe.InvalidRequestError):
            await _open(w, "k", colour="red")
        assert (await _open(w, "k")).status == "open"


async def test_a_stored_500_is_replayed_under_its_key_and_not_under_another() -> None:
    async with world() as w:
        w.local.faults.execute_then_answer("/v1/checkout/sessions", 500)
        for _ in range(2):
            with pytest.raises(stripe.APIError) as failed:
                await _open(w, "k")
            assert failed.value.http_status == 500
        assert len(w.local.sessions) == 1
        assert (await _open(w, "k2")).status == "open"


async def test_of_concurrent_requests_with_one_key_one_executes_and_the_others_get_409() -> None:
    async with world() as w:
        w.local.faults.delay("/v1/checkout/sessions", 60)
        asking = [asyncio.create_task(_open(w, "k")) for _ in range(5)]
        await eventually(lambda: sum(task.done() for task in asking) == 4)
        moving_clock().move(60)
        answers = await asyncio.gather(*asking, return_exceptions=True)
        refused = [answer for answer in answers if isinstance(answer, BaseException)]
        assert len(w.local.sessions) == 1
        assert len(refused) == 4
        assert {getattr(error, "http_status", None) for error in refused} == {409}


async def test_a_client_with_retries_gets_the_same_session_from_concurrent_requests() -> None:
    async with world(max_network_retries=2) as w:
        w.local.faults.delay("/v1/checkout/sessions", 0.1)
        answers = await asyncio.gather(*(_open(w, "k") for _ in range(3)))
        assert {answer.id for answer in answers} == set(w.local.sessions)


async def test_a_cancelled_request_releases_its_key() -> None:
    async with world() as w:
        w.local.faults.delay("/v1/products", 60)
        headers = {"Authorization": f"Bearer {KEY}", "Idempotency-Key": "k"}
        request: Any = {"url": f"{w.url}/v1/products", "data": {"name": "x"}, "headers": headers}
        early = asyncio.create_task(w.http.post(**request).__aenter__())
        await eventually(lambda: moving_clock().delays)
        early.cancel()
        await eventually(lambda: not moving_clock().delays)
        async with w.http.post(**request) as answer:
            assert answer.status == 200
