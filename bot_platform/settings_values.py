"""The kinds of values that settings have; each says what is wrong in words an operator can act on."""

import re
from decimal import Decimal
from typing import Annotated
from urllib.parse import SplitResult, parse_qs, urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from bot_platform.domain.amounts import HUNDREDTHS

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104 -- recognised, not bound
TELEGRAM_PORTS = frozenset({None, 443, 80, 88, 8443})  # where it delivers updates to
DATABASE_SHAPE = (
    "must be sqlite:// and a path, or postgres://user:password@host:5432/name"
    " with # ? / % in the password written as %23 %3F %2F %25"
)


def matching(pattern: str, meaning: str) -> AfterValidator:
    """Check that the whole text fits the pattern; `meaning` says what it must be."""

    def check(value: SecretStr | str | None) -> SecretStr | str | None:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if text is not None and not re.fullmatch(pattern, text):
            raise ValueError(meaning)
        return value

    return AfterValidator(check)


def url(*schemes: str, needs_port: bool = False) -> AfterValidator:
    """Check for an address to which a path can be added."""
    shape = f"must be an address that begins with {' or '.join(f'{s}://' for s in schemes)}"

    def check(value: str | None) -> str | None:
        if value is None:
            return None
        parts = _parts(value)
        if parts is None or parts.scheme not in schemes or not parts.hostname:
            raise ValueError(shape)
        if re.search(r"[?#\s]", value):
            raise ValueError('must be an address without "?", "#" and blanks')
        if needs_port and parts.port is None:
            raise ValueError("must name its port")
        return value.rstrip("/")

    return AfterValidator(check)


def _parts(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:  # a port that is no number, brackets that do not close
        return None
    return None if port == 0 else parts


def reached_by_telegram(address: object) -> bool:
    """Whether Telegram would deliver updates to this address."""
    parts = _parts(str(address))
    return (
        parts is not None
        and parts.scheme == "https"
        and parts.hostname not in LOCAL_HOSTS
        and parts.port in TELEGRAM_PORTS
    )


def _database(value: str) -> str:
    scheme, _, rest = value.partition("://")
    if scheme == "sqlite":
        usable = bool(rest) and not rest.startswith((":memory:", "?")) and not rest.endswith("/")
    else:
        parts = _parts(value)
        usable = (
            parts is not None
            and scheme in {"postgres", "postgresql"}
            and bool(parts.hostname or parse_qs(parts.query).get("host"))
            and bool(parts.path.strip("/"))
            and not parts.fragment
        )
    if not usable:
        raise ValueError(DATABASE_SHAPE)
    return value


def _host(value: str) -> str:
    label = r"[A-Za-z0-9_-]{1,63}"
    if not re.fullmatch(rf"{label}(\.{label})*|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*", value):
        raise ValueError("must be an address of this machine or its name")
    return value


def stripped(value: object) -> object:
    """Take away the blanks around a text."""
    return value.strip() if isinstance(value, str) else value


def _listed(value: object) -> object:
    """Split `a, b` at its commas; a blank part is nobody's."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _some(value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
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
Ids = Annotated[tuple[int, ...], NoDecode, BeforeValidator(_listed)]
WebhookSecrets = Annotated[
    tuple[Annotated[SecretStr, matching(r"whsec_\S+", 'must be "whsec_..." or several with commas')], ...],
    NoDecode,
    BeforeValidator(_listed),
    AfterValidator(_some),
]
