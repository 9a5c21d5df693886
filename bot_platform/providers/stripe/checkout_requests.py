"""Creates checkout sessions that depend on no default of the account: price, currency and page are ours."""

from typing import TYPE_CHECKING, Any

import structlog

from bot_platform.domain.packages import Package
from bot_platform.providers.stripe.client import Answer, Client, Refused

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams, SessionCreateParamsLineItem

log = structlog.get_logger()

# What an account's settings or the buyer's country would change otherwise. Settling compares the price, so
# Stripe must not sell for us (Managed Payments), convert, discount or tax it.
PINNED: "SessionCreateParams" = {
    "managed_payments": {"enabled": False},
    "adaptive_pricing": {"enabled": False},
    "automatic_tax": {"enabled": False},
    "allow_promotion_codes": False,
}
OPTIONAL = frozenset({*PINNED, "currency"})  # an older server may not know them; then it cannot act on them


def request(package: Package, webapp_url: str, expires_at: int) -> "SessionCreateParams":
    """Return the parameters of a session that sells one package until `expires_at` (unix seconds)."""
    line: SessionCreateParamsLineItem = {"quantity": 1}
    if package.stripe_price:
        line["price"] = package.stripe_price
    else:
        line["price_data"] = {
            "currency": package.currency,
            "unit_amount": package.amount,
            "product_data": {"name": package.title},
        }
    params: SessionCreateParams = {
        "mode": "payment",
        "line_items": [line],
        "success_url": f"{webapp_url}/payment-success?session_id={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"{webapp_url}/payment-cancelled",
        "expires_at": expires_at,
        **PINNED,
    }
    if package.stripe_price:  # a price may have amounts in other currencies, chosen by the buyer's country
        params["currency"] = package.currency
    return params


class CheckoutRequests:
    """Creates sessions at one server, and remembers which optional parameters it does not know."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._unknown: frozenset[str] = frozenset()

    async def create(self, params: "SessionCreateParams", key: str) -> Answer:
        """Create a session, one for each key; a parameter that the server does not know is left out.

        Raises Refused or Down.
        """
        while True:
            left_out = self._unknown
            try:
                return await self._client.create_session(*_without(params, key, left_out))
            except Refused as refusal:
                new = (refusal.unknown_parameters & OPTIONAL) - left_out
                if not new:
                    raise
                self._unknown = left_out | new
                log.warning("stripe.parameters_left_out", names=sorted(self._unknown), **refusal.reasons)


def _without(
    params: "SessionCreateParams", key: str, names: frozenset[str]
) -> tuple["SessionCreateParams", str]:
    """Leave out parameters; a key belongs to exactly one set of parameters, so the rest gets its own."""
    if not names:
        return params, key
    kept: Any = {name: value for name, value in params.items() if name not in names}
    return kept, f"{key}-without-{'-'.join(sorted(names))}"
