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
FEES = frozenset({"fee", "network_cost", "tax"})  # reporting categories of what Stripe takes for its work
RATES_DIFFER = 0.1  # between two movements of the same money in another currency, at most


def stage(status: str) -> Stage:
    """Return the stage of a status."""
    if status in STAGES:
        return STAGES[status]
    return next((open_ for prefix, open_ in OPEN_KINDS.items() if status.startswith(prefix)), Stage.DISPUTED)


def moved(dispute: dict[str, Any]) -> tuple[int | None, int]:
    """Return how much has moved away from us, in minor units of the dispute, and in how many movements.

    The movements are the dispute's `balance_transactions`: a withdrawal is negative, a reinstatement
    positive, and the fee is part of neither. None when Stripe lists none: then the stage decides.
    """
    movements = _movements(dispute.get("balance_transactions"))
    if not movements:
        return None, 0
    gone = max(0, -sum(one["amount"] for one in movements))
    if any(one.get("currency") != dispute.get("currency") for one in movements):
        withdrawn = max(0, *(-one["amount"] for one in movements))
        gone = _converted(gone, withdrawn, dispute["amount"])
    return gone, len(movements)


def _converted(gone: int, withdrawn: int, disputed: int) -> int:
    """Convert what is gone from the currency of the payouts, in which `withdrawn` stood for the dispute.

    Each movement has the rate of its day: nearly nothing is nothing, and nearly all is all.
    """
    share = gone / withdrawn if withdrawn else 0.0
    if share <= RATES_DIFFER:
        return 0
    return disputed if share >= 1 - RATES_DIFFER else round(disputed * share)


def _movements(listed: object) -> Sequence[dict[str, Any]]:
    found = listed if isinstance(listed, list) else []
    return [
        one
        for one in found
        if isinstance(one, dict)
        and type(one.get("amount")) is int
        and abs(one["amount"]) <= MAX_AMOUNT
        and one.get("reporting_category") not in FEES
    ]
