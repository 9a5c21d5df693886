"""What is known against an amount before Stripe is asked to charge it."""

import pytest

from bot_platform.providers.stripe.charge_limits import doubt


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        (50, "usd"),
        (150_000_000, "idr"),
        (1, "vnd"),
        (5120, "kwd"),
        (500, "isk"),
        (50_000, "ugx"),
        (17_545, "huf"),
        (1045, "twd"),
        (50, "jpy"),
    ],
)
def test_nothing_is_known_against_these(amount: int, currency: str) -> None:
    assert doubt(amount, currency) == ""


@pytest.mark.parametrize(
    ("amount", "currency", "says"),
    [
        (5124, "kwd", "end in 0"),
        (1001, "bhd", "end in 0"),
        (550, "isk", "end in 00"),
        (380_050, "ugx", "end in 00"),
        (49, "usd", "no less than $0.50"),
        (29, "gbp", "no less than £0.30"),
        (49, "jpy", "no less than ¥50"),
        (17_400, "huf", "no less than HUF"),
    ],
)
def test_these_are_doubtful(amount: int, currency: str, says: str) -> None:
    assert says in doubt(amount, currency)
