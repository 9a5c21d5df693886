"""Takes the secrets of this process out of texts that leave it or are stored."""

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TextIO, cast
from urllib.parse import quote, quote_plus, unquote

MIN_SECRET_CHARS = 6  # a shorter password may be part of ordinary words
ESCAPE = re.compile(r"%[0-9A-F]{2}")


class Redactor:
    """Knows secrets by the names of their settings, and writes the name in place of the secret."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._forms: list[tuple[str, str]] = []  # each form of a secret with its name, the longest first

    def learn(self, secrets: Iterable[tuple[str, str]]) -> None:
        """Learn (name, secret) pairs; what is shorter than MIN_SECRET_CHARS is left out."""
        for name, secret in secrets:
            self._names |= {form: name for form in forms(secret) if len(form) >= MIN_SECRET_CHARS}
        self._forms = sorted(self._names.items(), key=lambda pair: len(pair[0]), reverse=True)

    def redact(self, text: str) -> str:
        """Return the text with `[NAME]` in place of every form of every known secret."""
        for form, name in self._forms:
            if form in text:
                text = text.replace(form, f"[{name}]")
        return text


def forms(secret: str) -> set[str]:
    """Return the ways in which programs write a secret.

    As it is, as part of an address, in JSON, in HTML, as Python shows a text, and in Base64.
    """
    addresses = {quote(secret), quote(secret, safe=""), quote_plus(secret), unquote(secret)}
    backslashes = secret.replace("\\", "\\\\")
    shown = {backslashes, backslashes.replace("'", "\\'"), repr(secret)[1:-1], ascii(secret)[1:-1]}
    encoded = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], html.escape(secret)}
    raw = secret.encode(errors="surrogateescape")
    binary = {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
    lower = {ESCAPE.sub(lambda found: found[0].lower(), address) for address in addresses}
    return {secret, *addresses, *lower, *shown, *encoded, *binary} if secret else set()


# As the log, one for the process: an error that nobody awaited is reported outside any context of ours.
_process = Redactor()


def learn(secrets: Iterable[tuple[str, str]]) -> None:
    """Let this process know more secrets, as (name, secret) pairs."""
    _process.learn(secrets)


def redact(text: str) -> str:
    """Return the text without the secrets of this process."""
    return _process.redact(text)


def redact_all(value: Any) -> Any:
    """Return a JSON value, each of whose texts is without the secrets of this process."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {name: redact_all(part) for name, part in value.items()}
    return [redact_all(part) for part in value] if isinstance(value, list | tuple) else value


class RedactedStream:
    """A text stream that writes no secret; all but `write` and `writelines` is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text without secrets; return its length as it was given."""
        self._stream.write(redact(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts, each as `write` does."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        """Return what the stream has."""
        return getattr(self._stream, name)

    def __iter__(self) -> Iterator[str]:
        """Read lines of the stream."""
        return iter(self._stream)


def redacted(stream: TextIO) -> TextIO:
    """Return a stream that writes to this one, without secrets."""
    return stream if isinstance(stream, RedactedStream) else cast("TextIO", RedactedStream(stream))
