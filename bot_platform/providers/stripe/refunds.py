"""Makes each refund at Stripe exactly once, however often it is asked for."""

from dataclasses import replace
from typing import NamedTuple

import structlog

from bot_platform.domain.checkout import PaymentReversed, ProviderDown, RefundRefused
from bot_platform.domain.checkout_orders import RefundOrder
from bot_platform.infra import clock
from bot_platform.providers.stripe import events
from bot_platform.providers.stripe.client import Client, Down, Json, Refused
from bot_platform.providers.stripe.faults import provider_down
from bot_platform.providers.stripe.kept_fields import marked, metadata_of

log = structlog.get_logger()


class Made(NamedTuple):
    """A refund as Stripe had it at `as_of` (unix seconds, by Stripe's clock)."""

    refund: Json
    as_of: int


async def refund(client: Client, order: RefundOrder, mark: str) -> PaymentReversed:
    """Return money, or find the refund that an earlier try made; raises RefundRefused or ProviderDown."""
    try:
        # Stripe forgets an idempotency key after a day, but never the refund itself.
        made = await _find(client, order) if order.again else None
        made = made or await _create(client, order, mark)
    except Refused as refusal:
        log.warning("stripe.refund_refused", refund=order.refund_id, **refusal.reasons)
        raise RefundRefused(str(refusal)) from refusal
    except Down as fault:
        raise provider_down("refund", fault) from fault
    found = made.refund
    news = events.reversal(found, made.as_of)
    if not isinstance(news, PaymentReversed):
        log.error("stripe.refund_unreadable", refund=order.refund_id, stripe=found.get("id"))
        raise ProviderDown
    log.info("stripe.refunded", refund=order.refund_id, stripe=found.get("id"), status=found.get("status"))
    return replace(news, refund_id=order.refund_id, refund_uid=order.uid)


async def _create(client: Client, order: RefundOrder, mark: str) -> Made:
    """Create the refund, and check that the answer is about it.

    Stripe repeats an answer for a day under its key. So an old order gets a second key after a 5xx. Only an
    old one: its first request has ended by now, and what it made would have been found. An answer about
    another refund under our key means that the key was used before, by a database that was restored since.
    """
    key = f"refund-{order.uid or order.user_id}-{order.refund_id}"
    try:
        made = await _create_once(client, order, key, mark)
    except Down as fault:
        if not (fault.answered and order.old):
            raise
        this_hour = int(clock.current().time()) // 3600
        made = await _create_once(client, order, f"{key}-{this_hour}", mark)
    if _is_of(made.refund, order):
        return made
    log.error("stripe.refund_of_another", refund=order.refund_id, stripe=made.refund.get("id"))
    made = await _find(client, order) or await _create_once(client, order, f"{key}-{order.since}", mark)
    if _is_of(made.refund, order):
        return made
    raise RefundRefused(f"Stripe answers with another refund, {made.refund.get('id')}")


async def _create_once(client: Client, order: RefundOrder, key: str, mark: str) -> Made:
    """Create the refund under a key; an answer that Stripe repeats is as old as the refund."""
    uid = {"refund_uid": order.uid} if order.uid else {}
    metadata = {"refund_id": str(order.refund_id), **uid, **marked(mark)}
    answer = await client.create_refund(order.payment_ref, order.amount, metadata, key)
    created = answer.body.get("created")
    return Made(answer.body, created if type(created) is int else answer.as_of)


async def _find(client: Client, order: RefundOrder) -> Made | None:
    """Find the refund that an earlier try of this order made; raises ProviderDown when Stripe does not tell.

    A refusal to tell refuses no refund: the money may have moved.
    """
    try:
        known = await client.refunds_of(order.payment_ref)
    except Refused as refusal:
        if refusal.not_found:  # of a payment that is not there nothing was refunded
            return None
        raise provider_down("refunds", refusal) from refusal
    return next((Made(one, known.as_of) for one in known.objects if _is_of(one, order)), None)


def _is_of(found: Json, order: RefundOrder) -> bool:
    """Whether a refund at Stripe is the one of this order: its names, its payment and its amount are ours.

    A try of a version that gave no uid sent the number alone. Such a refund is ours if it was made after the
    order; before, the number was that of another refund.
    """
    ours, created = metadata_of(found), found.get("created")
    if ours.get("refund_id") != str(order.refund_id):
        return False
    if "refund_uid" in ours:
        is_named = ours["refund_uid"] == order.uid
    else:
        is_named = isinstance(created, int) and created >= order.since
    return is_named and (found.get("payment_intent"), found.get("amount")) == (
        order.payment_ref,
        order.amount,
    )
