"""Lists the secrets in the values of settings, so that no text shows them."""

import base64
from collections.abc import Iterator
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from bot_platform.infra import postgres_url

MIN_PART_CHARS = 16  # of the part behind the last prefix of a key that counts as a secret of its own


def secrets_of(settings: BaseSettings) -> Iterator[tuple[str, str]]:
    """Yield (variable, secret) for each secret setting, and for what is secret in each address.

    Parts that are secret by themselves are listed too: of a bot's token what follows the colon, of a key
    what follows its prefix.
    """
    for field in type(settings).model_fields:
        value = getattr(settings, field)
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, SecretStr):
                found = _parts(one.get_secret_value())
            else:
                found = _of_address(one) if isinstance(one, str) and "://" in one else iter(())
            yield from ((field.upper(), secret) for secret in found if secret)


def _parts(secret: str) -> Iterator[str]:
    yield secret
    yield secret.partition(":")[2]
    last = secret.rpartition("_")[2]
    if len(last) >= MIN_PART_CHARS:
        yield last


def _of_address(address: str) -> Iterator[str]:
    """Yield the password of an address, as it is written and as it is meant; the name, if it stands alone."""
    rest = address.partition("://")[2]
    if address.startswith(tuple(f"{scheme}://" for scheme in postgres_url.SCHEMES)):
        yield postgres_url.parse(address).password or ""
    elif "@" in rest and (parts := _split(address)):
        name, password = unquote(parts.username or ""), unquote(parts.password or "")
        yield password or name
        yield base64.b64encode(f"{name}:{password}".encode()).decode()  # as a proxy is sent it
    if "@" in rest:
        yield rest.rpartition("@")[0].partition(":")[2]


def _split(address: str) -> SplitResult | None:
    try:
        return urlsplit(address)
    except ValueError:  # a password that is not encoded
        return None
