"""Stripe's events in our words; Stripe's field names end here."""

from typing import Any, TypeGuard

from bot_platform.domain import inbox
from bot_platform.domain.checkout import (
    BadPayload,
    CheckoutExpired,
    CheckoutRef,
    News,
    NotForUs,
    PaymentConfirmed,
    PaymentFailed,
    PaymentPending,
    ProviderEvent,
)

LARGEST = 2**63 - 1  # what the database's integers hold
LONGEST_ID, LONGEST_TYPE = 200, 100
MONEY_EVENTS = ("checkout.session.", "refund.", "charge.", "radar.early_fraud_warning.", "payment_intent.")


def read(body: bytes, *, live: bool) -> ProviderEvent:
    """Translate the body of a signed event; `live` is our key's mode. Raises BadPayload."""
    try:
        event = inbox.read_json(body)
    except ValueError as fault:
        raise BadPayload from fault
    if not _is_event(event):
        raise BadPayload
    kind = event["type"]
    news = _news(event)
    if kind.startswith(MONEY_EVENTS) and bool(event.get("livemode")) != live:
        news = NotForUs("its livemode is not our key's", keep=True, alarm=True)
    return ProviderEvent(f"stripe:{event['id']}", kind, event, news)


def _is_event(event: object) -> bool:
    return (
        isinstance(event, dict)
        and isinstance(event.get("id"), str)
        and 0 < len(event["id"]) <= LONGEST_ID
        and isinstance(event.get("type"), str)
        and len(event["type"]) <= LONGEST_TYPE
        and isinstance(event.get("data"), dict)
        and isinstance(event["data"].get("object"), dict)
    )


def _news(event: dict[str, Any]) -> News:
    kind, session = event["type"], event["data"]["object"]
    if not kind.startswith("checkout.session."):
        return NotForUs("not an event we act on", keep=kind.startswith(MONEY_EVENTS))
    if not _is_id(session.get("id")) or session.get("mode", "payment") != "payment":
        return NotForUs("not a session that sells once", keep=True)
    checkout = _checkout(session)
    match kind.removeprefix("checkout.session."), session.get("payment_status"):
        case (("completed" | "async_payment_succeeded"), "paid"):
            return _confirmed(checkout, session)
        case "completed", "unpaid":
            return PaymentPending(checkout)
        case "completed", "no_payment_required":
            return NotForUs("nothing was paid, and our prices are not nothing", keep=True, alarm=True)
        case "async_payment_failed", _:
            return PaymentFailed(checkout)
        case "expired", _:
            return CheckoutExpired(checkout)
    return NotForUs("not an event we act on", keep=True)


def _confirmed(checkout: CheckoutRef, session: dict[str, Any]) -> News:
    amount, charged = session.get("amount_subtotal"), session.get("amount_total")
    currency = session.get("currency")
    if not _is_amount(amount) or not _is_amount(charged) or not isinstance(currency, str):
        return NotForUs("it does not say how much was paid", keep=True, alarm=True)
    return PaymentConfirmed(checkout, amount, charged, currency.lower())


def _checkout(session: dict[str, Any]) -> CheckoutRef:
    metadata = session.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    intent = session.get("payment_intent")
    return CheckoutRef(
        "stripe",
        session["id"],
        payment_ref=intent if _is_id(intent) else None,
        purchase_id=_our_id(metadata.get("purchase_id")),
        user_id=_our_id(session.get("client_reference_id")) or _our_id(metadata.get("user_id")),
    )


def _is_id(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_ID


def _is_amount(value: object) -> TypeGuard[int]:
    return type(value) is int and 0 <= value <= LARGEST


def _our_id(value: object) -> int | None:
    """Read an id that may be of any shape; what cannot be one of ours is none."""
    if not isinstance(value, str) or not value.isascii() or not value.isdigit():
        return None
    return int(value) if len(value) < len(str(LARGEST)) else None
