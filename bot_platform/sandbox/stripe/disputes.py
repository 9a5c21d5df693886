"""Disputes and inquiries: their statuses and the money that they withdraw and reinstate."""

from enum import StrEnum

from bot_platform.sandbox.stripe import fraud_warnings
from bot_platform.sandbox.stripe.account import Account, Origin
from bot_platform.sandbox.stripe.dispute_object import balance_transaction, new_dispute
from bot_platform.sandbox.stripe.errors import ApiError
from bot_platform.sandbox.stripe.state import Row

_REASONS = (
    "bank_cannot_process",
    "check_returned",
    "credit_not_processed",
    "customer_initiated",
    "debit_not_authorized",
    "duplicate",
    "fraudulent",
    "general",
    "incorrect_account_details",
    "insufficient_funds",
    "noncompliant",
    "product_not_received",
    "product_unacceptable",
    "subscription_canceled",
    "unrecognized",
)


class DisputeStatus(StrEnum):
    """Every status of a dispute. The first three belong to inquiries, which withdraw no money."""

    WARNING_NEEDS_RESPONSE = "warning_needs_response"
    WARNING_UNDER_REVIEW = "warning_under_review"
    WARNING_CLOSED = "warning_closed"
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    APPEAL_NEEDS_RESPONSE = "appeal_needs_response"
    APPEAL_UNDER_REVIEW = "appeal_under_review"
    WON = "won"
    LOST = "lost"
    PREVENTED = "prevented"


_Status = DisputeStatus
# The allowed transitions. A status that is not a key is final.
TRANSITIONS: dict[str, set[DisputeStatus]] = {
    _Status.WARNING_NEEDS_RESPONSE: {
        _Status.WARNING_UNDER_REVIEW,
        _Status.WARNING_CLOSED,
        _Status.NEEDS_RESPONSE,
        _Status.PREVENTED,
    },
    _Status.WARNING_UNDER_REVIEW: {_Status.WARNING_CLOSED, _Status.NEEDS_RESPONSE, _Status.PREVENTED},
    _Status.NEEDS_RESPONSE: {_Status.UNDER_REVIEW, _Status.WON, _Status.LOST, _Status.PREVENTED},
    _Status.UNDER_REVIEW: {_Status.WON, _Status.LOST},
    # A lost dispute can be appealed.
    _Status.LOST: {_Status.APPEAL_NEEDS_RESPONSE},
    _Status.APPEAL_NEEDS_RESPONSE: {_Status.APPEAL_UNDER_REVIEW, _Status.WON, _Status.LOST},
    _Status.APPEAL_UNDER_REVIEW: {_Status.WON, _Status.LOST},
}
_CLOSED = {_Status.WARNING_CLOSED, _Status.WON, _Status.LOST, _Status.PREVENTED}
_REINSTATES_FUNDS = {_Status.WON, _Status.PREVENTED}
_ENDED_WITHOUT_LOSS = {_Status.WARNING_CLOSED, _Status.WON, _Status.PREVENTED}


def dispute(
    account: Account, charge: Row, origin: Origin, *, amount: int | None, inquiry: bool, reason: str
) -> Row:
    """Open a dispute or an inquiry. Without an amount it covers what is not refunded."""
    amount = _amount(account, charge, amount)
    if reason not in _REASONS:
        raise ApiError(f"Invalid reason: must be one of {', '.join(_REASONS)}", param="reason")
    status = _Status.WARNING_NEEDS_RESPONSE if inquiry else _Status.NEEDS_RESPONSE
    row = new_dispute(charge, amount=amount, reason=reason, status=str(status), created=account.now())
    account.add("disputes", row)
    charge["disputed"] = True
    account.mark_changed(charge)
    _update_derived_fields(account, row)
    if not inquiry:
        _add_balance_transaction(account, row, -amount)
    account.emit("charge.dispute.created", row, origin)
    if not inquiry:
        account.emit("charge.dispute.funds_withdrawn", row, origin)
    fraud_warnings.clear_for_charge(account, charge, origin)
    return row


def move(
    account: Account, row: Row, status: DisputeStatus, origin: Origin, *, money_stays_away: bool = False
) -> None:
    """Change the status of a dispute and move its money. Raises ApiError if the transition is not allowed.

    With `money_stays_away` nothing is reinstated: as when a refund prevented the dispute.
    """
    if status not in TRANSITIONS.get(row["status"], set()):
        raise ApiError(f"A dispute cannot become {status} while it is {row['status']}.", param="status")
    previous = {"status": row["status"]}
    withdraws = status is _Status.NEEDS_RESPONSE
    if withdraws and account.state["charges"][row["charge"]]["refunded"]:
        raise ApiError("After a full refund no money can be withdrawn.", param="status")
    reinstates = status in _REINSTATES_FUNDS and withdrawn(row) > 0 and not money_stays_away
    row["status"] = str(status)
    _update_derived_fields(account, row)
    if withdraws:
        _add_balance_transaction(account, row, -row["amount"])
    if reinstates:
        _add_balance_transaction(account, row, withdrawn(row))
        account.emit("charge.dispute.funds_reinstated", row, origin, previous)
    if status in _CLOSED:
        account.emit("charge.dispute.closed", row, origin, previous)
    else:
        account.emit("charge.dispute.updated", row, origin, previous)
    if withdraws:
        account.emit("charge.dispute.funds_withdrawn", row, origin)


def close(account: Account, row: Row, origin: Origin) -> None:
    """Accept the dispute: it becomes lost, an inquiry becomes closed."""
    if row["status"] == _Status.NEEDS_RESPONSE:
        move(account, row, _Status.LOST, origin)
    elif row["status"] == _Status.WARNING_NEEDS_RESPONSE:
        move(account, row, _Status.WARNING_CLOSED, origin)
    else:
        raise ApiError("This dispute is already closed or under review.", code="dispute_already_closed")


def withdrawn(row: Row) -> int:
    """Return how much a dispute has withdrawn and not reinstated, in minor units."""
    return -sum(int(line["amount"]) for line in row["balance_transactions"])


def withdrawn_from(account: Account, charge: Row) -> int:
    """Return how much all disputes of a charge have withdrawn and not reinstated."""
    return sum(withdrawn(row) for row in account.state["disputes"].values() if row["charge"] == charge["id"])


def on_refund_change(account: Account, charge: Row, origin: Origin) -> None:
    """Update `is_charge_refundable` of the charge's disputes after a refund has changed."""
    for row in account.state["disputes"].values():
        before = row["is_charge_refundable"]
        if row["charge"] == charge["id"] and _update_derived_fields(account, row) != before:
            account.emit("charge.dispute.updated", row, origin, {"is_charge_refundable": before})


def dispute_charge(account: Account, charge_id: str) -> None:
    """Open the dispute of the test card for disputes."""
    charge = account.state["charges"][charge_id]
    dispute(account, charge, Origin(), amount=None, inquiry=False, reason="fraudulent")


def inquire_charge(account: Account, charge_id: str) -> None:
    """Open the inquiry of the test card for inquiries."""
    charge = account.state["charges"][charge_id]
    dispute(account, charge, Origin(), amount=None, inquiry=True, reason="fraudulent")


def win_dispute(account: Account, dispute_id: str) -> None:
    """Apply `winning_evidence`."""
    _conclude(account, dispute_id, _Status.WON)


def lose_dispute(account: Account, dispute_id: str) -> None:
    """Apply `losing_evidence`."""
    _conclude(account, dispute_id, _Status.LOST)


def escalate_inquiry(account: Account, dispute_id: str) -> None:
    """Apply `escalate_inquiry_evidence`."""
    _conclude(account, dispute_id, _Status.NEEDS_RESPONSE)


def _conclude(account: Account, dispute_id: str, status: DisputeStatus) -> None:
    row = account.state["disputes"][dispute_id]
    # An inquiry cannot be won or lost: it is closed, or it becomes a dispute.
    ends = row["status"] == _Status.WARNING_UNDER_REVIEW and status is not _Status.NEEDS_RESPONSE
    move(account, row, _Status.WARNING_CLOSED if ends else status, Origin())


def _amount(account: Account, charge: Row, requested: int | None) -> int:
    # Money that is already refunded can still be disputed: the bank may not know of the refund yet.
    earlier = [row for row in account.state["disputes"].values() if row["charge"] == charge["id"]]
    disputable = charge["amount"] - sum(
        row["amount"] for row in earlier if row["status"] not in _ENDED_WITHOUT_LOSS
    )
    amount = min(disputable, charge["amount"] - charge["amount_refunded"]) if requested is None else requested
    if not 0 < amount <= disputable:
        raise ApiError(f"This amount of charge {charge['id']} cannot be disputed.", param="amount")
    return amount


def _update_derived_fields(account: Account, row: Row) -> bool:
    """Recompute the fields that depend on others; return `is_charge_refundable`."""
    inquiry = row["status"].startswith("warning_")
    refundable = inquiry and not account.state["charges"][row["charge"]]["refunded"]
    row["is_charge_refundable"] = refundable
    if row["payment_method_details"] is not None:
        row["payment_method_details"]["card"]["case_type"] = "inquiry" if inquiry else "chargeback"
    return refundable


def _add_balance_transaction(account: Account, row: Row, amount: int) -> None:
    row["balance_transactions"].append(balance_transaction(row, amount, created=account.now()))
