"""The webhooks: Stripe's events and Telegram's updates."""

import hmac
from collections.abc import Awaitable, Callable
from typing import cast

import structlog
from quart import Blueprint, request
from quart.typing import ResponseReturnValue

from bot_platform.domain.checkout import BadPayload, BadSignature, ProviderDown
from bot_platform.domain.inbox import EventState
from bot_platform.flows import provider_events
from bot_platform.flows.context import PaymentContext
from bot_platform.flows.late_webhooks import Deliveries
from bot_platform.infra import clock, correlation

log = structlog.get_logger()

STATUS = {
    EventState.RECEIVED: "success",
    EventState.HANDLED: "success",
    EventState.IGNORED: "ignored",
    EventState.FAILED: "ignored",
}


def stripe_webhook(
    payments: PaymentContext, on_duration: Callable[[str, float], None], deliveries: Deliveries
) -> Blueprint:
    """Build the route to which Stripe posts events; `on_duration` gets the seconds that each event took."""
    pages = Blueprint("stripe_webhook", __name__)

    @pages.post("/api/v1/stripe-webhook")
    async def receive() -> ResponseReturnValue:
        body = await _body()
        try:
            event = payments.events.read(body, request.headers.get("Stripe-Signature"))
        except BadSignature:
            deliveries.refused += 1
            log.warning("webhook.invalid_signature", size=len(body))
            return {"status": "invalid signature"}, 400
        except BadPayload:
            log.warning("webhook.invalid_payload", size=len(body))
            return {"status": "invalid payload"}, 400
        deliveries.last_at = clock.current().time()
        started_at = clock.current().monotonic()
        try:
            with correlation.scope(event.key):
                outcome = await provider_events.receive(payments, event)
        except ProviderDown:
            log.warning("webhook.provider_down", key=event.key, type=event.type)
            return {"status": "error"}, 500  # stored; the inbox worker and Stripe try again
        on_duration("webhook", clock.current().monotonic() - started_at)
        write = log.warning if outcome.alarm else log.info
        write(
            "webhook.event",
            key=event.key,
            type=event.type,
            outcome=outcome.state.value,
            repeat=outcome.repeat,
            **outcome.ids(event.key),
            reason=outcome.reason,
        )
        return {"status": STATUS[outcome.state]}, 200

    return pages


def telegram_webhook(secret: str, store: Callable[[bytes], Awaitable[bool]]) -> Blueprint:
    """Build the route to which Telegram posts updates; `store` returns False for a body that is no update."""
    pages = Blueprint("telegram_webhook", __name__)

    @pages.post("/api/v1/telegram-webhook")
    async def receive() -> ResponseReturnValue:
        given = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        if not hmac.compare_digest(given.encode(), secret.encode()):
            return {"status": "forbidden"}, 403
        body = await _body()
        if not await store(body):
            return {"status": "invalid payload"}, 400
        return {"status": "success"}, 200

    return pages


async def _body() -> bytes:
    """Return the raw body: a signature is computed over bytes."""
    return cast("bytes", await request.get_data(cache=False, as_text=False))
