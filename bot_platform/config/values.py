"""The types of the settings' values, each with an error text that says how to write it."""

import re
from decimal import Decimal
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from bot_platform.domain.amounts import HUNDREDTHS
from bot_platform.infra import postgres_url

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104 -- recognised, not bound
BLANKS = " \t\r\n\v\f\u00a0\u200b\u2060\ufeff"  # also the invisible ones of web pages and editors
QUOTES = frozenset({('"', '"'), ("'", "'"), ("`", "`"), ("\u201c", "\u201d"), ("\u2018", "\u2019")})
TELEGRAM_PORTS = frozenset({None, 443, 80, 88, 8443})  # to which Telegram delivers updates

# The example that the error message of each setting ends with.
EXAMPLES = {
    "TELEGRAM_BOT_TOKEN": "123456789:AAExampleExampleExampleExample",
    "TELEGRAM_API_BASE": "https://api.telegram.org",
    "TELEGRAM_MODE": "polling",
    "TELEGRAM_WEBHOOK_SECRET": "a-long-random-word",
    "MOCK_STRIPE_PAYMENTS": "true",
    "STRIPE_SECRET_KEY": "sk_test_...",
    "STRIPE_WEBHOOK_SECRET": "whsec_...",
    "STRIPE_PUBLISHABLE_KEY": "pk_test_...",
    "STRIPE_API_BASE": "https://api.stripe.com",
    "WEBAPP_URL": "https://bot.example.com",
    "HOST": "127.0.0.1",
    "PORT": "8000",
    "DATABASE_URL": "sqlite://data/bot.db",
    "PACKAGES_FILE": "packages.toml",
    "RECONCILE_EVERY": "300",
    "WELCOME_CREDITS": "5.00",
    "ADMIN_TELEGRAM_IDS": "123456789,987654321",
    "OPERATOR_TOKEN": "a-long-random-word",
    "AI_BASE_URL": "https://api.openai.com/v1",
    "AI_API_KEY": "sk-...",
    "AI_MODEL": "the-name-of-a-model",
    "AI_TIMEOUT": "60",
    "AI_CREDITS_PER_1K_INPUT": "0.10",
    "AI_CREDITS_PER_1K_OUTPUT": "0.40",
    "JOBS_PER_USER": "2",
    "JOBS_AT_ONCE": "8",
    "KEEP_TEXTS_DAYS": "30",
    "LOW_BALANCE": "1.00",
    "PROXY_URL": "http://proxy.example.com:3128",
    "LOG_LEVEL": "INFO",
    "LOG_FORMAT": "console",
}


def matching(pattern: str, meaning: str) -> AfterValidator:
    """Check that the whole text matches the pattern; `meaning` is the error text."""

    def check(value: SecretStr | str | None) -> SecretStr | str | None:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if text is not None and not re.fullmatch(pattern, text):
            raise ValueError(meaning)
        return value

    return AfterValidator(check)


def url(*schemes: str, needs_port: bool = False) -> AfterValidator:
    """Check for a URL to which a path can be appended; removes trailing slashes."""
    shape = f"must be an address that begins with {' or '.join(f'{s}://' for s in schemes)}"

    def check(value: str | None) -> str | None:
        if value is None:
            return None
        parts = _parse(value)
        if parts is None or parts.scheme not in schemes or not parts.hostname:
            raise ValueError(shape)
        if re.search(r"[?#\s]", value):
            raise ValueError('must be an address without "?", "#" and spaces')
        if needs_port and parts.port is None:
            raise ValueError("must name its port")
        return value.rstrip("/")

    return AfterValidator(check)


def _parse(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:  # a port that is not a number, brackets that do not close
        return None
    return None if port == 0 else parts


def is_local(host: str | None) -> bool:
    """Whether a host name always means the local machine, so that other machines cannot reach it."""
    return host in LOCAL_HOSTS or str(host).startswith("127.") or str(host).endswith(".localhost")


def reachable_by_telegram(address: object, *, any_port: bool) -> bool:
    """Whether Telegram delivers updates to this URL; only a Bot API server of your own takes any port."""
    parts = _parse(str(address))
    return (
        parts is not None
        and parts.scheme == "https"
        and parts.hostname not in LOCAL_HOSTS
        and (any_port or parts.port in TELEGRAM_PORTS)
    )


def _database(value: str) -> str:
    scheme, _, rest = value.partition("://")
    if scheme == "sqlite":
        usable = bool(rest) and not rest.startswith((":memory:", "?")) and not rest.endswith("/")
        if not usable:
            raise ValueError(postgres_url.SHAPE)
        return value
    postgres_url.parse(value).credentials()  # also reads the files that it names
    return value


def _host(value: str) -> str:
    label = r"[A-Za-z0-9_-]{1,63}"
    if not re.fullmatch(rf"{label}(\.{label})*|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*", value):
        raise ValueError("must be an IP address or a host name of this machine")
    return value


def stripped(value: object) -> object:
    """Remove what comes with copying from around a text: blanks, and a pair of quotation marks.

    Other values stay as they are.
    """
    if not isinstance(value, str):
        return value
    text = value.strip(BLANKS)
    if len(text) > 1 and (text[0], text[-1]) in QUOTES:
        return text[1:-1].strip(BLANKS)
    return text


def _split(value: object) -> object:
    """Split `a, b` at its commas, without empty parts."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _not_empty(value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    if not value:
        raise ValueError("is empty")
    return value


def _hundredths(value: object) -> object:
    """Turn `5` or `5.00` credits into 500 hundredths."""
    text = str(value)
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,2})?", text):
        raise ValueError("must be a number of credits with at most two decimals")
    return int(Decimal(text) * HUNDREDTHS)


Secret = Annotated[SecretStr, matching(r"(?s).+", "is empty")]
Credits = Annotated[int, BeforeValidator(_hundredths)]
Host = Annotated[str, AfterValidator(_host)]
DatabaseUrl = Annotated[str, AfterValidator(_database)]
Ids = Annotated[tuple[int, ...], NoDecode, BeforeValidator(_split)]
WebhookSecrets = Annotated[
    tuple[Annotated[SecretStr, matching(r"whsec_\S+", 'must be "whsec_...", or several with commas')], ...],
    NoDecode,
    BeforeValidator(_split),
    AfterValidator(_not_empty),
]
