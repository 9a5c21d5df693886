"""The pages to which a buyer's browser returns: they show the state of the purchase and change nothing."""

import re
from collections.abc import Callable

from quart import Blueprint, render_template, request
from quart.typing import ResponseReturnValue

from bot_platform.domain import purchase_lookup
from bot_platform.domain.amounts import credits_text, money_text
from bot_platform.domain.purchases import Purchase, PurchaseState

REFERENCE = re.compile(r"cs_[A-Za-z0-9_]{1,197}")  # not the mock's, which can be guessed
RELOAD_SECONDS = 3600  # after the purchase began, the page reloads itself for so long
WAITING = frozenset({PurchaseState.OPEN})  # Stripe's browser may be faster than its webhook


def payment_pages(way_back: Callable[[], str]) -> Blueprint:
    """Build both pages; `way_back` returns the bot's URL.

    The id of a checkout session is the only key to its page: it is long, random, and known to the buyer's
    browser alone. The page shows nothing but the purchase.
    """
    pages = Blueprint(
        "payment_pages",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )

    @pages.get("/payment-success")
    async def success() -> ResponseReturnValue:
        purchase = await _purchase(request.args.get("session_id", ""))
        return await render_template(
            "payment_success.html",
            state=purchase.shown_state if purchase else "unknown",
            credits=credits_text(purchase.credits) if purchase else "",
            price=money_text(purchase.amount, purchase.currency) if purchase else "",
            waits=purchase is not None and purchase.state in WAITING and purchase.is_younger(RELOAD_SECONDS),
            way_back=way_back(),
        )

    @pages.get("/payment-cancelled")
    async def cancelled() -> ResponseReturnValue:
        return await render_template("payment_cancelled.html", way_back=way_back())

    return pages


async def _purchase(reference: str) -> Purchase | None:
    return await purchase_lookup.find_by_ref(reference) if REFERENCE.fullmatch(reference) else None
