"""The line items of a checkout and their total."""

from dataclasses import dataclass

from bot_platform.sandbox.stripe import catalog, localized_prices, money, object_ids
from bot_platform.sandbox.stripe.account import Account, Origin
from bot_platform.sandbox.stripe.errors import ApiError, missing_parameter
from bot_platform.sandbox.stripe.state import Row


@dataclass(frozen=True)
class Bill:
    """All line items of one checkout; `total` is in minor units."""

    lines: list[Row]
    currency: str
    total: int


def bill(account: Account, items: list[Row], origin: Origin, currency: str | None = None) -> Bill:
    """Price the items of `line_items`, in this currency if one is given.

    As at Stripe, an inline price becomes a price object.
    """
    if not items:
        raise missing_parameter("line_items")
    for n, item in enumerate(items):
        _check_item(account, item, f"line_items[{n}]")
    _check_currencies(account, items)
    lines = [_line(account, item, f"line_items[{n}]", origin, currency) for n, item in enumerate(items)]
    return Bill(lines, lines[0]["currency"], sum(line["amount_total"] for line in lines))


def _check_item(account: Account, item: Row, param: str) -> None:
    if ("price" in item) == ("price_data" in item):
        raise ApiError(f"You must specify either `price` or `price_data` for {param}.", param=param)
    if "quantity" not in item:
        raise missing_parameter(f"{param}[quantity]")
    if "price" not in item:
        return
    if not account.find("prices", item["price"], f"{param}[price]", status=400)["active"]:
        raise ApiError(
            "The price specified is inactive. This field only accepts active prices.", param=f"{param}[price]"
        )


def _check_currencies(account: Account, items: list[Row]) -> None:
    # Before an inline price is created, so that a refused checkout leaves nothing behind.
    currencies = {
        account.state["prices"][item["price"]]["currency"]
        if "price" in item
        else item["price_data"]["currency"].lower()
        for item in items
    }
    if len(currencies) > 1:
        raise ApiError("All prices on a Checkout Session must share one currency.", param="line_items")


def check_total(total: int, currency: str) -> None:
    """Refuse a total below Stripe's minimum. A total of zero is allowed."""
    _check_last_digits(total, currency)
    if total > money.MAX_TOTALS.get(currency, money.MAX_TOTAL):
        raise ApiError(
            "The Checkout Session's total amount is larger than the maximum.", code="amount_too_large"
        )
    minimum = money.MIN_TOTALS.get(currency, 0)
    if 0 < total < minimum:
        raise ApiError(
            f"The Checkout Session's total amount must be at least {money.format_amount(minimum, currency)}.",
            code="amount_too_small",
        )


def _check_last_digits(total: int, currency: str) -> None:
    if currency in money.WHOLE_UNITS and total % 100:
        raise ApiError(
            f"Invalid amount. Currency {currency.upper()} has become effectively zero-decimal and charged"
            " amounts must be evenly divisible by 100."
        )
    if currency in money.THREE_DECIMAL_CURRENCIES and total % 10:
        raise ApiError(f"Invalid amount: the last digit must be 0 in {currency.upper()}.")


def _line(account: Account, item: Row, param: str, origin: Origin, currency: str | None) -> Row:
    if "price" in item:
        price = account.state["prices"][item["price"]]
    else:
        # At Stripe inline prices are inactive too.
        price = catalog.add_price(
            account, item["price_data"], origin, param_prefix=f"{param}[price_data]", active=False
        )
    unit_amount, currency = localized_prices.unit_amount(price, currency, "currency")
    amount = unit_amount * item["quantity"]
    return {
        "id": object_ids.new("li"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": currency,
        "description": account.state["products"][price["product"]]["name"],
        "metadata": item.get("metadata", {}),
        "price": dict(price),
        "quantity": item["quantity"],
    }
