"""The one place that writes credits and money for users, and reads what they write."""

import re
from decimal import Decimal

from babel.numbers import format_currency, get_currency_precision, list_currencies

HUNDREDTHS = 100
CREDITS = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,2})?")
MONEY = re.compile(r"[0-9]{1,12}(\.[0-9]{1,3})?")
# The decimals of an amount in Stripe's minor units are two, except for these currencies. Unicode's tables
# differ: they have no decimals for RSD, ISK and UGX, which Stripe takes with two.
ZERO_DECIMAL_CURRENCIES = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}
)
THREE_DECIMAL_CURRENCIES = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


def credits_text(hundredths: int) -> str:
    """Write credits with two decimals and no thousands separator: 9890 -> `98.90`, a debt with `-`."""
    sign = "-" if hundredths < 0 else ""
    whole, rest = divmod(abs(hundredths), HUNDREDTHS)
    return f"{sign}{whole}.{rest:02d}"


def short_credits_text(hundredths: int) -> str:
    """Write credits, and leave out `.00`: 10000 -> `100`, 10050 -> `100.50`."""
    return credits_text(hundredths).removesuffix(".00")


def hundredths(text: str) -> int:
    """Read credits as users write them: `98.90` -> 9890, `-5` -> -500; raises ValueError."""
    if not CREDITS.fullmatch(text):
        raise ValueError("write credits with at most two decimals, such as 12.50 or -3")
    return int(Decimal(text).scaleb(2))


def minor_units(text: str, currency: str) -> int:
    """Read an amount of money as users write it: `2.50` of usd -> 250; raises ValueError."""
    digits = _digits(currency.upper())
    if not MONEY.fullmatch(text) or len(text.partition(".")[2]) > digits:
        raise ValueError(f"write an amount in {currency} with at most {digits} decimals")
    return int(Decimal(text).scaleb(digits))


def _digits(code: str) -> int:
    return 0 if code in ZERO_DECIMAL_CURRENCIES else 3 if code in THREE_DECIMAL_CURRENCIES else 2


def money_text(minor: int, currency: str, language: str = "en") -> str:
    """Write an amount of minor units with its currency: 500 usd -> `$5.00`, 500 jpy -> `¥500`."""
    code = currency.upper()
    digits = _digits(code)
    value = Decimal(minor).scaleb(-digits)
    # False takes the decimals of the locale's own pattern, which are two.
    usual = digits == get_currency_precision(code)
    return format_currency(value, code, locale=language.replace("-", "_"), currency_digits=usual)


def plain_money(minor: int, currency: str) -> str:
    """Write an amount of minor units as a plain number, for exports: 500 usd -> `5.00`."""
    return f"{Decimal(minor).scaleb(-_digits(currency.upper())):f}"


def known_currency(currency: str) -> bool:
    """Whether this is a lower-case currency code of ISO 4217."""
    return currency.isascii() and currency.islower() and currency.upper() in list_currencies()
