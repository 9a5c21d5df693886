"""Ids: the values that a row's number can have, how one is read from text, and names for the outside."""

from typing import TypeGuard
from uuid import uuid4

from bot_platform.infra.columns import MAX_OUTSIDE_ID_CHARS
from bot_platform.infra.sql import json_safe

MAX_ID = 2**63 - 1  # the largest value of a BIGINT column
MAX_ID_DIGITS = len(str(MAX_ID))

UID_CHARS = 32


def new_uid() -> str:
    """Make the name of a row for the outside: UID_CHARS random hexadecimal digits.

    A database that is restored from a backup gives the same numbers again, to other rows. So what a
    provider keeps (idempotency keys, metadata) carries this name, which is never given twice.
    """
    return uuid4().hex


def is_id(number: int) -> bool:
    """Whether a row can have this number."""
    return 0 < number <= MAX_ID


def is_outside_id(value: object) -> TypeGuard[str]:
    """Whether this is an id of another system that a row can keep: 1 to MAX_OUTSIDE_ID_CHARS characters."""
    return isinstance(value, str) and 0 < len(value) <= MAX_OUTSIDE_ID_CHARS and json_safe(value) == value


def parse_id(text: str) -> int | None:
    """Read an id that a person, a button or a provider sent: 1 to MAX_ID in ASCII digits; else None."""
    # The length comes first: Python refuses to convert thousands of digits.
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_ID_DIGITS):
        return None
    number = int(text)
    return number if is_id(number) else None
