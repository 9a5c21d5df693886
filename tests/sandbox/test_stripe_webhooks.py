"""Webhooks: signed, retried until accepted, and kept across restarts."""

import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

from bot_platform.sandbox.stripe import PaymentScenario
from tests.makers import eventually
from tests.sandbox.stripe_world import SECRET, Receiver, World, checkout_params, world


async def _pay(w: World) -> None:
    session = await w.open()
    await w.local.pay(session.id)


async def _until(reached: int, receiver: Receiver) -> None:
    await eventually(lambda: len(receiver.got) >= reached)


async def test_an_accepted_event_is_delivered_once() -> None:
    async with world() as w:
        await _pay(w)
        await w.local.settled()
        assert sorted(e["id"] for e in w.receiver.got) == sorted(e["id"] for e in w.local.events)
        assert {e["pending_webhooks"] for e in w.receiver.got} == {1}
        assert {e["pending_webhooks"] for e in w.local.events} == {0}


async def test_a_refused_webhook_is_repeated_with_a_fresh_signature_until_200() -> None:
    receiver = Receiver(statuses=[500, 302, 404])
    async with world(receiver=receiver) as w:
        await w.client.v1.products.create_async({"name": "one event"})
        await w.local.settled()
        assert len(receiver.got) == 4
        assert len({event["id"] for event in receiver.got}) == 1
        (delivery,) = w.local.deliveries
        assert (delivery["attempts"], delivery["last_status"], delivery["state"]) == (4, 200, "delivered")


async def test_a_webhook_not_yet_taken_is_pending() -> None:
    async with world(receiver=Receiver(statuses=[500] * 3)) as w:
        await w.client.v1.products.create_async({"name": "one event"})
        await eventually(lambda: w.local.deliveries[0]["attempts"])
        event = (await w.client.v1.events.list_async()).data[0]
        assert event.pending_webhooks == 1
        undelivered = await w.client.v1.events.list_async({"delivery_success": False})
        assert [e.id for e in undelivered.data] == [event.id]
        (delivery,) = w.local.deliveries
        assert (delivery["attempts"], delivery["last_status"], delivery["state"]) == (1, 500, "pending")


async def test_a_receiver_that_hangs_up_is_tried_again() -> None:
    async with world(receiver=Receiver(statuses=[0])) as w:
        await w.client.v1.products.create_async({"name": "one event"})
        await eventually(lambda: w.local.deliveries[0]["attempts"])
        assert w.local.deliveries[0]["last_error"] == "ServerDisconnectedError"
        await w.local.settled()
        assert len(w.receiver.got) == 2


async def test_a_slow_receiver_does_not_hold_up_the_others() -> None:
    async with world(receiver=Receiver(slow={"product.created": 10})) as w:
        await _pay(w)
        await _until(5, w.receiver)
        assert "product.created" not in w.receiver.types
        await w.local.settled()
        assert "product.created" in w.receiver.types


async def test_a_restart_keeps_sessions_and_sends_what_was_undelivered(tmp_path: Path) -> None:
    kept = tmp_path / "stripe.json"
    async with world(state_file=kept, receiver=Receiver(statuses=[500] * 100)) as w:
        session = await w.open()
        await w.local.pay(session.id)
        await _until(6, w.receiver)
    async with world(state_file=kept) as w:
        assert (await w.checkout.retrieve_async(session.id)).payment_status == "paid"
        await w.local.settled()
        assert sorted(e["id"] for e in w.receiver.got) == sorted(e["id"] for e in w.local.events)


async def test_a_restart_finishes_a_bank_transfer_and_replays_an_idempotency_key(tmp_path: Path) -> None:
    kept = tmp_path / "stripe.json"
    options: Any = {"idempotency_key": "k"}
    async with world(state_file=kept) as w:
        session = await w.checkout.create_async(checkout_params(), options=options)
        await w.local.pay(session.id, PaymentScenario.BANK_TRANSFER)
    async with world(state_file=kept) as w:
        again = await w.checkout.create_async(checkout_params(), options=options)
        assert (again.id, again.status) == (session.id, "open")
        await w.local.settled()
        assert (await w.checkout.retrieve_async(session.id)).payment_status == "paid"
        assert "checkout.session.async_payment_succeeded" in w.receiver.types


async def test_a_crash_while_writing_loses_only_the_last_line(tmp_path: Path) -> None:
    kept = tmp_path / "stripe.json"
    async with world(state_file=kept) as w:
        session = await w.open()
        await w.local.settled()
    with kept.open("a") as file:
        file.write('{"table": "sessions", "id": "cs_te')
    async with world(state_file=kept) as w:
        assert list(w.local.sessions) == [session.id]
        await w.local.pay(session.id)
    assert {json.loads(line)["table"] for line in kept.read_text().splitlines()} >= {"sessions", "events"}


async def test_every_change_is_saved(tmp_path: Path) -> None:
    kept = tmp_path / "stripe.json"
    async with world(state_file=kept) as w:
        for how in PaymentScenario:
            session = await w.open()
            await w.local.pay(session.id, how)
        await w.local.expire((await w.open()).id)
        await w.local.settled()
        before = [dict(w.local.sessions), dict(w.local.charges), w.local.events, w.local.deliveries]
        intents = [str(intent.to_dict()) for intent in (await w.client.v1.payment_intents.list_async()).data]
    async with world(state_file=kept) as w:
        assert [dict(w.local.sessions), dict(w.local.charges), w.local.events, w.local.deliveries] == before
        found = (await w.client.v1.payment_intents.list_async()).data
        assert [str(intent.to_dict()) for intent in found] == intents


async def test_the_signature_is_an_hmac_of_time_and_body() -> None:
    async with world() as w:
        await w.client.v1.products.create_async({"name": "one event"})
        await w.local.settled()
        body = json.dumps(w.receiver.got[0], indent=2)
        at, signed = w.receiver.signatures[0].removeprefix("t=").split(",v1=")
        assert abs(int(at) - time.time()) < 5
        assert hmac.new(SECRET.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest() == signed
