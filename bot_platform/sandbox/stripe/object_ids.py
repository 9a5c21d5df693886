"""Random object ids with Stripe's prefixes, alphabet and lengths."""

import secrets
import string

_ALPHABET = string.ascii_letters + string.digits

# Per prefix: the fixed start after the underscore, and the number of random characters.
_FORMATS = {
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
    """Return a new id such as `pi_3...`. An unknown prefix gets 24 random characters."""
    start, length = _FORMATS.get(prefix, ("", 24))
    return f"{prefix}_{start}{random_text(length)}"


def random_text(length: int) -> str:
    """Return random letters and digits that are not predictable."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
