"""Makes each refund at Stripe exactly once, however often it is asked for."""

import structlog

from bot_platform.domain.checkout import PaymentReversed, ProviderDown, RefundOrder, RefundRefused
from bot_platform.infra import clock
from bot_platform.providers.stripe import events
from bot_platform.providers.stripe.client import Client, Down, Json, Refused
from bot_platform.providers.stripe.faults import provider_down
from bot_platform.providers.stripe.kept_fields import marked

log = structlog.get_logger()


async def refund(client: Client, order: RefundOrder, mark: str) -> PaymentReversed:
    """Return money, or find the refund that an earlier try made; raises RefundRefused or ProviderDown."""
    asked_at = int(clock.current().time())
    try:
        # Stripe forgets an idempotency key after a day, but never the refund itself.
        found = await _find(client, order) if order.again else None
        if found is None:
            found = await _create(client, order, mark)
            asked_at = min(asked_at, int(found.get("created", asked_at)))  # Stripe's clock may be behind ours
    except Refused as refusal:
        log.warning("stripe.refund_refused", refund=order.refund_id, **refusal.reasons)
        raise RefundRefused(str(refusal)) from refusal
    except Down as fault:
        raise provider_down("refund", fault) from fault
    news = events.reversal(found, asked_at)
    if not isinstance(news, PaymentReversed):
        log.error("stripe.refund_unreadable", refund=order.refund_id, stripe=found.get("id"))
        raise ProviderDown
    log.info("stripe.refunded", refund=order.refund_id, stripe=found.get("id"), status=found.get("status"))
    return news


async def _create(client: Client, order: RefundOrder, mark: str) -> Json:
    """Create the refund. Stripe repeats a 5xx for a day under its key, so an old order gets a second key.

    Only an old order: its first request has ended by now, and what it made would have been found.
    """
    key = f"refund-{order.user_id}-{order.refund_id}"
    try:
        return await _create_once(client, order, key, mark)
    except Down as fault:
        if not (fault.answered and order.old):
            raise
    this_hour = int(clock.current().time()) // 3600
    return await _create_once(client, order, f"{key}-{this_hour}", mark)


async def _create_once(client: Client, order: RefundOrder, key: str, mark: str) -> Json:
    metadata = {"refund_id": str(order.refund_id), **marked(mark)}
    return await client.create_refund(order.payment_ref, order.amount, metadata, key)


async def _find(client: Client, order: RefundOrder) -> Json | None:
    """Find the refund that an earlier try of this order made."""
    ours = str(order.refund_id)
    known = await client.refunds_of(order.payment_ref)
    return next((one for one in known if (one.get("metadata") or {}).get("refund_id") == ours), None)
