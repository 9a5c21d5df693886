"""Credits and money as users read them."""

import pytest

from bot_platform.domain.amounts import credits_text, known_currency, money_text
from bot_platform.sandbox.stripe import money


@pytest.mark.parametrize(
    ("hundredths", "text"),
    [
        (0, "0.00"),
        (1, "0.01"),
        (99, "0.99"),
        (100, "1.00"),
        (9890, "98.90"),
        (60_000, "600.00"),
        (123_456_789, "1234567.89"),
        (-1, "-0.01"),
        (-100, "-1.00"),
        (-9890, "-98.90"),
        (2**63 - 1, "92233720368547758.07"),
        (-(2**63), "-92233720368547758.08"),
    ],
)
def test_credits_have_two_decimals_no_separator_and_a_minus_for_a_debt(hundredths: int, text: str) -> None:
    assert credits_text(hundredths) == text


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (500, "usd", "$5.00"),
        (2000, "usd", "$20.00"),
        (1, "usd", "$0.01"),
        (123_456, "eur", "€1,234.56"),
        (500, "jpy", "¥500"),
        (5000, "krw", "₩5,000"),
        (1500, "kwd", "KWD1.500"),
        # Unicode writes these without digits, yet Stripe takes their amounts in hundredths.
        (50_000, "rsd", "RSD500.00"),
        (50_050, "all", "ALL500.50"),
        (500, "isk", "ISK5.00"),
        (500, "ugx", "UGX5.00"),
        (500, "huf", "HUF5.00"),
    ],
)
def test_money_is_written_with_its_currency_and_the_digits_that_stripe_counts(
    minor: int, currency: str, text: str
) -> None:
    assert money_text(minor, currency) == text


def test_money_is_written_as_the_language_does() -> None:
    assert money_text(123_456, "eur", "de") == "1.234,56\xa0€"
    assert money_text(123_456, "eur", "de-AT") == "€\xa01.234,56"


@pytest.mark.parametrize(
    "currency", sorted((money.ZERO_DECIMAL_CURRENCIES | money.THREE_DECIMAL_CURRENCIES) - {"ugx"})
)
def test_the_bot_and_the_payment_page_name_the_same_price(currency: str) -> None:
    def digits(text: str) -> str:
        return "".join(char for char in text if char.isdigit() or char == ".")

    assert digits(money_text(12_345, currency)) == digits(
        money.format_amount(12_345, currency).replace(",", "")
    )


@pytest.mark.parametrize("currency", ["usd", "eur", "jpy", "bhd"])
def test_known_currencies_are_accepted(currency: str) -> None:
    assert known_currency(currency)


@pytest.mark.parametrize(
    "currency", ["USD", "uSd", "us", "", "zzz", "usd ", "u\u017fd", "\u0131dr", "xtr", "123"]
)
def test_a_currency_is_a_lower_case_code(currency: str) -> None:
    assert not known_currency(currency)
