"""What an account decides for requests that do not say it themselves, and what its server does not know."""

from dataclasses import dataclass

from bot_platform.sandbox.stripe.errors import ApiError, unknown_parameters, unsupported
from bot_platform.sandbox.stripe.state import Row

# Managed Payments decides these itself, and refuses sessions that name them.
_MANAGED = ("adaptive_pricing", "automatic_tax", "allow_promotion_codes")


@dataclass
class AccountDefaults:
    """The settings of an account. Every field can be set at any time and applies from then on.

    `managed_payments`: Stripe is the merchant unless a session says no. `buyer_currency`: the currency of the
    country of whoever opens a payment page. `unknown`: names of parameters that an older version lacks.
    """

    managed_payments: bool = False
    buyer_currency: str = ""
    unknown: frozenset[str] = frozenset()

    def check(self, params: Row) -> None:
        """Refuse what this account cannot do with the parameters of a new session; raises ApiError."""
        if unknown := [name for name in params if name in self.unknown]:
            raise unknown_parameters(unknown)
        for name in ("managed_payments", "automatic_tax"):
            if params.get(name, {}).get("enabled"):
                raise unsupported(name)
        if not self.managed_payments or "managed_payments" in params:
            return
        for name in _MANAGED:
            if name in params:
                raise ApiError(
                    f"{name} cannot be used with Managed Payments, which is enabled by default on your"
                    f" account. Remove {name}, or pass managed_payments[enabled]=false to disable it for this"
                    " request.",
                    param=name,
                )
        raise ApiError("Managed Payments needs a product with an eligible tax code.", param="line_items")
