"""Names the account of a Stripe key without asking Stripe."""

import hashlib
import re

# Stripe's keys of today: the mode, a version, the account's id without its `acct_`, and the secret.
MODERN_KEY = re.compile(r"(?:sk|rk)_(test|live)_5(1[A-Za-z0-9]{15})[A-Za-z0-9]{40,}")
MODES = re.compile(r"(?:sk|rk)_(test|live)_")


def account_of(secret_key: str) -> str:
    """Return the mode and the account of a key, such as `live:acct_1GqIC8HYgolSBA35`.

    A key of another shape, such as an old one, does not show its account. It gets a name of its own, made
    from its hash: two such keys count as two accounts (docs/decisions/0024).
    """
    if shown := MODERN_KEY.fullmatch(secret_key):
        return f"{shown[1]}:acct_{shown[2]}"
    mode = MODES.match(secret_key)
    digest = hashlib.sha256(f"stripe-account:{secret_key}".encode()).hexdigest()
    return f"{mode[1] if mode else 'unknown'}:key_{digest[:16]}"
