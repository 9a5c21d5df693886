"""Events about money as Stripe sends them, by kind: sessions, refunds, disputes, warnings of fraud."""

import time
from collections.abc import Callable
from typing import Any

from tests.makers import session_event

Event = dict[str, Any]


def _event(type_: str, number: int, about: dict[str, Any], previous: dict[str, Any] | None = None) -> Event:
    data: dict[str, Any] = {"object": about}
    if previous is not None:
        data["previous_attributes"] = previous
    return {
        "id": f"evt_{type_.replace('.', '_')}_{number}",
        "object": "event",
        "api_version": "2026-02-25.clover",
        "created": int(time.time()),
        "data": data,
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": f"req_{number}", "idempotency_key": None},
        "type": type_,
    }


def session(type_: str, number: int) -> Event:
    """Tell of a checkout session; the number names the buyer's prepared purchase."""
    event = session_event(
        type_,
        id_=f"evt_{type_.replace('.', '_')}_{number}",
        id=f"cs_test_{number}",
        payment_intent=f"pi_{number}",
        client_reference_id="1",
        metadata={"purchase_id": "1", "user_id": "1", "package": "buy_100"},
        customer_details={"email": "buyer@example.com", "address": {"country": "DE", "line1": None}},
        total_details={"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        expires_at=int(time.time()) + 80_000,
        status="complete",
        url=None,
    )
    if type_.endswith("expired"):
        event["data"]["object"] |= {"status": "expired", "payment_status": "unpaid", "payment_intent": None}
    return event


def refund(type_: str, number: int) -> Event:
    """Tell of a refund."""
    status = "failed" if type_.endswith("failed") else "succeeded"
    about = {
        "id": f"re_{number}",
        "object": "refund",
        "amount": 500,
        "balance_transaction": f"txn_{number}",
        "charge": f"ch_{number}",
        "created": int(time.time()),
        "currency": "usd",
        "destination_details": {"card": {"reference_status": "pending", "type": "refund"}, "type": "card"},
        "metadata": {},
        "payment_intent": f"pi_{number}",
        "reason": "requested_by_customer",
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    }
    if status == "failed":
        about |= {
            "failure_reason": "expired_or_canceled_card",
            "failure_balance_transaction": f"txn_f{number}",
        }
    return _event(type_, number, about, {"status": "pending"} if type_.endswith("updated") else None)


def charge(type_: str, number: int) -> Event:
    """Tell of a charge that was refunded."""
    about = {
        "id": f"ch_{number}",
        "object": "charge",
        "amount": 500,
        "amount_captured": 500,
        "amount_refunded": 200,
        "billing_details": {"address": {"country": "DE"}, "email": "buyer@example.com", "name": None},
        "captured": True,
        "created": int(time.time()),
        "currency": "usd",
        "disputed": False,
        "livemode": False,
        "metadata": {"purchase_id": "1", "user_id": "1", "package": "buy_100"},
        "outcome": {"network_status": "approved_by_network", "risk_level": "normal", "type": "authorized"},
        "paid": True,
        "payment_intent": f"pi_{number}",
        "refunded": False,
        "status": "succeeded",
    }
    return _event(type_, number, about, {"amount_refunded": 0})


def dispute(type_: str, number: int) -> Event:
    """Tell of a dispute."""
    status = "lost" if type_.endswith("closed") else "needs_response"
    about = {
        "id": f"du_{number}",
        "object": "dispute",
        "amount": 500,
        "balance_transactions": [
            {"id": f"txn_d{number}", "amount": -500, "fee": 1500, "net": -2000, "currency": "usd"}
        ],
        "charge": f"ch_{number}",
        "created": int(time.time()),
        "currency": "usd",
        "enhanced_eligibility_types": [],
        "evidence": {"customer_email_address": "buyer@example.com", "uncategorized_text": None},
        "evidence_details": {"due_by": int(time.time()) + 600_000, "has_evidence": False, "past_due": False},
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": f"pi_{number}",
        "payment_method_details": {"card": {"brand": "visa", "case_type": "chargeback"}, "type": "card"},
        "reason": "fraudulent",
        "status": status,
    }
    return _event(type_, number, about, {"status": "under_review"} if status == "lost" else None)


def warning(type_: str, number: int) -> Event:
    """Tell of an early fraud warning."""
    about = {
        "id": f"issfr_{number}",
        "object": "radar.early_fraud_warning",
        "actionable": True,
        "charge": f"ch_{number}",
        "created": int(time.time()),
        "fraud_type": "made_with_stolen_card",
        "livemode": False,
        "payment_intent": f"pi_{number}",
    }
    return _event(type_, number, about)


MAKERS: dict[str, Callable[[str, int], Event]] = {
    "checkout.session.completed": session,
    "checkout.session.async_payment_succeeded": session,
    "checkout.session.async_payment_failed": session,
    "checkout.session.expired": session,
    "refund.created": refund,
    "refund.updated": refund,
    "refund.failed": refund,
    "charge.refunded": charge,
    "charge.refund.updated": refund,
    "charge.dispute.created": dispute,
    "charge.dispute.updated": dispute,
    "charge.dispute.funds_withdrawn": dispute,
    "charge.dispute.funds_reinstated": dispute,
    "charge.dispute.closed": dispute,
    "radar.early_fraud_warning.created": warning,
    "radar.early_fraud_warning.updated": warning,
}
