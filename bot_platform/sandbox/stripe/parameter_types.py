"""Parameter types: each parses text into a value, or refuses it with Stripe's error."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot_platform.sandbox.stripe.errors import (
    ApiError,
    missing_parameter,
    unknown_parameters,
    unsupported,
)

MAX_METADATA_KEYS = 50
MAX_METADATA_KEY_CHARS = 40
MAX_METADATA_VALUE_CHARS = 500


class ParameterType(Protocol):
    """Parses one parameter."""

    def read(self, value: Any, name: str) -> Any:
        """Return the parsed value; `name` is its name in errors. Raises ApiError."""


@dataclass(frozen=True)
class String:
    """A non-empty string, optionally one of `choices`."""

    choices: tuple[str, ...] = ()
    max_chars: int = 5000

    def read(self, value: Any, name: str) -> str:
        """Return the string."""
        if not isinstance(value, str):
            raise ApiError(f"Invalid string: {value}", param=name)
        if not value:
            raise ApiError(
                f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a "
                f"parameter; however '{name}' cannot be unset.",
                code="parameter_invalid_empty",
                param=name,
            )
        if self.choices and value not in self.choices:
            raise ApiError(f"Invalid {name}: must be one of {', '.join(self.choices)}", param=name)
        if len(value) > self.max_chars:
            raise ApiError(f"Invalid string: must be at most {self.max_chars} characters", param=name)
        return value


@dataclass(frozen=True)
class Url:
    """An absolute http or https URL."""

    def read(self, value: Any, name: str) -> str:
        """Return the URL unchanged."""
        text = String().read(value, name)
        if not re.match(r"https?://[^/\s]+", text):
            raise ApiError("Not a valid URL", code="url_invalid", param=name)
        return text


@dataclass(frozen=True)
class Integer:
    """An integer within bounds."""

    minimum: int = 0
    maximum: int = 99_999_999_999

    def read(self, value: Any, name: str) -> int:
        """Return the integer."""
        if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,18}", value):
            raise ApiError(f"Invalid integer: {value}", code="parameter_invalid_integer", param=name)
        if int(value) < self.minimum == 1:
            raise ApiError("Invalid positive integer", code="parameter_invalid_integer", param=name)
        if not self.minimum <= int(value) <= self.maximum:
            raise ApiError(
                f"Invalid integer: {name} must be from {self.minimum} to {self.maximum}",
                code="parameter_invalid_integer",
                param=name,
            )
        return int(value)


@dataclass(frozen=True)
class Boolean:
    """True or false."""

    def read(self, value: Any, name: str) -> bool:
        """Return the boolean. Stripe's clients send it in lower case."""
        if value not in {"true", "false"}:
            raise ApiError(f"Invalid boolean: {value}", param=name)
        return bool(value == "true")


@dataclass(frozen=True)
class Array:
    """A list with items of one type."""

    item_type: ParameterType
    max_items: int = 100

    def read(self, value: Any, name: str) -> list[Any]:
        """Return the items in the order of their positions."""
        if not isinstance(value, dict) or not all(key.isdecimal() for key in value):
            raise ApiError("Invalid array", param=name)
        if len(value) > self.max_items:
            raise ApiError(f"Array {name} exceeded maximum {self.max_items} allowed elements.", param=name)
        return [self.item_type.read(value[key], f"{name}[{key}]") for key in sorted(value, key=int)]


@dataclass(frozen=True)
class Hash:
    """Named parameters. Unknown names and missing required names are refused."""

    fields: Mapping[str, ParameterType]
    required: tuple[str, ...] = ()

    def read(self, value: Any, name: str = "") -> dict[str, Any]:
        """Return the given parameters, each parsed by its type."""
        if not isinstance(value, dict):
            raise ApiError("Invalid object", param=name)
        full = {key: f"{name}[{key}]" if name else key for key in (*value, *self.required)}
        if unknown := [full[key] for key in value if key not in self.fields]:
            raise unknown_parameters(unknown)
        for key in self.required:
            if key not in value:
                raise missing_parameter(full[key])
        return {key: self.fields[key].read(inner, full[key]) for key, inner in value.items()}

    def extended(self, **fields: ParameterType) -> "Hash":
        """Return a copy with more fields."""
        return Hash({**self.fields, **fields}, self.required)


@dataclass(frozen=True)
class Map:
    """Values of one type under names that the client chooses, such as currencies."""

    value_type: ParameterType

    def read(self, value: Any, name: str) -> dict[str, Any]:
        """Return the values by their names."""
        if not isinstance(value, dict):
            raise ApiError("Invalid object", param=name)
        return {key: self.value_type.read(inner, f"{name}[{key}]") for key, inner in value.items()}


@dataclass(frozen=True)
class Metadata:
    """Up to 50 keys of 40 characters with values of 500; `changes` is True for an update of metadata."""

    changes: bool = False

    def read(self, value: Any, name: str) -> dict[str, str] | None:
        """Return the pairs. An empty value unsets its key: only an update keeps such a pair.

        An update that unsets everything at once returns None.
        """
        if value == "":
            return None if self.changes else {}
        if not isinstance(value, dict):
            raise ApiError("Invalid object", param=name)
        if len(value) > MAX_METADATA_KEYS:
            raise ApiError(f"Metadata can have up to {MAX_METADATA_KEYS} keys.", param=name)
        for key, inner in value.items():
            self._check(key, inner, f"{name}[{key}]")
        return {key: inner for key, inner in value.items() if inner or self.changes}

    def _check(self, key: str, value: Any, name: str) -> None:
        if not isinstance(value, str):
            raise ApiError("Metadata values must be strings, but you passed in a hash.", param=name)
        if len(key) > MAX_METADATA_KEY_CHARS:
            raise ApiError(
                f"Metadata keys can have up to {MAX_METADATA_KEY_CHARS} characters, but you passed in a key "
                f"that is {len(key)} characters. Invalid key: {key}",
                param=name,
            )
        if len(value) > MAX_METADATA_VALUE_CHARS:
            raise ApiError(
                f"Metadata values can have up to {MAX_METADATA_VALUE_CHARS} characters, but you passed in a "
                f"value that is {len(value)} characters. Invalid value: {value}",
                param=name,
            )


def changed_metadata(before: dict[str, str], changes: dict[str, str] | None) -> dict[str, str]:
    """Apply changes, as parsed by `Metadata(changes=True)`, and return the new metadata."""
    return {} if changes is None else {key: value for key, value in (before | changes).items() if value}


@dataclass(frozen=True)
class Ignored:
    """A parameter of Stripe that has no effect here."""

    def read(self, value: Any, name: str) -> Any:  # noqa: ARG002 - the protocol has the argument
        """Return the value unchanged."""
        return value


@dataclass(frozen=True)
class Unsupported:
    """A parameter whose effect this fake lacks. Accepting it silently would make a test wrong."""

    def read(self, value: Any, name: str) -> Any:  # noqa: ARG002 - the protocol has the argument
        """Raise ApiError, always."""
        raise unsupported(name)


@dataclass(frozen=True)
class TimeRange:
    """A time in Unix seconds, or a range of times by gt, gte, lt and lte."""

    _bounds: Hash = field(default=Hash({bound: Integer() for bound in ("gt", "gte", "lt", "lte")}))

    def read(self, value: Any, name: str) -> dict[str, int]:
        """Return the range as bounds; a single time becomes gte and lte."""
        if isinstance(value, dict):
            return self._bounds.read(value, name)
        created = Integer().read(value, name)
        return {"gte": created, "lte": created}
