"""Refunds: money given back, at once or after a while, sometimes in vain."""

from enum import StrEnum
from typing import Any

from bot_platform.sandbox.stripe import (
    disputes,
    identifiers,
    lookup,
    money,
    payment_methods,
    warnings,
)
from bot_platform.sandbox.stripe.account import Account, Origin
from bot_platform.sandbox.stripe.errors import ApiError
from bot_platform.sandbox.stripe.state import Row

REASONS = ("duplicate", "fraudulent", "requested_by_customer")
_WAITING = ("pending", "requires_action")


class RefundHow(StrEnum):
    """What becomes of a refund."""

    SUCCEEDED = "succeeded"
    # Until somebody finishes it.
    PENDING = "pending"
    # First it succeeds.
    FAILS = "fails"


class RefundEnd(StrEnum):
    """How a refund can end."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


# A bank may send back what it had taken.
_ENDS: dict[str, frozenset[RefundEnd]] = {
    **dict.fromkeys(_WAITING, frozenset(RefundEnd)),
    "succeeded": frozenset([RefundEnd.FAILED]),
}


def refund(
    account: Account,
    charge: Row,
    how: RefundHow,
    origin: Origin,
    *,
    amount: int | None = None,
    reason: str | None = None,
    metadata: dict[str, str] | None = None,
) -> Row:
    """Refund a charge; without an amount, all that is left of it. Raises ApiError in Stripe's words."""
    amount = _amount(account, charge, amount)
    if reason not in {None, *REASONS}:
        raise ApiError(f"Invalid reason: must be one of {', '.join(REASONS)}", param="reason")
    row = _new(account, charge, amount, reason, metadata or {})
    if how is RefundHow.PENDING:
        row["status"] = "pending"
        row["pending_reason"] = "processing"
    account.add("refunds", row)
    account.announce("refund.created", row, origin)
    before = {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
    _give_back(account, charge, amount)
    account.announce("charge.refunded", charge, origin, _changed(before, charge))
    disputes.refunded(account, charge, origin)
    if charge["refunded"]:
        warnings.clear_all_of(account, charge, origin)
    if how is RefundHow.FAILS:
        account.later(account.clock() + account.refund_delay, "fail_refund", row["id"])
    return row


def refund_as_its_card_does(account: Account, charge: Row, origin: Origin, **asked: Any) -> Row:
    """Refund a charge; whether that waits or fails is the payment method's nature."""
    method = lookup.method_of(account, charge)
    if payment_methods.refund_waits(method):
        row = refund(account, charge, RefundHow.PENDING, origin, **asked)
        account.later(account.clock() + account.refund_delay, "succeed_refund", row["id"])
        return row
    how = RefundHow.FAILS if payment_methods.refund_fails(method) else RefundHow.SUCCEEDED
    return refund(account, charge, how, origin, **asked)


def finish(account: Account, row: Row, end: RefundEnd, origin: Origin) -> None:
    """End a refund: a waiting one in every way, one that succeeded by failing. Raises ApiError otherwise."""
    if end not in _ENDS.get(row["status"], ()):
        raise ApiError(f"A refund cannot become {end} while it is {row['status']}.", param="status")
    previous = {"status": row["status"]}
    row["status"] = str(end)
    row["pending_reason"] = None
    if end is not RefundEnd.SUCCEEDED:
        _take_again(account, row)
    if end is RefundEnd.FAILED:
        row["failure_reason"] = "expired_or_canceled_card"
        account.announce("refund.failed", row, origin, previous)
    announce_update(account, row, origin, previous)
    disputes.refunded(account, account.state["charges"][row["charge"]], origin)


def cancel(account: Account, row: Row, origin: Origin) -> None:
    """End a refund that waits, or refuse."""
    if row["status"] not in _WAITING:
        raise ApiError(
            f"Refund {row['id']} has a status of `{row['status']}` and can no longer be canceled.",
            code="refund_not_cancelable",
        )
    finish(account, row, RefundEnd.CANCELED, origin)


def announce_update(account: Account, row: Row, origin: Origin, previous: Row) -> None:
    """Say under both of its names that a refund is another than it was."""
    for name in ("refund.updated", "charge.refund.updated"):
        account.announce(name, row, origin, previous)


def succeed_refund(account: Account, refund_id: str) -> None:
    """Let a refund arrive that waited for its delay."""
    finish(account, account.state["refunds"][refund_id], RefundEnd.SUCCEEDED, Origin())


def fail_refund(account: Account, refund_id: str) -> None:
    """Let a refund fail that seemed to succeed."""
    finish(account, account.state["refunds"][refund_id], RefundEnd.FAILED, Origin())


def _amount(account: Account, charge: Row, wanted: int | None) -> int:
    left = charge["amount"] - charge["amount_refunded"]
    if left == 0:
        raise ApiError(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    left -= disputes.taken_of(account, charge)
    if left <= 0:
        raise ApiError(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    if wanted is None:
        return int(left)
    if wanted <= 0:
        raise ApiError("Invalid positive integer", code="parameter_invalid_integer", param="amount")
    if wanted > left:
        asked, there = (money.written(value, charge["currency"]) for value in (wanted, left))
        raise ApiError(
            f"Refund amount ({asked}) is greater than unrefunded amount on charge ({there})", param="amount"
        )
    return wanted


def _give_back(account: Account, charge: Row, amount: int) -> None:
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    account.changed(charge)


def _take_again(account: Account, row: Row) -> None:
    row["failure_balance_transaction"] = identifiers.new("txn")
    _give_back(account, account.state["charges"][row["charge"]], -row["amount"])


def _changed(before: Row, now: Row) -> Row:
    return {key: value for key, value in before.items() if now[key] != value}


def _new(account: Account, charge: Row, amount: int, reason: str | None, metadata: dict[str, str]) -> Row:
    kind = charge["payment_method_details"]["type"]
    reference = {"reference_status": "pending", "reference_type": "acquirer_reference_number"}
    card = {"type": "refund", "reference": None, **reference}
    return {
        "id": identifiers.new("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": identifiers.new("txn"),
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
