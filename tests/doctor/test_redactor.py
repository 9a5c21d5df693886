"""Secrets are shortened in whatever is printed."""

import pytest

from bot_platform.doctor.redactor import Redactor, shown
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
def test_no_secret_gets_through(word: str) -> None:
    said = Redactor(settings(**SECRETS)).over(f"cannot connect to x://{word}@host/{word}?{word}")
    assert word not in said
    assert said.startswith("cannot connect to x://")


def test_the_secret_made_from_the_token_is_one_too() -> None:
    made = settings()
    assert made.telegram_secret not in Redactor(made).over(f"secret_token {made.telegram_secret} is wrong")


def test_an_owner_knows_a_key_again() -> None:
    assert shown("sk_live_0123456789abcdefghijkl") == "sk_live_...ijkl"
    assert shown("sk_test_1") == "sk_t..."


def test_a_short_password_does_not_eat_other_words() -> None:
    curtain = Redactor(settings(database_url="postgres://bot:a@db.example.com/bot"))
    assert curtain.over("a database at db.example.com") == "a database at db.example.com"
