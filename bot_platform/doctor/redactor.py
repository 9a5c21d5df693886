"""Removes the secrets of the settings from texts that are printed."""

from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from bot_platform.config.settings import Settings
from bot_platform.infra import postgres_url

MIN_SECRET_CHARS = 6  # a shorter password may be part of ordinary words
FIRST_CHARS, LAST_CHARS = 8, 4  # what `masked` leaves of a key, so that its owner recognises it


def masked(secret: str) -> str:
    """Shorten a key so that its owner still recognises it: `sk_test_...cdef`."""
    last = secret[-LAST_CHARS:] if len(secret) >= 3 * FIRST_CHARS else ""
    return f"{secret[: min(FIRST_CHARS, len(secret) // 2)]}...{last}"


class Redactor:
    """Knows every secret of the settings, and masks them in a text."""

    def __init__(self, settings: Settings) -> None:
        self._secrets = sorted(set(_secrets(settings)), key=len, reverse=True)

    def redact(self, text: str) -> str:
        """Return the text with every secret masked, whatever program it came from."""
        for secret in self._secrets:
            text = text.replace(secret, masked(secret))
        return text


def _secrets(settings: Settings) -> Iterator[str]:
    fields = (
        settings.telegram_bot_token,
        settings.telegram_webhook_secret,
        settings.stripe_secret_key,
        *settings.stripe_webhook_secret,
        settings.operator_token,
        settings.ai_api_key,
    )
    addresses = (
        settings.database_url,
        settings.proxy_url or "",
        settings.webapp_url,
        settings.stripe_api_base,
        settings.telegram_api_base,
        settings.ai_base_url or "",
    )
    passwords = [*map(_password, addresses)]
    if not settings.database_url.startswith("sqlite://"):
        passwords.append(postgres_url.parse(settings.database_url).password or "")
    token = settings.telegram_bot_token.get_secret_value()
    secrets = [field.get_secret_value() for field in fields if field]
    secrets += [*passwords, *map(unquote, passwords), settings.telegram_secret, token.partition(":")[2]]
    yield from (secret for secret in secrets if len(secret) >= MIN_SECRET_CHARS)


def _password(address: str) -> str:
    try:
        return urlsplit(address).password or ""
    except ValueError:  # a password that is not encoded; `parse` reads it
        return ""
