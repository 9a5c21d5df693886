"""Ids that look like Stripe's: the same prefixes, alphabets and lengths."""

import secrets
import string

_ALPHABET = string.ascii_letters + string.digits

# What follows the prefix, and how many random characters follow that.
_SHAPES = {
    "cs_test": ("a1", 56),
    "pi": ("3", 23),
    "ch": ("3", 23),
    "re": ("3", 23),
    "du": ("1", 23),
    "issfr": ("1", 23),
    "evt": ("1", 23),
    "price": ("1", 23),
    "pm": ("1", 23),
    "li": ("1", 23),
    "we": ("1", 23),
    "prod": ("", 14),
    "req": ("", 14),
}


def new(prefix: str) -> str:
    """Make a fresh id such as `pi_3...`; a prefix without a shape of its own gets 24 random characters."""
    start, length = _SHAPES.get(prefix, ("", 24))
    return f"{prefix}_{start}{random_text(length)}"


def random_text(length: int) -> str:
    """So many letters and digits that nobody can guess them."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
