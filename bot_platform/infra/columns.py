"""Columns for texts that come from outside: none of them can be too long for its column."""

import hashlib
from typing import Any

from tortoise.fields import CharField, TextField
from tortoise.models import Model

from bot_platform.infra.redaction import redact
from bot_platform.infra.sql import json_safe

MAX_OUTSIDE_ID_CHARS = 255  # of an id that another system gives
MAX_KEY_CHARS = 100
MAX_ERROR_CHARS = 1000


class OutsideId(CharField[Any]):
    """An id as another system gave it; what reads it refuses a longer one (`is_outside_id`)."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_OUTSIDE_ID_CHARS, **options)


class Key(CharField[str]):
    """A text by which a row is found again; one that does not fit is stored, and looked for, as its hash."""

    def __init__(self, max_length: int = MAX_KEY_CHARS, **options: Any) -> None:
        super().__init__(max_length=max_length, **options)

    def to_db_value(self, value: Any, instance: type[Model] | Model) -> Any:
        """Shorten a key, in a row as in a filter."""
        return super().to_db_value(value and short_key(str(value), self.max_length), instance)


class Words(CharField[str]):
    """A text for people or for the log; the end of one that is too long is left out."""

    def to_db_value(self, value: Any, instance: type[Model] | Model) -> Any:
        """Cut a text."""
        return super().to_db_value(value and json_safe(str(value))[: self.max_length], instance)


class ErrorText(TextField):
    """Why something failed, in the words of another program: stored without secrets, and not without end."""

    def to_db_value(self, value: Any, instance: type[Model] | Model) -> Any:
        """Take the secrets out, and then cut: a secret that was cut would not be recognised."""
        return super().to_db_value(value and json_safe(redact(str(value)))[:MAX_ERROR_CHARS], instance)


def short_key(key: str, most: int = MAX_KEY_CHARS) -> str:
    """Return a key that fits into a column of `most` characters: the key itself, or else its hash."""
    if len(key) <= most and json_safe(key) == key:
        return key
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()
