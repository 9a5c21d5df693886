"""Translates Stripe's events and objects into News; no other module knows Stripe's field names."""

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
    PaymentReversed,
    PaymentUnclear,
    ProviderEvent,
    Stage,
)
from bot_platform.domain.ids import parse_id
from bot_platform.providers.stripe import session_states

DAY_SECONDS = 24 * 3600  # an endpoint of the wrong mode alerts the operators once a day
MAX_INTEGER = 2**63 - 1  # of the database
MAX_ID_CHARS, MAX_TYPE_CHARS = 200, 100
MONEY_EVENTS = ("checkout.session.", "refund.", "charge.", "radar.early_fraud_warning.", "payment_intent.")
# What we act on, and what we ask for when events were missed; Stripe allows twenty types at most.
TYPES = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.refunded",
    "charge.refund.updated",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "charge.dispute.closed",
    "radar.early_fraud_warning.created",
    "radar.early_fraud_warning.updated",
)
OTHER = "not an event we act on"
REFUND_STAGES = {
    "succeeded": Stage.REFUNDED,
    "failed": Stage.REFUND_UNDONE,
    "canceled": Stage.REFUND_UNDONE,
}
DISPUTE_STAGES = {
    "warning_needs_response": Stage.INQUIRY,
    "warning_under_review": Stage.INQUIRY,
    "warning_closed": Stage.INQUIRY_CLOSED,
    "lost": Stage.LOST,
    "won": Stage.WON,
    "prevented": Stage.WON,
}


def read(body: bytes, *, live: bool) -> ProviderEvent:
    """Translate the body of a signed event; `live` is our key's mode. Raises BadPayload."""
    try:
        event = inbox.read_json(body)
    except ValueError as fault:
        raise BadPayload from fault
    return translated(event, live=live)


def translated(event: Any, *, live: bool) -> ProviderEvent:
    """Translate a parsed event; raises BadPayload."""
    if not _is_event(event):
        raise BadPayload
    kind = event["type"]
    news = _news(kind, event["data"]["object"], event.get("created"))
    if kind.startswith(MONEY_EVENTS) and bool(event.get("livemode")) != live:
        day = as_of // DAY_SECONDS if _is_amount(as_of := event.get("created")) else 0
        news = NotForUs("its livemode is not our key's", keep=True, alarm=True, about=f"livemode:{day}")
    return ProviderEvent(f"stripe:{event['id']}", kind, event, news)


def session(found: dict[str, Any]) -> News:
    """Translate a checkout session that was read with its payment intent."""
    intent = found.get("payment_intent")
    known = found | {"payment_intent": intent.get("id")} if isinstance(intent, dict) else found
    match found.get("status"):
        case "open":
            return NotForUs("nobody has paid on it yet", keep=False)
        case "expired":
            return _session("expired", known)
    if session_states.has_failed(found):
        return _session("async_payment_failed", known)
    return _session("completed", known, session_states.unknown_word(found))


def reversal(found: dict[str, Any], as_of: int) -> News:
    """Translate a refund, dispute or warning that was read at `as_of` (unix seconds)."""
    match found.get("object"):
        case "refund":
            return _refund(found, as_of)
        case "dispute":
            return _dispute(found, as_of)
        case "radar.early_fraud_warning":
            return _warning(found, as_of)
    return NotForUs(OTHER, keep=True)


def _is_event(event: object) -> bool:
    return (
        isinstance(event, dict)
        and isinstance(event.get("id"), str)
        and 0 < len(event["id"]) <= MAX_ID_CHARS
        and isinstance(event.get("type"), str)
        and len(event["type"]) <= MAX_TYPE_CHARS
        and isinstance(event.get("data"), dict)
        and isinstance(event["data"].get("object"), dict)
    )


def _news(kind: str, about: dict[str, Any], created: object) -> News:
    as_of = created if _is_amount(created) else 0
    if kind.startswith("checkout.session."):
        return _session(kind.removeprefix("checkout.session."), about)
    if kind not in TYPES:
        return NotForUs(OTHER, keep=kind.startswith(MONEY_EVENTS))
    if kind == "charge.refunded":
        return _refunds_of_charge(about, as_of)
    return reversal(about, as_of)


