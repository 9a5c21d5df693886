"""Prices in the buyer's currency: what a payment page does unless its session pins the currency."""

from bot_platform.sandbox.stripe.account import Account
from bot_platform.sandbox.stripe.errors import ApiError
from bot_platform.sandbox.stripe.state import Row

_RATE = 2  # of every currency to every other, for Adaptive Pricing


def unit_amount(price: Row, currency: str | None, param: str) -> tuple[int, str]:
    """Return the amount and currency of a price in a session; raises ApiError if it lacks the currency."""
    if currency in {None, price["currency"]}:
        return int(price["unit_amount"]), str(price["currency"])
    options = price.get("currency_options", {})
    if currency not in options:
        raise ApiError(
            f"The price specified only supports `{price['currency']}`. This doesn't match the expected"
            f" currency: `{currency}`.",
            param=param,
        )
    return int(options[currency]["unit_amount"]), str(currency)


def localize(account: Account, session: Row) -> None:
    """Show a payment page to the buyer of `buyer_currency`, before the first attempt to pay."""
    buyer, bill = account.defaults.buyer_currency, account.state["line_items"][session["id"]]
    if not buyer or buyer == session["currency"] or session["payment_intent"] is not None:
        return
    prices = [line["price"] for line in bill["lines"]]
    if not bill["pinned"] and all(buyer in price.get("currency_options", {}) for price in prices):
        for line in bill["lines"]:
            amount = unit_amount(line["price"], buyer, "currency")[0] * line["quantity"]
            line |= {"amount_subtotal": amount, "amount_total": amount, "currency": buyer}
        total = sum(line["amount_total"] for line in bill["lines"])
        session |= {"currency": buyer, "amount_subtotal": total, "amount_total": total}
    elif session["adaptive_pricing"]["enabled"]:
        session["presentment_details"] = {
            "presentment_amount": session["amount_total"] * _RATE,
            "presentment_currency": buyer,
        }
    account.mark_changed(session)
