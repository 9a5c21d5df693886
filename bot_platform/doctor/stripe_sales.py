"""Checks that each package can be sold at Stripe: its amount, its stored price, and a real session."""

import time
from collections.abc import Awaitable, Callable, Sequence
from uuid import uuid4

from bot_platform.config.settings import Settings
from bot_platform.doctor.report import Finding, error, ok, warning
from bot_platform.domain.amounts import money_text
from bot_platform.domain.packages import Package
from bot_platform.providers.stripe import charge_limits, checkout_requests
from bot_platform.providers.stripe.checkout_requests import CheckoutRequests
from bot_platform.providers.stripe.client import Refused
from bot_platform.providers.stripe.setup import Setup

SESSION_SECONDS = (
    31 * 60
)  # a session that cannot be expired ends by itself; Stripe allows no less than 30 minutes

Run = Callable[[Package], Awaitable[Finding]]


class SalesChecks:
    """Checks of the packages on sale; each may raise Refused or Down."""

    def __init__(self, settings: Settings, setup: Setup, checkouts: CheckoutRequests) -> None:
        self._settings, self._setup, self._checkouts = settings, setup, checkouts

    def checks(self) -> Sequence[tuple[str, Run, Package]]:
        """List the checks: a name, a function, and the package that it gets."""
        packages = list(self._settings.price_list())
        return [
            *((f"Stripe amount of {one.code}", self._amount, one) for one in packages),
            *((f"Stripe price of {one.code}", self._price, one) for one in packages if one.stripe_price),
            *((f"Stripe sale of {one.code}", self._sale, one) for one in packages),
        ]

    async def _amount(self, package: Package) -> Finding:
        ours = money_text(package.amount, package.currency)
        if doubt := charge_limits.doubt(package.amount, package.currency):
            return warning(f"{ours}: {doubt}", f"Change the amount of {package.code} in {self._file()}.")
        return ok(f"{ours} is within Stripe's limits")

    async def _price(self, package: Package) -> Finding:
        id_, ours = str(package.stripe_price), money_text(package.amount, package.currency)
        price = await self._setup.price(id_)
        fix = (
            f"In {self._file()} give {package.code} the amount and currency of the price,"
            " or name another price: one-time, active, and of the same mode as the key."
        )
        if price is None:
            return error(f"Stripe has no {id_}: {package.code} cannot be sold", fix)
        if not price.active or not price.once:
            reason = "is archived" if price.once else "is not for a single payment"
            return error(f"{id_} {reason}: {package.code} cannot be sold", fix)
        if (price.amount, price.currency) != (package.amount, package.currency):
            theirs = "no fixed amount" if price.amount is None else money_text(price.amount, price.currency)
            return error(f"the price list has {ours}, Stripe has {theirs}: {package.code} is not sold", fix)
        return ok(f"{ours}, as in the price list")

    async def _sale(self, package: Package) -> Finding:
        """Open a session as a buyer's press does, and expire it; this costs nothing."""
        params = checkout_requests.request(
            package, self._settings.webapp_url, int(time.time()) + SESSION_SECONDS
        )
        try:
            session = (await self._checkouts.create(params, f"doctor-{uuid4().hex}")).body
        except Refused as refusal:
            if refusal.forbidden:
                raise
            return error(
                f"Stripe refuses to sell {package.code}: {refusal}",
                "Correct what Stripe names, in the Stripe Dashboard or in the price list, and run this again."
                " Until then buyers read that no payment link could be made.",
            )
        price, asked = (
            (session.get("amount_subtotal"), session.get("currency")),
            money_text(package.amount, package.currency),
        )
        await self._setup.expire_session(str(session.get("id")))
        if price != (package.amount, package.currency):
            return error(
                f"Stripe would ask for {price[0]} {price[1]} instead of {asked}",
                f"Give {package.code} the same amount and currency in {self._file()} and at Stripe.",
            )
        if not session.get("url"):
            return error(
                f"Stripe opens no page for {package.code}", "See the payment settings in Stripe's Dashboard."
            )
        return ok(f"a checkout session of {asked} was opened, and expired again")

    def _file(self) -> str:
        return str(self._settings.packages_file or "the price list (PACKAGES_FILE)")
