"""Reads a dispute: its stage, and how much of the money it has moved."""

from collections.abc import Sequence
from typing import Any

from bot_platform.domain.stages import Stage

STAGES = {
    "warning_needs_response": Stage.INQUIRY,
    "warning_under_review": Stage.INQUIRY,
    "warning_closed": Stage.INQUIRY_CLOSED,
    "needs_response": Stage.DISPUTED,
    "under_review": Stage.DISPUTED,
    "appeal_needs_response": Stage.APPEALED,
    "appeal_under_review": Stage.APPEALED,
    "lost": Stage.LOST,
    "won": Stage.WON,
    "prevented": Stage.PREVENTED,
}
# A status that is not known counts as one of its kind that is still open.
OPEN_KINDS = {"warning_": Stage.INQUIRY, "appeal_": Stage.APPEALED}
MAX_AMOUNT = 10**14  # of one movement: their sum still fits into a column
DISPUTED_MONEY = frozenset({"dispute", "dispute_reversal"})  # reporting categories; a fee has another one


def stage(status: str) -> Stage:
    """Return the stage of a status."""
    if status in STAGES:
        return STAGES[status]
    return next((open_ for prefix, open_ in OPEN_KINDS.items() if status.startswith(prefix)), Stage.DISPUTED)


def moved(dispute: dict[str, Any], at: Stage) -> tuple[int | None, int]:
    """Return how much has moved away from us, in minor units of the dispute, and in how many movements.

    The movements are the dispute's `balance_transactions`: a withdrawal is negative, a reinstatement
    positive, and the fee is part of neither. None when Stripe lists none: then the stage decides. Movements
    in the currency of the payouts have another rate each time: they tell only whether the money moved.
    """
    movements = _movements(dispute.get("balance_transactions"))
    if not movements:
        return None, 0
    if all(one.get("currency") == dispute.get("currency") for one in movements):
        return max(0, -sum(one["amount"] for one in movements)), len(movements)
    gone = movements[-1]["amount"] < 0 if at is Stage.PREVENTED else at is not Stage.WON
    amount = dispute.get("amount")
    return (amount if gone and isinstance(amount, int) else 0), len(movements)


def _movements(listed: object) -> Sequence[dict[str, Any]]:
    found = listed if isinstance(listed, list) else []
    return [
        one
        for one in found
        if isinstance(one, dict)
        and type(one.get("amount")) is int
        and abs(one["amount"]) <= MAX_AMOUNT
        and one.get("reporting_category", "dispute") in DISPUTED_MONEY
    ]
