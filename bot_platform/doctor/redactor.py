"""Keeps secrets out of what is printed, whoever's words they came in."""

from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from bot_platform.config.settings import Settings

SHORTEST = 6  # a shorter word is no secret, and may stand in any other
SHOWN, LAST = 8, 4  # characters of a key by which its owner knows it again


def shown(secret: str) -> str:
    """Name a key so that its owner knows which it is: `sk_test_...cdef`."""
    last = secret[-LAST:] if len(secret) >= 3 * SHOWN else ""
    return f"{secret[: min(SHOWN, len(secret) // 2)]}...{last}"


class Redactor:
    """What must not be seen."""

    def __init__(self, settings: Settings) -> None:
        self._secrets = sorted(set(_secrets(settings)), key=len, reverse=True)

    def over(self, text: str) -> str:
        """Give the text with every secret shortened."""
        for secret in self._secrets:
            text = text.replace(secret, shown(secret))
        return text


def _secrets(settings: Settings) -> Iterator[str]:
    kept = (
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
    passwords = [urlsplit(address).password or "" for address in addresses]
    token = settings.telegram_bot_token.get_secret_value()
    every = [secret.get_secret_value() for secret in kept if secret]
    every += [*passwords, *map(unquote, passwords), settings.telegram_secret, token.partition(":")[2]]
    yield from (secret for secret in every if len(secret) >= SHORTEST)
