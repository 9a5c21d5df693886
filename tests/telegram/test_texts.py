"""Texts: the promised words, languages, and formats."""

import re
from pathlib import Path
from typing import Any

import pytest

from bot_platform.telegram.texts import Texts

CONTRACT: list[tuple[str, dict[str, Any], str]] = [
    ("no-account", {}, "Could not find your account. Please /start first."),
    ("mock-success", {"balance": 10_000}, "Success! Your MOCK purchase was processed. New balance: 100.00"),
    ("mock-failed", {}, "An error occurred during the mock purchase."),
    ("checkout-link", {"url": "https://x"}, "Please complete your purchase using the link below:"),
    ("pay-button", {}, "➡️ Proceed to Payment"),
    ("no-payment-link", {}, "Sorry, we could not create a payment link at this time."),
    ("server-error", {}, "A server error occurred. Please try again later."),
    (
        "payment-received",
        {"credits": 50_000, "balance": 60_000},
        "Payment received: 500.00 credits added. Balance: 600.00 credits.",
    ),
    ("balance", {"balance": 9890}, "Balance: 98.90 credits"),
    ("balance", {"balance": -150}, "Balance: -1.50 credits"),
    ("balance", {"balance": 123_456_789}, "Balance: 1234567.89 credits"),
    ("balance-held", {"held": 110}, "Held: 1.10 credits"),
]


@pytest.fixture(scope="module")
def texts() -> Texts:
    """Read the texts of the bot."""
    return Texts()


@pytest.mark.parametrize(("name", "values", "written"), CONTRACT)
def test_a_text_of_the_contract_stands_as_it_is(
    texts: Texts, name: str, values: dict[str, Any], written: str
) -> None:
    assert texts.say(name, **values) == written


@pytest.mark.parametrize("language", ["", "xx", "en-GB", "EN", "de", "zh-hans", "\0", "../en", "e" * 500])
def test_a_language_without_texts_gets_english(texts: Texts, language: str) -> None:
    assert texts.say("server-error", language) == "A server error occurred. Please try again later."


def test_a_package_button_names_credits_and_price(texts: Texts) -> None:
    label = texts.say("package-button", credits=10_000, amount=500, currency="usd")
    assert re.fullmatch(r"100(\.00)? credits · \$5\.00", label)


def test_a_movement_of_credit_is_one_line_with_its_sign(texts: Texts) -> None:
    line = texts.say("history-line", amount=10_000, kind="purchase", at=0, after=10_000)
    assert line == "+100.00 bought · 1 Jan 1970, 00:00 UTC · balance 100.00"
    line = texts.say("history-line", amount=-5, kind="something new", at=1_700_000_000, after=-5)
    assert line == "-0.05 something new · 14 Nov 2023, 22:13 UTC · balance -0.05"


def test_a_value_is_never_read_as_a_text(texts: Texts) -> None:
    assert "{ $after }" in texts.say("history-line", amount=1, kind="{ $after }", at=0, after=0)


def test_an_unknown_text_and_a_missing_value_are_mistakes(texts: Texts) -> None:
    with pytest.raises(LookupError):
        texts.say("no-such-text")
    with pytest.raises(KeyError, match="balance"):
        texts.say("balance")


def test_another_language_is_one_file_and_what_it_lacks_is_english(tmp_path: Path) -> None:
    (tmp_path / "en.ftl").write_text("hello = Hello\nprice = { MONEY($minor, $currency) }\nonly = English\n")
    (tmp_path / "de.ftl").write_text("hello = Hallo\nprice = { MONEY($minor, $currency) }\n")
    (tmp_path / "pt-BR.ftl").write_text("hello = Olá\n")
    texts = Texts(tmp_path)
    assert texts.languages == ("de", "en", "pt-BR")
    assert [texts.say("hello", language) for language in ("de", "de-AT", "pt-BR", "fr")] == [
        "Hallo",
        "Hallo",
        "Olá",
        "Hello",
    ]
    assert texts.say("price", "de", minor=500, currency="eur") == "5,00\xa0€"
    assert texts.say("only", "de") == "English"
