"""Secrets are masked in every text that is printed."""

import pytest

from bot_platform.doctor.redactor import Redactor, masked
from tests.doctor.makers import TOKEN, settings

SECRETS = {
    "telegram_webhook_secret": "telegram-secret-word",
    "stripe_secret_key": "sk_live_0123456789abcdefghijkl",
    "stripe_webhook_secret": "whsec_first0123456789,whsec_second0123456789",
    "operator_token": "operator-token-word",
    "ai_api_key": "sk-proj-0123456789abcdefghijkl",
    "database_url": "postgres://bot:data%40base-word@db.example.com/bot",
    "proxy_url": "http://user:proxy-word@proxy.example.com:3128",
}
WORDS = [
    TOKEN,
    TOKEN.partition(":")[2],
    "telegram-secret-word",
    "sk_live_0123456789abcdefghijkl",
    "whsec_first0123456789",
    "whsec_second0123456789",
    "operator-token-word",
    "sk-proj-0123456789abcdefghijkl",
    "data%40base-word",
    "data@base-word",
    "proxy-word",
]


@pytest.mark.parametrize("word", WORDS)
def test_every_secret_is_masked(word: str) -> None:
    text = Redactor(settings(**SECRETS)).redact(f"cannot connect to x://{word}@host/{word}?{word}")
    assert word not in text
    assert text.startswith("cannot connect to x://")


def test_the_webhook_secret_derived_from_the_token_is_masked_too() -> None:
    given = settings()
    assert given.telegram_secret not in Redactor(given).redact(
        f"secret_token {given.telegram_secret} is wrong"
    )


def test_a_masked_key_is_still_recognised_by_its_owner() -> None:
    assert masked("sk_live_0123456789abcdefghijkl") == "sk_live_...ijkl"
    assert masked("sk_test_1") == "sk_t..."


def test_a_password_of_one_letter_does_not_mask_other_words() -> None:
    redactor = Redactor(settings(database_url="postgres://bot:a@db.example.com/bot"))
    assert redactor.redact("a database at db.example.com") == "a database at db.example.com"
