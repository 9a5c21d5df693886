"""Who may ask what: the secret key everything, a restricted key what it was given."""

import base64
import binascii
import hmac
from collections.abc import Iterable
from types import MappingProxyType

from bot_platform.sandbox.stripe.errors import bad_key, not_permitted

# What a permission is called, by the path it opens.
_NAMES = MappingProxyType(
    {
        "/v1/account": "accounts_kyc_basic",
        "/v1/balance": "balance",
        "/v1/charges": "charge",
        "/v1/checkout/sessions": "checkout_session",
        "/v1/disputes": "dispute",
        "/v1/events": "event",
        "/v1/payment_intents": "payment_intent",
        "/v1/payment_methods": "payment_method",
        "/v1/prices": "plan",
        "/v1/products": "product",
        "/v1/radar/early_fraud_warnings": "early_fraud_warning",
        "/v1/refunds": "charge",
        "/v1/webhook_endpoints": "webhook",
    }
)


class Keyring:
    """The keys of one account."""

    def __init__(self, secret_key: str) -> None:
        self._secret_key = secret_key
        self._restricted: dict[str, frozenset[str]] = {}

    def restrict(self, key: str, permissions: Iterable[str]) -> None:
        """Let a restricted key do this much from now on: `rak_charge_read`, `rak_charge_write`..."""
        self._restricted[key] = frozenset(permissions)

    def check(self, authorization: str | None, method: str, path: str) -> None:
        """Raise ApiError where no key of ours came (401), or one that may not do this (403)."""
        key = _key_of(authorization)
        if key is not None and hmac.compare_digest(key.encode(), self._secret_key.encode()):
            return
        given = self._restricted.get(key or "")
        if key is None or given is None:
            raise bad_key(key)
        name = next((n for start, n in _NAMES.items() if f"{path}/".startswith(f"{start}/")), "secret_key")
        does = "read" if method == "GET" else "write"
        if not {f"rak_{name}_{does}", f"rak_{name}_write"} & given:
            raise not_permitted(key, f"rak_{name}_{does}")


def _key_of(authorization: str | None) -> str | None:
    scheme, _, rest = (authorization or "").strip().partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(rest.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return None
