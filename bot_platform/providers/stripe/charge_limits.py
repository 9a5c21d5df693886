"""Stripe's limits of one charge in each currency, in minor units (docs.stripe.com/currencies)."""

from bot_platform.domain.amounts import THREE_DECIMAL_CURRENCIES, money_text

# The smallest charge of an account that is paid out in this currency. For other accounts Stripe converts.
MINIMUM = {
    "usd": 50,
    "aed": 200,
    "aud": 50,
    "bgn": 100,
    "brl": 50,
    "cad": 50,
    "chf": 50,
    "czk": 1500,
    "dkk": 250,
    "eur": 50,
    "gbp": 30,
    "hkd": 400,
    "huf": 17500,
    "inr": 50,
    "jpy": 50,
    "mxn": 1000,
    "myr": 200,
    "nok": 300,
    "nzd": 50,
    "pln": 200,
    "ron": 200,
    "sek": 300,
    "sgd": 50,
    "thb": 1000,
}
# These have no decimals any more, but Stripe still counts them with two. Forints and Taiwan dollars are whole
# in payouts only: a charge may have decimals.
WHOLE_UNITS = frozenset({"isk", "ugx"})


def step(currency: str) -> int:
    """Return what every charge in this currency must be a multiple of."""
    if currency in WHOLE_UNITS:
        return 100
    return 10 if currency.upper() in THREE_DECIMAL_CURRENCIES else 1


def doubt(amount: int, currency: str) -> str:
    """Return why Stripe may refuse to charge this; empty when nothing is known against it."""
    if amount % step(currency):
        return f"Stripe takes only amounts that end in {str(step(currency))[1:]}"
    least = MINIMUM.get(currency, 0)
    if amount < least:
        return f"Stripe charges no less than {money_text(least, currency)}"
    return ""
