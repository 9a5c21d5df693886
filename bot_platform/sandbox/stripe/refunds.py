"""Refunds: created, finished, failed or canceled."""

from enum import StrEnum
from typing import Any

from bot_platform.sandbox.stripe import (
    charge_lookup,
    disputes,
    fraud_warnings,
    money,
    object_ids,
    payment_methods,
)
from bot_platform.sandbox.stripe.account import Account, Origin
from bot_platform.sandbox.stripe.errors import ApiError
from bot_platform.sandbox.stripe.state import Row

REASONS = ("duplicate", "fraudulent", "requested_by_customer")
_PENDING_STATUSES = ("pending", "requires_action")


class RefundScenario(StrEnum):
    """How a new refund behaves: it succeeds, stays pending, or succeeds first and fails later."""

    SUCCEEDED = "succeeded"
    PENDING = "pending"
    FAILS = "fails"


class FinalRefundStatus(StrEnum):
    """The final statuses of a refund."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


# The bank may return a refund that had succeeded.
_TRANSITIONS: dict[str, frozenset[FinalRefundStatus]] = {
    **dict.fromkeys(_PENDING_STATUSES, frozenset(FinalRefundStatus)),
    "succeeded": frozenset([FinalRefundStatus.FAILED]),
}


def refund(
    account: Account,
    charge: Row,
    scenario: RefundScenario,
    origin: Origin,
    *,
    amount: int | None = None,
    reason: str | None = None,
    metadata: dict[str, str] | None = None,
) -> Row:
    """Refund a charge. Without an amount it refunds all that is left. Raises ApiError if it cannot."""
    amount = _amount(account, charge, amount)
    if reason not in {None, *REASONS}:
        raise ApiError(f"Invalid reason: must be one of {', '.join(REASONS)}", param="reason")
    row = _new(account, charge, amount, reason, metadata or {})
    if scenario is RefundScenario.PENDING:
        row["status"] = "pending"
        row["pending_reason"] = "processing"
    account.add("refunds", row)
    account.emit("refund.created", row, origin)
    before = {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
    _add_refunded(account, charge, amount)
    account.emit("charge.refunded", charge, origin, _changed(before, charge))
    disputes.on_refund_change(account, charge, origin)
    if charge["refunded"]:
        fraud_warnings.clear_for_charge(account, charge, origin)
    if scenario is RefundScenario.FAILS:
        account.schedule(account.clock() + account.refund_delay, "fail_refund", row["id"])
    return row


def refund_by_payment_method(account: Account, charge: Row, origin: Origin, **params: Any) -> Row:
    """Refund a charge; its payment method decides whether the refund is pending or fails."""
    method = charge_lookup.payment_method_of(account, charge)
    if payment_methods.refund_is_pending(method):
        row = refund(account, charge, RefundScenario.PENDING, origin, **params)
        account.schedule(account.clock() + account.refund_delay, "succeed_refund", row["id"])
        return row
    scenario = RefundScenario.FAILS if payment_methods.refund_fails(method) else RefundScenario.SUCCEEDED
    return refund(account, charge, scenario, origin, **params)


def finish(account: Account, row: Row, status: FinalRefundStatus, origin: Origin) -> None:
    """Give a refund its final status. Raises ApiError if the transition is not allowed."""
    if status not in _TRANSITIONS.get(row["status"], ()):
        raise ApiError(f"A refund cannot become {status} while it is {row['status']}.", param="status")
    previous = {"status": row["status"]}
    row["status"] = str(status)
    row["pending_reason"] = None
    if status is not FinalRefundStatus.SUCCEEDED:
        _undo(account, row)
    if status is FinalRefundStatus.FAILED:
        row["failure_reason"] = "expired_or_canceled_card"
        account.emit("refund.failed", row, origin, previous)
    emit_update(account, row, origin, previous)
    disputes.on_refund_change(account, account.state["charges"][row["charge"]], origin)


def cancel(account: Account, row: Row, origin: Origin) -> None:
    """Cancel a pending refund. Raises ApiError if it is not pending."""
    if row["status"] not in _PENDING_STATUSES:
        raise ApiError(
            f"Refund {row['id']} has a status of `{row['status']}` and can no longer be canceled.",
            code="refund_not_cancelable",
        )
    finish(account, row, FinalRefundStatus.CANCELED, origin)


def emit_update(account: Account, row: Row, origin: Origin, previous: Row) -> None:
    """Emit both events of a changed refund."""
    for name in ("refund.updated", "charge.refund.updated"):
        account.emit(name, row, origin, previous)


def succeed_refund(account: Account, refund_id: str) -> None:
    """Complete a pending refund after its delay (a scheduled action)."""
    finish(account, account.state["refunds"][refund_id], FinalRefundStatus.SUCCEEDED, Origin())


def fail_refund(account: Account, refund_id: str) -> None:
    """Fail a refund that had succeeded (a scheduled action)."""
    finish(account, account.state["refunds"][refund_id], FinalRefundStatus.FAILED, Origin())


def _amount(account: Account, charge: Row, requested: int | None) -> int:
    refundable = charge["amount"] - charge["amount_refunded"]
    if refundable == 0:
        raise ApiError(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    refundable -= disputes.withdrawn_from(account, charge)
    if refundable <= 0:
        raise ApiError(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    if requested is None:
        return int(refundable)
    if requested <= 0:
        raise ApiError("Invalid positive integer", code="parameter_invalid_integer", param="amount")
    if requested > refundable:
        params, there = (money.format_amount(value, charge["currency"]) for value in (requested, refundable))
        raise ApiError(
            f"Refund amount ({params}) is greater than unrefunded amount on charge ({there})", param="amount"
        )
    return requested


def _add_refunded(account: Account, charge: Row, amount: int) -> None:
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    account.mark_changed(charge)


def _undo(account: Account, row: Row) -> None:
    row["failure_balance_transaction"] = object_ids.new("txn")
    _add_refunded(account, account.state["charges"][row["charge"]], -row["amount"])


def _changed(before: Row, now: Row) -> Row:
    return {key: value for key, value in before.items() if now[key] != value}


def _new(account: Account, charge: Row, amount: int, reason: str | None, metadata: dict[str, str]) -> Row:
    kind = charge["payment_method_details"]["type"]
    reference = {"reference_status": "pending", "reference_type": "acquirer_reference_number"}
    card = {"type": "refund", "reference": None, **reference}
    return {
        "id": object_ids.new("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": object_ids.new("txn"),
        "charge": charge["id"],
        "created": account.now(),
        "currency": charge["currency"],
        "customer": None,
        "customer_account": None,
        "description": None,
        "destination_details": {kind: card if kind == "card" else {}, "type": kind},
        "failure_balance_transaction": None,
        "failure_reason": None,
        "instructions_email": None,
        "metadata": dict(metadata),
        "next_action": None,
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "pending_reason": None,
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }
