"""Disputes: a payer asks the bank for the money back, and the bank takes it, asks first, or gives it back."""

from enum import StrEnum

from bot_platform.sandbox.stripe import warnings
from bot_platform.sandbox.stripe.account import Account, Origin
from bot_platform.sandbox.stripe.dispute_shape import balance_transaction, new_dispute
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
    """Every state of a dispute; the first three are an inquiry's, which takes no money."""

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


_S = DisputeStatus
# Where a dispute can go from where it is; from a state that is not here it goes nowhere.
MOVES: dict[str, set[DisputeStatus]] = {
    _S.WARNING_NEEDS_RESPONSE: {
        _S.WARNING_UNDER_REVIEW,
        _S.WARNING_CLOSED,
        _S.NEEDS_RESPONSE,
        _S.PREVENTED,
    },
    _S.WARNING_UNDER_REVIEW: {_S.WARNING_CLOSED, _S.NEEDS_RESPONSE, _S.PREVENTED},
    _S.NEEDS_RESPONSE: {_S.UNDER_REVIEW, _S.WON, _S.LOST, _S.PREVENTED},
    _S.UNDER_REVIEW: {_S.WON, _S.LOST},
    # A lost dispute may be appealed against.
    _S.LOST: {_S.APPEAL_NEEDS_RESPONSE},
    _S.APPEAL_NEEDS_RESPONSE: {_S.APPEAL_UNDER_REVIEW, _S.WON, _S.LOST},
    _S.APPEAL_UNDER_REVIEW: {_S.WON, _S.LOST},
}
_CLOSED = {_S.WARNING_CLOSED, _S.WON, _S.LOST, _S.PREVENTED}
_GIVES_BACK = {_S.WON, _S.PREVENTED}
_OVER_FOR_NOTHING = {_S.WARNING_CLOSED, _S.WON, _S.PREVENTED}


def dispute(
    account: Account, charge: Row, origin: Origin, *, amount: int | None, inquiry: bool, reason: str
) -> Row:
    """Dispute a charge, or only inquire about it; without an amount, for whatever was not refunded."""
    amount = _amount(account, charge, amount)
    if reason not in _REASONS:
        raise ApiError(f"Invalid reason: must be one of {', '.join(_REASONS)}", param="reason")
    status = _S.WARNING_NEEDS_RESPONSE if inquiry else _S.NEEDS_RESPONSE
    row = new_dispute(charge, amount=amount, reason=reason, status=str(status), created=account.now())
    account.add("disputes", row)
    charge["disputed"] = True
    account.changed(charge)
    _look(account, row)
    if not inquiry:
        _book(account, row, -amount)
    account.announce("charge.dispute.created", row, origin)
    if not inquiry:
        account.announce("charge.dispute.funds_withdrawn", row, origin)
    warnings.clear_all_of(account, charge, origin)
    return row


def move(account: Account, row: Row, status: DisputeStatus, origin: Origin) -> None:
    """Bring a dispute and its money into another state. Raises ApiError where no way leads there."""
    if status not in MOVES.get(row["status"], set()):
        raise ApiError(f"A dispute cannot become {status} while it is {row['status']}.", param="status")
    previous = {"status": row["status"]}
    takes = status is _S.NEEDS_RESPONSE
    if takes and account.state["charges"][row["charge"]]["refunded"]:
        raise ApiError("After a full refund no money can be withdrawn.", param="status")
    gives_back = status in _GIVES_BACK and taken(row) > 0
    row["status"] = str(status)
    _look(account, row)
    if takes:
        _book(account, row, -row["amount"])
    if gives_back:
        _book(account, row, taken(row))
        account.announce("charge.dispute.funds_reinstated", row, origin, previous)
    if status in _CLOSED:
        account.announce("charge.dispute.closed", row, origin, previous)
    else:
        account.announce("charge.dispute.updated", row, origin, previous)
    if takes:
        account.announce("charge.dispute.funds_withdrawn", row, origin)


