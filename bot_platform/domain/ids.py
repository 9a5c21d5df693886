"""Ids: the values that a row's number can have, and how one is read from text."""

MAX_ID = 2**63 - 1  # the largest value of a BIGINT column
MAX_ID_DIGITS = len(str(MAX_ID))


def is_id(number: int) -> bool:
    """Whether a row can have this number."""
    return 0 < number <= MAX_ID


def parse_id(text: str) -> int | None:
    """Read an id that a person, a button or a provider sent: 1 to MAX_ID in ASCII digits; else None."""
    # The length comes first: Python refuses to convert thousands of digits.
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_ID_DIGITS):
        return None
    number = int(text)
    return number if is_id(number) else None