def _session(what: str, about: dict[str, Any], unknown: str = "") -> News:
    if not _is_id(about.get("id")) or about.get("mode", "payment") != "payment":
        return NotForUs("not a session that sells once", keep=True)
    checkout = _checkout(about)
    match what, about.get("payment_status"):
        case (("completed" | "async_payment_succeeded"), "paid"):
            return _confirmed(checkout, about)
        case "completed", "no_payment_required":
            return PaymentUnclear(checkout, "nothing was paid, and our prices are not nothing")
        case "completed", str():
            return PaymentPending(checkout, unknown or session_states.unknown_word(about))
        case "async_payment_failed", _:
            return PaymentFailed(checkout)
        case "expired", _:
            return CheckoutExpired(checkout)
    return NotForUs(OTHER, keep=True)


def _refund(refund: dict[str, Any], as_of: int) -> News:
    stage = REFUND_STAGES.get(str(refund.get("status")), Stage.REFUND_PENDING)
    ours = metadata_of(refund)
    names = _our_id(ours.get("refund_id")), _our_uid(ours.get("refund_uid"))
    return _reversed(refund, stage, refund.get("amount"), as_of, names)


def _refunds_of_charge(charge: dict[str, Any], as_of: int) -> News:
    return _reversed(charge, Stage.REFUNDED_IN_ALL, charge.get("amount_refunded"), as_of)


def _dispute(dispute: dict[str, Any], as_of: int) -> News:
    status = str(dispute.get("status"))
    other = Stage.APPEALED if status.startswith("appeal_") else Stage.DISPUTED
    return _reversed(dispute, DISPUTE_STAGES.get(status, other), dispute.get("amount"), as_of)


def _warning(warning: dict[str, Any], as_of: int) -> News:
    stage = Stage.WARNED if warning.get("actionable") is True else Stage.WARNING_OVER
    return _reversed(warning, stage, 0, as_of, money=False)


def _reversed(
    about: dict[str, Any],
    stage: Stage,
    amount: object,
    as_of: int,
    our_refund: tuple[int | None, str | None] = (None, None),
    *,
    money: bool = True,
) -> News:
    id_, payment, currency = about.get("id"), about.get("payment_intent"), about.get("currency")
    if not _is_id(id_) or not _is_id(payment):
        return NotForUs("it names no payment that a checkout could have made", keep=True)
    if not _is_amount(amount) or (money and not _is_currency(currency)):
        return NotForUs("it does not say how much it is about", keep=True, alarm=True, about=f"stripe:{id_}")
    return PaymentReversed(
        provider="stripe",
        key=f"stripe:{id_}",
        payment_ref=payment,
        stage=stage,
        amount=amount,
        currency=str(currency).lower() if money else None,
        as_of=as_of,
        refund_id=our_refund[0],
        refund_uid=our_refund[1],
    )


def _confirmed(checkout: CheckoutRef, about: dict[str, Any]) -> News:
    amount, charged = about.get("amount_subtotal"), about.get("amount_total")
    currency = about.get("currency")
    if not _is_amount(amount) or not _is_amount(charged) or not isinstance(currency, str):
        return PaymentUnclear(checkout, "it does not say how much was paid")
    return PaymentConfirmed(checkout, amount, charged, currency.lower())


def _checkout(about: dict[str, Any]) -> CheckoutRef:
    metadata = metadata_of(about)
    intent = about.get("payment_intent")
    return CheckoutRef(
        "stripe",
        about["id"],
        payment_ref=intent if _is_id(intent) else None,
        purchase_id=_our_id(metadata.get("purchase_id")),
        user_id=_our_id(about.get("client_reference_id")) or _our_id(metadata.get("user_id")),
        purchase_uid=_our_uid(metadata.get("purchase_uid")),
    )


def metadata_of(about: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata of an object; none when it has no usable one."""
    metadata = about.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _is_id(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= MAX_ID_CHARS


def _is_currency(value: object) -> bool:
    return isinstance(value, str) and len(value) == len("usd")


def _is_amount(value: object) -> TypeGuard[int]:
    return type(value) is int and 0 <= value <= MAX_INTEGER


def _our_id(value: object) -> int | None:
    """Parse an id of ours from metadata; None for what cannot be one."""
    return parse_id(value) if isinstance(value, str) else None


def _our_uid(value: object) -> str | None:
    """Return a uid of ours from metadata; None where there is none."""
    return value if isinstance(value, str) and value else None
