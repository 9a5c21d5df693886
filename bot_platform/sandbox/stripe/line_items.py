"""The lines of a checkout: what each costs, and what they cost together."""

from dataclasses import dataclass

from bot_platform.sandbox.stripe import catalog, identifiers, money
from bot_platform.sandbox.stripe.account import Account, Origin
from bot_platform.sandbox.stripe.errors import ApiError, missing_parameter
from bot_platform.sandbox.stripe.state import Row


@dataclass(frozen=True)
class Bill:
    """All lines of one checkout with their sum in minor units."""

    lines: list[Row]
    currency: str
    total: int


def bill(account: Account, items: list[Row], origin: Origin) -> Bill:
    """Price the items of `line_items`; inline prices become prices of their own, as at Stripe."""
    if not items:
        raise missing_parameter("line_items")
    for n, item in enumerate(items):
        _check(account, item, f"line_items[{n}]")
    _check_currencies(account, items)
    lines = [_line(account, item, f"line_items[{n}]", origin) for n, item in enumerate(items)]
    return Bill(lines, lines[0]["currency"], sum(line["amount_total"] for line in lines))


def _check(account: Account, item: Row, where: str) -> None:
    if ("price" in item) == ("price_data" in item):
        raise ApiError(f"You must specify either `price` or `price_data` for {where}.", param=where)
    if "quantity" not in item:
        raise missing_parameter(f"{where}[quantity]")
    if "price" not in item:
        return
    if not account.find("prices", item["price"], f"{where}[price]", status=400)["active"]:
        raise ApiError(
            "The price specified is inactive. This field only accepts active prices.", param=f"{where}[price]"
        )


def _check_currencies(account: Account, items: list[Row]) -> None:
    # Checked before any inline price is made, so that a refused checkout leaves nothing behind.
    given = {
        account.state["prices"][item["price"]]["currency"]
        if "price" in item
        else item["price_data"]["currency"].lower()
        for item in items
    }
    if len(given) > 1:
        raise ApiError("All prices on a Checkout Session must share one currency.", param="line_items")


def check_total(total: int, currency: str) -> None:
    """Refuse what is more than nothing and less than Stripe charges."""
    least = money.LEAST_TOTAL.get(currency, 0)
    if 0 < total < least:
        raise ApiError(
            f"The Checkout Session's total amount must be at least {money.written(least, currency)}.",
            code="amount_too_small",
        )


def _line(account: Account, item: Row, where: str, origin: Origin) -> Row:
    if "price" in item:
        price = account.state["prices"][item["price"]]
    else:
        # Stripe keeps inline prices out of the catalogue by making them inactive.
        price = catalog.add_price(
            account, item["price_data"], origin, where=f"{where}[price_data]", active=False
        )
    amount = price["unit_amount"] * item["quantity"]
    return {
        "id": identifiers.new("li"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": account.state["products"][price["product"]]["name"],
        "metadata": item.get("metadata", {}),
        "price": dict(price),
        "quantity": item["quantity"],
    }
