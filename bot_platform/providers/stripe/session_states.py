"""Reads how far the payment of a checkout session has come; what Stripe may say one day counts as pending."""

from typing import Any

STATUSES = frozenset({"open", "complete", "expired"})  # of a session
PAYMENT_STATUSES = frozenset({"paid", "unpaid", "no_payment_required"})
# Of the payment intent: only in these two states will the money not come. A voucher (OXXO, Boleto, Konbini,
# Multibanco) and a bank transfer are in `requires_action` until the buyer has paid, for days.
FAILED = frozenset({"requires_payment_method", "canceled"})
PENDING = frozenset(
    {"processing", "requires_action", "requires_confirmation", "requires_capture", "succeeded"}
)


def has_failed(session: dict[str, Any]) -> bool:
    """Whether a completed session, read with its payment intent, was not paid and will not be."""
    state = session.get("status"), session.get("payment_status")
    return state == ("complete", "unpaid") and _intent_status(session) in FAILED


def unknown_word(session: dict[str, Any]) -> str:
    """Return the first state in a session that this version does not know; empty when it knows them all."""
    said = (
        (session.get("payment_status"), PAYMENT_STATUSES),
        (session.get("status"), STATUSES),
        (_intent_status(session), FAILED | PENDING),
    )
    return next((word for word, known in said if isinstance(word, str) and word not in known), "")


def _intent_status(session: dict[str, Any]) -> object:
    """Return the status of the payment intent; None when the session was read without it."""
    intent = session.get("payment_intent")
    status = intent.get("status") if isinstance(intent, dict) else None
    return status if isinstance(status, str) else None
