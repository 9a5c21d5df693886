"""Fault switches: webhooks sent twice, late, in another order or never, and an API that is slow or down."""

import asyncio
from random import Random
from typing import Any

import pytest
import stripe

from tests.makers import eventually
from tests.sandbox.stripe_world import World, world
from tests.waiting import moving_clock


async def _pay(w: World) -> str:
    session = await w.open()
    await w.local.pay(session.id)
    return str(session.id)


async def _product(w: World) -> None:
    await w.client.v1.products.create_async({"name": "one event"})


async def _undelivered(w: World) -> list[str]:
    found = await w.client.v1.events.list_async({"delivery_success": False, "limit": 100})
    return [event.id for event in reversed(found.data)]


async def test_twice_sends_two_copies_of_each_webhook() -> None:
    async with world() as w:
        w.local.fault_switches.twice = True
        await _pay(w)
        await w.local.settled()
        ids = [event["id"] for event in w.receiver.got]
        assert sorted(ids) == sorted([event["id"] for event in w.local.events] * 2)
        assert {event["pending_webhooks"] for event in w.local.events} == {0}
        assert moving_clock().offset_ms == 0, "none came later than the others"


async def test_a_late_webhook_waits() -> None:
    async with world() as w:
        w.local.fault_switches.late = 60
        await _product(w)
        await eventually(lambda: not w.local.is_busy)
        assert not w.receiver.got
        assert await _undelivered(w) == [w.local.events[0]["id"]]
        await w.local.settled()
        assert len(w.receiver.got) == 1
        assert await _undelivered(w) == []


async def test_shuffled_webhooks_all_arrive_in_another_order() -> None:
    async with world() as w:
        w.local.fault_switches.shuffled = True
        w.local.fault_switches.random = Random(7)  # noqa: S311 - not a secret
        await _pay(w)
        await w.local.settled()
        came, made = [e["id"] for e in w.receiver.got], [e["id"] for e in w.local.events]
        assert came != made
        assert sorted(came) == sorted(made)


async def test_lost_webhooks_never_arrive_and_their_events_are_still_listed() -> None:
    async with world() as w:
        w.local.fault_switches.lost = True
        paid = await _pay(w)
        lost = [event["id"] for event in w.local.events]
        await w.local.settled()
        w.local.fault_switches.lost = False
        await w.local.refund(paid)
        await w.local.settled()
        assert sorted(w.receiver.types) == ["charge.refunded", "refund.created"]
        assert await _undelivered(w) == lost


async def test_lost_webhooks_stay_lost_after_a_restart(tmp_path: Any) -> None:
    kept = tmp_path / "stripe.json"
    async with world(state_file=kept) as w:
        w.local.fault_switches.lost = True
        await _product(w)
    async with world(state_file=kept) as w:
        assert not w.local.fault_switches.lost
        await w.local.settled()
        assert not w.receiver.got
        assert await _undelivered(w) == [w.local.events[0]["id"]]


async def test_a_slow_api_executes_the_request_before_it_answers() -> None:
    async with world() as w:
        w.local.fault_switches.slow = 60
        asking = asyncio.create_task(w.open())
        await eventually(lambda: moving_clock().delays)
        assert len(w.local.sessions) == 1
        assert not asking.done()
        moving_clock().move(60)
        await asking


async def test_a_retry_after_a_timeout_of_a_slow_api_gets_the_stored_answer() -> None:
    async with world() as w:
        paid = w.local.sessions[await _pay(w)]
        params: Any = {"payment_intent": paid["payment_intent"], "amount": 100}
        options: Any = {"idempotency_key": "k"}
        w.local.fault_switches.slow = 60
        asking = asyncio.create_task(w.client.v1.refunds.create_async(params, options))
        await eventually(lambda: w.local.refunds)
        asking.cancel()
        w.local.fault_switches.reset()
        refund = await w.client.v1.refunds.create_async(params, options)
        assert list(w.local.refunds) == [refund.id]


async def test_an_api_that_is_down_executes_nothing_and_the_payment_page_still_works() -> None:
    async with world() as w:
        session = await w.open()
        w.local.fault_switches.down = True
        with pytest.raises(stripe.APIError) as failed:
            await w.open()
        assert failed.value.http_status == 503
        pay = w.http.post(f"{w.url}/pay/{session.id}", data={"how": "card"}, allow_redirects=False)
        async with pay as answer:
            assert answer.status == 303
        await w.local.settled()
        assert "checkout.session.completed" in w.receiver.types
        w.local.fault_switches.down = False
        assert (await w.checkout.retrieve_async(session.id)).payment_status == "paid"
        assert len(w.local.sessions) == 1


async def test_a_client_with_retries_succeeds_once_the_api_is_up_again() -> None:
    async with world(max_network_retries=4) as w:
        w.local.fault_switches.down = True
        asking = asyncio.create_task(w.open())
        await asyncio.sleep(0.2)  # the client tries once or twice meanwhile
        w.local.fault_switches.down = False
        assert (await asking).status == "open"
        assert len(w.local.sessions) == 1


async def test_with_several_faults_every_event_still_arrives() -> None:
    async with world() as w:
        w.local.fault_switches.change(twice=True, late=0.1, shuffled=True, slow=0.05)
        for paid in [await _pay(w) for _ in range(3)]:
            await w.local.refund(paid, 100)
            await w.local.dispute(paid)
        await w.local.settled()
        assert sorted(e["id"] for e in w.receiver.got) == sorted(2 * [e["id"] for e in w.local.events])


async def test_cursors_and_times_work_with_types_of_events() -> None:
    async with world() as w:
        paid = [await _pay(w) for _ in range(3)]
        for id_ in paid:
            await w.local.refund(id_, 100)
        made = [e["id"] for e in w.local.events if e["type"] == "refund.created"]
        other = next(e["id"] for e in w.local.events if e["type"] == "product.created")
        wanted: Any = {
            "types": ["refund.created"],
            "created": {"gte": w.local.events[0]["created"]},
            "limit": 1,
        }

        async def found(**cursor: str) -> list[str]:
            listed = await w.client.v1.events.list_async(wanted | cursor)
            return [event.id async for event in listed.auto_paging_iter()]

        # A cursor can be an event of another type.
        assert await found(ending_before=other) == made
        assert await found(ending_before=made[0]) == made[1:]
        assert await found(starting_after=w.local.events[-1]["id"]) == list(reversed(made))
        with pytest.raises(stripe.InvalidRequestError, match="No such"):
            await found(ending_before="evt_nobody")


async def test_a_delayed_answer_shows_the_state_at_execution() -> None:
    async with world() as w:
        refund = await w.local.refund(await _pay(w), scenario="pending")
        w.local.fault_switches.slow = 60
        asking = asyncio.create_task(w.client.v1.refunds.retrieve_async(refund["id"]))
        await eventually(lambda: moving_clock().delays)
        await w.local.finish_refund(refund["id"], "succeeded")
        moving_clock().move(60)
        assert (await asking).status == "pending"
