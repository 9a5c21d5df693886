"""The dispute object and its balance transactions, with every field of Stripe's."""

from bot_platform.sandbox.stripe import object_ids
from bot_platform.sandbox.stripe.state import Row

_RESPONSE_SECONDS = 7 * 24 * 60 * 60
_FEE_MINOR_UNITS = 1500
EVIDENCE_FIELDS = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
)


def new_dispute(charge: Row, *, amount: int, reason: str, status: str, created: int) -> Row:
    """Return a dispute without balance transactions; `amount` is in minor units."""
    return {
        "id": object_ids.new("du"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": created,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(EVIDENCE_FIELDS), "appeal": None, "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": created + _RESPONSE_SECONDS,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "intended_submission_method": None,
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "network_reason_code": "10.4" if reason == "fraudulent" else None,
        "payment_intent": charge["payment_intent"],
        "payment_method_details": _method_details(charge),
        "reason": reason,
        "status": status,
    }


def balance_transaction(dispute: Row, amount: int, *, created: int) -> Row:
    """Return a balance transaction: a negative amount withdraws money, a positive one reinstates it."""
    withdrawal = amount < 0
    fee = _FEE_MINOR_UNITS if withdrawal else 0
    fees = [
        {
            "amount": fee,
            "application": None,
            "currency": dispute["currency"],
            "description": "Dispute fee",
            "type": "stripe_fee",
        }
    ]
    return {
        "id": object_ids.new("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": created,
        "created": created,
        "currency": dispute["currency"],
        "description": f"Chargeback {'withdrawal' if withdrawal else 'reversal'} for {dispute['charge']}",
        "exchange_rate": None,
        "fee": fee,
        "fee_details": fees if withdrawal else [],
        "net": amount - fee,
        "reporting_category": "dispute" if withdrawal else "dispute_reversal",
        "source": dispute["id"],
        "status": "available",
        "type": "adjustment",
    }


def _method_details(charge: Row) -> Row | None:
    if charge["payment_method_details"]["type"] != "card":
        return None
    card = {"brand": "visa", "case_type": "chargeback", "network": "visa", "network_reason_code": "10.4"}
    return {"card": card, "type": "card"}
