"""The queue of faults for API requests."""

import asyncio

import pytest
import stripe

from tests.makers import eventually
from tests.sandbox.stripe_world import world
from tests.waiting import moving_clock


async def test_a_queued_answer_is_sent_once_and_nothing_is_executed() -> None:
    async with world() as w:
        w.local.faults.answer("/v1/checkout/sessions", 503, "<h1>Bad gateway</h1>")
        with pytest.raises(stripe.APIError) as failed:
            await w.open()
        assert failed.value.http_status == 503
        assert not w.local.sessions
        await w.open()
        assert len(w.local.sessions) == 1


async def test_a_queued_error_has_stripes_shape() -> None:
    async with world() as w:
        body = {
            "error": {"type": "invalid_request_error", "code": "rate_limit", "message": "Too many requests"}
        }
        w.local.faults.answer("/v1/*", 429, body, times=2)
        for _ in range(2):
            with pytest.raises(stripe.RateLimitError):
                await w.open()
        await w.open()


async def test_a_connection_closes_without_an_answer() -> None:
    async with world() as w:
        w.local.faults.drop_connection("/v1/checkout/sessions")
        with pytest.raises(stripe.APIConnectionError, match="ServerDisconnectedError"):
            await w.open()
        assert not w.local.sessions
        await w.open()


async def test_a_retry_gets_the_answer_that_was_lost_after_execution() -> None:
    async with world(max_network_retries=1) as w:
        w.local.faults.drop_connection("/v1/checkout/sessions", after_execution=True)
        session = await w.open()
        assert list(w.local.sessions) == [session.id]
        assert session.last_response.headers["Idempotent-Replayed"] == "true"


async def test_an_answer_can_be_slow() -> None:
    async with world() as w:
        w.local.faults.delay("/v1/balance", 60, method="GET")
        slow = asyncio.create_task(w.client.v1.balance.retrieve_async())
        await eventually(lambda: moving_clock().delays)
        moving_clock().move(60)
        assert (await slow).object == "balance"


async def test_a_slow_answer_does_not_delay_other_requests() -> None:
    async with world() as w:
        w.local.faults.delay("/v1/balance", 60, times=1)
        slow = asyncio.create_task(w.client.v1.balance.retrieve_async())
        await eventually(lambda: moving_clock().delays)
        await w.open()
        assert not slow.done()
        moving_clock().move(60)
        await slow


async def test_queued_faults_can_be_cleared() -> None:
    async with world() as w:
        w.local.faults.answer("/v1/*", 500, times=5)
        w.local.faults.clear()
        await w.open()
