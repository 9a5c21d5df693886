"""Every secret of the settings is known before anything can fail with it."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from bot_platform.config.secret_files import SECRETS as FROM_FILES
from bot_platform.config.secret_values import secrets_of
from bot_platform.config.settings import Settings, SettingsError, load
from bot_platform.doctor.masking import masked
from bot_platform.infra import redaction
from tests.doctor.makers import TOKEN, settings

SECRETS = {
    "telegram_webhook_secret": "telegram-secret-word",
    "stripe_secret_key": "sk_live_0123456789abcdefghijkl",
    "stripe_webhook_secret": "whsec_first0123456789,whsec_second0123456789",
    "operator_token": "operator-token-word",
    "ai_api_key": "sk-proj-0123456789abcdefghijkl",
    "database_url": "postgres://bot:data%40base-word@db.example.com/bot",
    "proxy_url": "http://user:proxy-word@proxy.example.com:3128",
    "stripe_api_base": "https://user:stripe-word@stripe.example.com",
    "telegram_api_base": "https://user:telegram-word@telegram.example.com",
    "ai_base_url": "https://a-token-alone@ai.example.com/v1",
    "webapp_url": "https://user:webapp-word@bot.example.com",
}
WORDS = [
    TOKEN,
    TOKEN.partition(":")[2],
    TOKEN.replace(":", "%3A"),
    "telegram-secret-word",
    "sk_live_0123456789abcdefghijkl",
    "0123456789abcdefghijkl",
    "whsec_first0123456789",
    "whsec_second0123456789",
    "operator-token-word",
    "sk-proj-0123456789abcdefghijkl",
    "data%40base-word",
    "data@base-word",
    "proxy-word",
    "dXNlcjpwcm94eS13b3Jk",  # user:proxy-word, as a proxy is sent it
    "stripe-word",
    "telegram-word",
    "a-token-alone",
    "webapp-word",
]


@pytest.mark.parametrize("word", WORDS)
def test_every_secret_is_known_once_the_settings_are_made(word: str) -> None:
    settings(**SECRETS)
    said = redaction.redact(f"cannot connect to x://{word}@host/{word}?{word}")
    assert word not in said
    assert said.startswith("cannot connect to x://")


def test_every_setting_that_is_a_secret_is_listed() -> None:
    made = settings(**SECRETS)
    listed = {name.lower() for name, _ in secrets_of(made)}
    secret = {name for name in type(made).model_fields if isinstance(getattr(made, name), SecretStr)}
    assert secret | FROM_FILES <= listed
    assert listed == {"telegram_bot_token", *SECRETS}


def test_the_webhook_secret_derived_from_the_token_is_known_too() -> None:
    derived = settings().telegram_secret
    assert derived not in redaction.redact(f"secret_token {derived} is wrong")


def test_a_password_of_one_letter_masks_no_other_words() -> None:
    settings(database_url="postgres://bot:a@db.example.com/bot")
    assert redaction.redact("a database at db.example.com") == "a database at db.example.com"


@pytest.mark.parametrize("url", ["postgres://b:p@ss/w#rd!@h/n", "postgres://b:p%40ss%2fw%23rd!@h/n"])
def test_a_password_in_any_spelling_is_known_in_both(url: str) -> None:
    settings(database_url=url)
    for written in ("p@ss/w#rd!", "p%40ss%2Fw%23rd%21", url):
        assert "ss" not in redaction.redact(written).partition("h/n")[0].replace("postgres", "")


def test_the_settings_show_none_of_their_secrets() -> None:
    shown = f"{settings(**SECRETS)!r} {settings(**SECRETS)}"
    assert [word for word in WORDS if word in shown] == []


def test_a_masked_key_is_still_recognised_by_its_owner() -> None:
    assert masked("sk_live_0123456789abcdefghijkl") == "sk_live_...ijkl"
    assert masked("sk_test_1") == "sk_t..."


def test_a_secret_of_a_file_is_known_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key"
    file.write_text("sk-from-a-file-0123\n")
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "MOCK_STRIPE_PAYMENTS": "true",
        "AI_API_KEY_FILE": str(file),
        "DATABASE_URL": "sqlite://bot.db",
    }.items():
        monkeypatch.setenv(name, value)
    load(Settings)
    assert redaction.redact("key sk-from-a-file-0123") == "key [AI_API_KEY]"


@pytest.mark.parametrize("name", sorted(FROM_FILES))
def test_a_secret_in_the_place_of_its_file_is_not_printed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(f"{name.upper()}_FILE", "the-secret-itself")
    with pytest.raises(SettingsError) as refused:
        load(Settings)
    assert "the-secret-itself" not in str(refused.value)
    assert f"{name.upper()}_FILE: cannot be read (No such file or directory)" in str(refused.value)
