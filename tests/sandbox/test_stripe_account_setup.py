"""Webhook endpoints, restricted keys and the server's clock."""

import json
import time
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import stripe
from aiohttp import web

from tests.makers import eventually
from tests.sandbox.stripe_world import KEY, World, world

EVENTS: Any = ["checkout.session.completed", "checkout.session.expired"]
RESTRICTED = "rk_test_1234567890abcdef1234567890"


async def _make(w: World, **params: Any) -> Any:
    given = {"url": "https://bot.example.com/hook", "enabled_events": EVENTS}
    return await w.client.v1.webhook_endpoints.create_async(given | params)  # type: ignore[arg-type]


async def test_an_endpoint_shows_its_secret_when_it_is_made_and_never_again() -> None:
    async with world() as w:
        made = await _make(w, api_version=stripe.api_version, description="mine", metadata={"a": "b"})
        assert made.id.startswith("we_1")
        assert made.secret.startswith("whsec_")
        assert (made.status, made.livemode, made.api_version) == ("enabled", False, stripe.api_version)
        found = await w.client.v1.webhook_endpoints.retrieve_async(made.id)
        (listed,) = (await w.client.v1.webhook_endpoints.list_async()).data
        for again in (found, listed):
            assert again.id == made.id
            assert again.enabled_events == EVENTS
            assert "secret" not in json.loads(str(again))


async def test_an_endpoint_without_a_version_uses_the_accounts_version() -> None:
    async with world() as w:
        assert (await _make(w)).api_version is None


async def test_an_endpoint_can_be_changed_but_not_its_version() -> None:
    async with world() as w:
        made = await _make(w)
        endpoints = w.client.v1.webhook_endpoints
        await endpoints.update_async(made.id, {"enabled_events": ["*"], "disabled": True})
        changed = await endpoints.retrieve_async(made.id)
        assert (changed.enabled_events, changed.status, changed.url) == (["*"], "disabled", made.url)
        await endpoints.update_async(made.id, {"disabled": False})
        assert (await endpoints.retrieve_async(made.id)).status == "enabled"
        with pytest.raises(stripe.InvalidRequestError, match="unknown parameter: api_version"):
            await endpoints.update_async(made.id, {"api_version": stripe.api_version})  # type: ignore[arg-type]


async def test_a_deleted_endpoint_is_gone() -> None:
    async with world() as w:
        made = await _make(w)
        assert (await w.client.v1.webhook_endpoints.delete_async(made.id)).deleted
        with pytest.raises(stripe.InvalidRequestError, match="No such webhook_endpoint"):
            await w.client.v1.webhook_endpoints.retrieve_async(made.id)


@pytest.mark.parametrize("url", ["http://localhost:8000/hook", "http://127.0.0.1:8000/hook"])
async def test_an_endpoint_on_this_machine_is_refused_as_stripe_does(url: str) -> None:
    async with world() as w:
        with pytest.raises(stripe.InvalidRequestError, match="publicly accessible"):
            await _make(w, url=url)
        assert w.local.webhook_endpoints == []


async def test_an_endpoint_needs_an_address_and_events() -> None:
    async with world() as w:
        for missing in ("url", "enabled_events"):
            given: Any = {"url": "https://bot.example.com/hook", "enabled_events": EVENTS}
            del given[missing]
            with pytest.raises(stripe.InvalidRequestError, match=f"Missing required param: {missing}"):
                await w.client.v1.webhook_endpoints.create_async(given)


async def test_an_event_goes_to_each_endpoint_that_listens_signed_with_its_own_secret() -> None:
    came: list[tuple[bytes, str]] = []

    async def take(request: web.Request) -> web.Response:
        came.append((await request.read(), request.headers["Stripe-Signature"]))
        return web.Response()

    app = web.Application()
    app.router.add_post("/mine", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with world(allow_local_webhooks=True) as w:
            url = f"http://127.0.0.1:{runner.addresses[0][1]}/mine"
            made = await _make(w, url=url)
            session = await w.open()
            await w.local.pay(session.id)
            await w.local.settled()
            ((body, signature),) = came
            assert stripe.WebhookSignature.verify_header(body.decode(), signature, made.secret, 300)
            assert json.loads(body)["type"] == "checkout.session.completed"
            assert json.loads(body)["pending_webhooks"] == 2
            assert {event["pending_webhooks"] for event in w.local.events} == {0}
            await w.client.v1.webhook_endpoints.update_async(made.id, {"disabled": True})
            await w.local.pay((await w.open()).id)
            await w.local.settled()
            assert len(came) == 1
    finally:
        await runner.cleanup()


async def test_what_is_on_its_way_to_a_deleted_endpoint_is_given_up() -> None:
    async with world(allow_local_webhooks=True) as w:
        made = await _make(w, url="http://127.0.0.1:9/nobody", enabled_events=["*"])
        await w.client.v1.products.create_async({"name": "one event"})
        await eventually(lambda: not w.local.is_busy)
        await w.client.v1.webhook_endpoints.delete_async(made.id)
        await w.local.settled()
        assert {d["state"] for d in w.local.deliveries} == {"delivered", "given_up"}


async def test_a_restricted_key_can_do_only_what_its_permissions_allow() -> None:
    async with world() as w:
        w.local.restrict(RESTRICTED, ["rak_checkout_session_write", "rak_event_read"])
        options: Any = {"api_key": RESTRICTED}
        await w.client.v1.events.list_async(options=options)
        await w.checkout.list_async(options=options)  # write includes read
        with pytest.raises(stripe.PermissionError, match="'rak_charge_read' permission") as refused:
            await w.client.v1.charges.list_async(options=options)
        assert refused.value.http_status == 403
        assert RESTRICTED not in str(refused.value)
        w.local.restrict(RESTRICTED, ["rak_charge_read"])
        await w.client.v1.charges.list_async(options=options)
        with pytest.raises(stripe.PermissionError, match="'rak_charge_write' permission"):
            await w.client.v1.refunds.create_async({"payment_intent": "pi_1"}, options)


async def test_permissions_are_checked_before_parameters() -> None:
    async with world() as w:
        w.local.restrict(RESTRICTED, [])
        headers = {"Authorization": f"Bearer {RESTRICTED}"}
        async with w.http.post(f"{w.url}/v1/checkout/sessions", headers=headers) as answer:
            assert answer.status == 403
        w.local.restrict(RESTRICTED, ["rak_checkout_session_write"])
        async with w.http.post(f"{w.url}/v1/checkout/sessions", headers=headers) as answer:
            assert answer.status == 400


@pytest.mark.parametrize("ahead", [0, 7200])
async def test_every_answer_has_the_servers_time_in_its_date_header(ahead: int) -> None:
    async with world(clock=lambda: time.time() + ahead) as w:
        headers = {"Authorization": f"Bearer {KEY}"}
        for path in ("/v1/balance", "/v1/nowhere"):
            async with w.http.get(f"{w.url}{path}", headers=headers) as answer:
                said = parsedate_to_datetime(answer.headers["Date"]).timestamp()
                assert abs(said - time.time() - ahead) < 5
