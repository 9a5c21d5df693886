"""Shortens a key: its owner recognises it, and it cannot be used."""

FIRST_CHARS, LAST_CHARS = 8, 4


def masked(secret: str) -> str:
    """Shorten a key: `sk_test_...cdef`."""
    last = secret[-LAST_CHARS:] if len(secret) >= 3 * FIRST_CHARS else ""
    return f"{secret[: min(FIRST_CHARS, len(secret) // 2)]}...{last}"
