"""API keys: the secret key may do everything, a restricted key only what its permissions allow."""

import base64
import binascii
import hmac
from collections.abc import Iterable
from types import MappingProxyType

from bot_platform.sandbox.stripe.errors import invalid_api_key, missing_permission

# The permission for a path.
_PERMISSIONS = MappingProxyType(
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


class ApiKeys:
    """The API keys of one account."""

    def __init__(self, secret_key: str) -> None:
        self._secret_key = secret_key
        self._restricted: dict[str, frozenset[str]] = {}

    def restrict(self, key: str, permissions: Iterable[str]) -> None:
        """Set the permissions of a restricted key, for example `rak_charge_read`, `rak_charge_write`."""
        self._restricted[key] = frozenset(permissions)

    def check(self, authorization: str | None, method: str, path: str) -> None:
        """Raise ApiError for a missing or unknown key (401) and for a missing permission (403)."""
        key = _key_in(authorization)
        if key is not None and hmac.compare_digest(key.encode(), self._secret_key.encode()):
            return
        permissions = self._restricted.get(key or "")
        if key is None or permissions is None:
            raise invalid_api_key(key)
        name = next(
            (n for start, n in _PERMISSIONS.items() if f"{path}/".startswith(f"{start}/")), "secret_key"
        )
        access = "read" if method == "GET" else "write"
        if not {f"rak_{name}_{access}", f"rak_{name}_write"} & permissions:
            raise missing_permission(key, f"rak_{name}_{access}")


def _key_in(authorization: str | None) -> str | None:
    scheme, _, rest = (authorization or "").strip().partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(rest.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return None
