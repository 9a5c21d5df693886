"""Where a buyer's browser lands after paying: it shows how the purchase stands, and never grants."""

import re
from collections.abc import Callable

from quart import Blueprint, render_template, request
from quart.typing import ResponseReturnValue

from bot_platform.domain import purchases
from bot_platform.domain.amounts import credits_text, money_text
from bot_platform.domain.purchases import Purchase, PurchaseState

REFERENCE = re.compile(r"cs_[A-Za-z0-9_]{1,197}")  # the mock's references can be counted through
LOOKS_FOR = 3600  # seconds in which the page looks again by itself
WAITING = frozenset({PurchaseState.OPEN})  # Stripe's browser may be faster than its webhook


def payment_pages(way_back: Callable[[], str]) -> Blueprint:
    """Build both pages; `way_back` is the bot's address.

    Whoever has a checkout session's id may see its state: it is long, drawn by Stripe, and known
    to the buyer's browser alone. Nothing else is shown of anybody.
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
            state=purchase.state.value if purchase else "unknown",
            credits=credits_text(purchase.credits) if purchase else "",
            price=money_text(purchase.amount, purchase.currency) if purchase else "",
            waits=purchase is not None and purchase.state in WAITING and purchase.is_younger(LOOKS_FOR),
            way_back=way_back(),
        )

    @pages.get("/payment-cancelled")
    async def cancelled() -> ResponseReturnValue:
        return await render_template("payment_cancelled.html", way_back=way_back())

    return pages


async def _purchase(reference: str) -> Purchase | None:
    return await purchases.find_by_ref(reference) if REFERENCE.fullmatch(reference) else None
