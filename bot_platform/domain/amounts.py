"""The one place that writes credits and money for people."""

from decimal import Decimal

from babel.numbers import format_currency, get_currency_precision, list_currencies

HUNDREDTHS = 100


def credits_text(hundredths: int) -> str:
    """Write credits with two decimals and no thousands separator: 9890 -> `98.90`, a debt with `-`."""
    sign = "-" if hundredths < 0 else ""
    whole, rest = divmod(abs(hundredths), HUNDREDTHS)
    return f"{sign}{whole}.{rest:02d}"


def money_text(minor: int, currency: str, language: str = "en") -> str:
    """Write an amount of minor units with its currency: 500 usd -> `$5.00`, 500 jpy -> `¥500`."""
    code = currency.upper()
    value = Decimal(minor).scaleb(-get_currency_precision(code))
    return format_currency(value, code, locale=language.replace("-", "_"))


def known_currency(currency: str) -> bool:
    """Whether this is a lower-case currency code of ISO 4217."""
    return currency == currency.lower() and currency.upper() in list_currencies()