def close(account: Account, row: Row, origin: Origin) -> None:
    """Give in: the dispute is lost; an inquiry ends as one."""
    if row["status"] == _S.NEEDS_RESPONSE:
        move(account, row, _S.LOST, origin)
    elif row["status"] == _S.WARNING_NEEDS_RESPONSE:
        move(account, row, _S.WARNING_CLOSED, origin)
    else:
        raise ApiError("This dispute is already closed or under review.", code="dispute_already_closed")


def taken(row: Row) -> int:
    """How much a dispute has withdrawn and not given back."""
    return -sum(int(line["amount"]) for line in row["balance_transactions"])


def taken_of(account: Account, charge: Row) -> int:
    """How much all disputes of a charge have withdrawn and not given back."""
    return sum(taken(row) for row in account.state["disputes"].values() if row["charge"] == charge["id"])


def refunded(account: Account, charge: Row, origin: Origin) -> None:
    """Take note of what became of a refund: whether the charge behind an inquiry can still be refunded."""
    for row in account.state["disputes"].values():
        before = row["is_charge_refundable"]
        if row["charge"] == charge["id"] and _look(account, row) != before:
            account.announce("charge.dispute.updated", row, origin, {"is_charge_refundable": before})


def dispute_charge(account: Account, charge_id: str) -> None:
    """Do what the test card for disputes brings."""
    charge = account.state["charges"][charge_id]
    dispute(account, charge, Origin(), amount=None, inquiry=False, reason="fraudulent")


def inquire_charge(account: Account, charge_id: str) -> None:
    """Do what the test card for inquiries brings."""
    charge = account.state["charges"][charge_id]
    dispute(account, charge, Origin(), amount=None, inquiry=True, reason="fraudulent")


def win_dispute(account: Account, dispute_id: str) -> None:
    """Do what `winning_evidence` brings."""
    _decide(account, dispute_id, _S.WON)


def lose_dispute(account: Account, dispute_id: str) -> None:
    """Do what `losing_evidence` brings."""
    _decide(account, dispute_id, _S.LOST)


def escalate_inquiry(account: Account, dispute_id: str) -> None:
    """Do what `escalate_inquiry_evidence` brings."""
    _decide(account, dispute_id, _S.NEEDS_RESPONSE)


def _decide(account: Account, dispute_id: str, status: DisputeStatus) -> None:
    row = account.state["disputes"][dispute_id]
    # An inquiry is not won or lost: it ends, or it becomes a dispute.
    ends = row["status"] == _S.WARNING_UNDER_REVIEW and status is not _S.NEEDS_RESPONSE
    move(account, row, _S.WARNING_CLOSED if ends else status, Origin())


def _amount(account: Account, charge: Row, wanted: int | None) -> int:
    # Partly refunded money may be disputed once more: the bank need not know of the refund yet.
    others = [row for row in account.state["disputes"].values() if row["charge"] == charge["id"]]
    free = charge["amount"] - sum(row["amount"] for row in others if row["status"] not in _OVER_FOR_NOTHING)
    amount = min(free, charge["amount"] - charge["amount_refunded"]) if wanted is None else wanted
    if not 0 < amount <= free:
        raise ApiError(f"Of charge {charge['id']} no such amount can be disputed.", param="amount")
    return amount


def _look(account: Account, row: Row) -> bool:
    """Bring the fields that follow from others up to date; return whether a refund is still possible."""
    inquiry = row["status"].startswith("warning_")
    refundable = inquiry and not account.state["charges"][row["charge"]]["refunded"]
    row["is_charge_refundable"] = refundable
    if row["payment_method_details"] is not None:
        row["payment_method_details"]["card"]["case_type"] = "inquiry" if inquiry else "chargeback"
    return refundable


def _book(account: Account, row: Row, amount: int) -> None:
    row["balance_transactions"].append(balance_transaction(row, amount, created=account.now()))
