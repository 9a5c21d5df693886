"""Formats amounts in minor units; Stripe's minimum totals."""

from decimal import Decimal

ZERO_DECIMAL_CURRENCIES = frozenset(
    [
        "bif",
        "clp",
        "djf",
        "gnf",
        "jpy",
        "kmf",
        "krw",
        "mga",
        "pyg",
        "rwf",
        "vnd",
        "vuv",
        "xaf",
        "xof",
        "xpf",
    ]
)
THREE_DECIMAL_CURRENCIES = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])

# The minimum total of a checkout in minor units, for common currencies.
MAX_TOTAL, MAX_TOTALS = 99_999_999, {"idr": 999_999_999_999}
WHOLE_UNITS = frozenset(["isk", "ugx"])  # counted with two decimals, and charged without
MIN_TOTALS = {"usd": 50, "eur": 50, "gbp": 30, "chf": 50, "cad": 50, "aud": 50, "jpy": 50, "inr": 50}

_SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "inr": "₹", "krw": "₩"}


def decimals(currency: str) -> int:
    """Return the number of decimal places of a currency."""
    if currency in ZERO_DECIMAL_CURRENCIES:
        return 0
    return 3 if currency in THREE_DECIMAL_CURRENCIES else 2


def format_amount(amount: int, currency: str) -> str:
    """Return an amount in minor units as `$1,234.50`, `¥500` or `CZK 120.00`."""
    places = decimals(currency)
    number = f"{Decimal(amount).scaleb(-places):,.{places}f}"
    sign = _SYMBOLS.get(currency)
    return f"{sign}{number}" if sign else f"{currency.upper()} {number}"
