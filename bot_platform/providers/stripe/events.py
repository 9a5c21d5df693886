"""Translates Stripe's events and objects into News; no other module knows Stripe's field names."""

from dataclasses import replace
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
from bot_platform.domain.ids import is_outside_id
from bot_platform.providers.stripe import disputes, session_states
from bot_platform.providers.stripe.kept_fields import is_marked, kept, metadata_of, our_id, our_uid

DAY_SECONDS = 24 * 3600  # an endpoint of the wrong mode alerts the operators once a day
MAX_INTEGER = 2**63 - 1  # of the database
MAX_TYPE_CHARS = 100
TOO_LONG = "its id is too long to be kept: more than 255 characters"
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
    "pending": Stage.REFUND_PENDING,
    "requires_action": Stage.REFUND_PENDING,
    "succeeded": Stage.REFUNDED,
    "failed": Stage.REFUND_UNDONE,
    "canceled": Stage.REFUND_UNDONE,
}


def read(body: bytes, *, live: bool, mark: str = "") -> ProviderEvent:
    """Translate the body of a signed event; raises BadPayload.

    `live` is our key's mode, `mark` what our own objects carry in their metadata.
    """
    try:
        event = inbox.read_json(body)
    except ValueError as fault:
        raise BadPayload from fault
    return translated(event, live=live, mark=mark)


def translated(event: Any, *, live: bool, mark: str = "") -> ProviderEvent:
    """Translate a parsed event, of which only the fields that are read are kept; raises BadPayload."""
    if not _is_event(event):
        raise BadPayload
    event = kept(event, mark)  # before it is translated: so it says the same when it is read again
    kind = event["type"]
    news = _news(kind, event["data"]["object"], event.get("created"), mark)
    if kind.startswith(MONEY_EVENTS) and bool(event.get("livemode")) != live:
        day = as_of // DAY_SECONDS if _is_amount(as_of := event.get("created")) else 0
        news = NotForUs("its livemode is not our key's", keep=True, alarm=True, about=f"livemode:{day}")
    return ProviderEvent(f"stripe:{event['id']}", kind, event, news)


def session(found: dict[str, Any], mark: str = "") -> News:
    """Translate a checkout session that was read with its payment intent."""
    intent = found.get("payment_intent")
    known = found | {"payment_intent": intent.get("id")} if isinstance(intent, dict) else found
    match found.get("status"):
        case "open":
            return NotForUs("nobody has paid on it yet", keep=False)
        case "expired":
            return _session("expired", known, mark)
    if session_states.has_failed(found):
        return _session("async_payment_failed", known, mark)
    return _session("completed", known, mark, session_states.unknown_word(found))


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
        and is_outside_id(event.get("id"))
        and isinstance(event.get("type"), str)
        and len(event["type"]) <= MAX_TYPE_CHARS
        and isinstance(event.get("data"), dict)
        and isinstance(event["data"].get("object"), dict)
    )


def _news(kind: str, about: dict[str, Any], created: object, mark: str) -> News:
    as_of = created if _is_amount(created) else 0
    if kind.startswith("checkout.session."):
        return _session(kind.removeprefix("checkout.session."), about, mark)
    if kind not in TYPES:
        return NotForUs(OTHER, keep=kind.startswith(MONEY_EVENTS))
    if kind == "charge.refunded":
        return _refunds_of_charge(about, as_of)
    return reversal(about, as_of)


def _session(what: str, about: dict[str, Any], mark: str, unknown: str = "") -> News:
    if about.get("mode", "payment") != "payment":
        return NotForUs("not a session that sells once", keep=True)
    checkout = _checkout(about, mark)
    if not is_outside_id(about.get("id")):
        return NotForUs(
            TOO_LONG, keep=True, alarm=True, about=f"session:{checkout.payment_ref}", checkout=checkout
        )
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
    status, ours = str(refund.get("status")), metadata_of(refund)
    stage = REFUND_STAGES.get(status, Stage.REFUND_PENDING)
    names = our_id(ours.get("refund_id")), our_uid(ours.get("refund_uid"))
    news = _reversed(refund, stage, refund.get("amount"), as_of, names)
    return _unknown(news, "" if status in REFUND_STAGES else status)


def _refunds_of_charge(charge: dict[str, Any], as_of: int) -> News:
    paid_at = {"created": None}  # a charge is made by the payment, not by its refunds
    return _reversed(charge | paid_at, Stage.REFUNDED_IN_ALL, charge.get("amount_refunded"), as_of)


def _dispute(dispute: dict[str, Any], as_of: int) -> News:
    status = str(dispute.get("status"))
    stage = disputes.stage(status)
    news = _reversed(dispute, stage, dispute.get("amount"), as_of)
    if not isinstance(news, PaymentReversed):
        return news
    moved, moves = disputes.moved(dispute)
    return _unknown(replace(news, moved=moved, moves=moves), "" if status in disputes.STAGES else status)


def _unknown(news: News, status: str) -> News:
    """Name a status that this code does not know: an operator must look."""
    return replace(news, unknown=status) if status and isinstance(news, PaymentReversed) else news


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
    if not is_outside_id(id_) or not is_outside_id(payment):
        return NotForUs("it names no payment that a checkout could have made", keep=True)
    if not _is_amount(amount) or (money and not _is_currency(currency)):
        reason, subject = "it does not say how much it is about", CheckoutRef("stripe", id_, payment)
        return NotForUs(reason, keep=True, alarm=True, about=f"stripe:{id_}", checkout=subject)
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
        made_at=made_at if _is_amount(made_at := about.get("created")) else None,
    )


def _confirmed(checkout: CheckoutRef, about: dict[str, Any]) -> News:
    amount, charged = about.get("amount_subtotal"), about.get("amount_total")
    currency = about.get("currency")
    if not _is_amount(amount) or not _is_amount(charged) or not isinstance(currency, str):
        return PaymentUnclear(checkout, "it does not say how much was paid")
    discount = _discount(about, amount, charged)
    return PaymentConfirmed(checkout, amount, charged, currency.lower(), discount=discount)


def _discount(about: dict[str, Any], amount: int, charged: int) -> int:
    """Return what was taken off the amount; taxes and shipping may hide it in the total."""
    details = about.get("total_details")
    named = details.get("amount_discount") if isinstance(details, dict) else None
    return max(0, amount - charged, named if _is_amount(named) else 0)


def _checkout(about: dict[str, Any], mark: str) -> CheckoutRef:
    metadata = metadata_of(about)
    intent = about.get("payment_intent")
    return CheckoutRef(
        "stripe",
        id_ if is_outside_id(id_ := about.get("id")) else "",
        payment_ref=intent if is_outside_id(intent) else None,
        purchase_id=our_id(metadata.get("purchase_id")),
        user_id=our_id(about.get("client_reference_id")) or our_id(metadata.get("user_id")),
        purchase_uid=our_uid(metadata.get("purchase_uid")),
        marked=is_marked(about, mark),
    )


def _is_currency(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and len(value) == len("usd")


def _is_amount(value: object) -> TypeGuard[int]:
    return type(value) is int and 0 <= value <= MAX_INTEGER
