"""Exponential backoff."""

MAX_DOUBLINGS = 20  # keeps the power within a float


def backoff(attempt: int, *, first: float, most: float) -> float:
    """Return the seconds to wait after failure number `attempt` (1, 2, 3...): `first`, doubled each time."""
    return min(most, first * float(2 ** min(max(attempt - 1, 0), MAX_DOUBLINGS)))
