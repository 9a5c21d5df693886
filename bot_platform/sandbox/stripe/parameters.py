"""What an endpoint accepts: kinds that read text into values, or refuse it in Stripe's words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot_platform.sandbox.stripe.errors import (
    ApiError,
    missing_parameter,
    not_modelled,
    unknown_parameters,
)

METADATA_KEYS = 50
METADATA_KEY_LENGTH = 40
METADATA_VALUE_LENGTH = 500


class Kind(Protocol):
    """Reads one parameter."""

    def read(self, value: Any, name: str) -> Any:
        """Return the value in Python's types; `name` is what an error calls it. Raises ApiError."""


@dataclass(frozen=True)
class Text:
    """A string that is not empty, perhaps one of a few."""

    choices: tuple[str, ...] = ()
    longest: int = 5000

    def read(self, value: Any, name: str) -> str:
        """Return the string itself."""
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
        if len(value) > self.longest:
            raise ApiError(f"Invalid string: must be at most {self.longest} characters", param=name)
        return value


@dataclass(frozen=True)
class Url:
    """An absolute http or https address."""

    def read(self, value: Any, name: str) -> str:
        """Return the address as it came."""
        text = Text().read(value, name)
        if not re.match(r"https?://[^/\s]+", text):
            raise ApiError("Not a valid URL", code="url_invalid", param=name)
        return text


@dataclass(frozen=True)
class Whole:
    """An integer within bounds."""

    least: int = 0
    most: int = 99_999_999_999

    def read(self, value: Any, name: str) -> int:
        """Return the integer."""
        if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,18}", value):
            raise ApiError(f"Invalid integer: {value}", code="parameter_invalid_integer", param=name)
        if int(value) < self.least == 1:
            raise ApiError("Invalid positive integer", code="parameter_invalid_integer", param=name)
        if not self.least <= int(value) <= self.most:
            raise ApiError(
                f"Invalid integer: {name} must be from {self.least} to {self.most}",
                code="parameter_invalid_integer",
                param=name,
            )
        return int(value)


@dataclass(frozen=True)
class Flag:
    """True or false."""

    def read(self, value: Any, name: str) -> bool:
        """Return the boolean; Stripe's clients send it in lower case."""
        if value not in {"true", "false"}:
            raise ApiError(f"Invalid boolean: {value}", param=name)
        return bool(value == "true")


@dataclass(frozen=True)
class Many:
    """A list, its members of one kind."""

    of: Kind
    most: int = 100

    def read(self, value: Any, name: str) -> list[Any]:
        """Return the members in the order of their positions."""
        if not isinstance(value, dict) or not all(key.isdecimal() for key in value):
            raise ApiError("Invalid array", param=name)
        if len(value) > self.most:
            raise ApiError(f"Array {name} exceeded maximum {self.most} allowed elements.", param=name)
        return [self.of.read(value[key], f"{name}[{key}]") for key in sorted(value, key=int)]


@dataclass(frozen=True)
class Hash:
    """Named parameters: unknown names are refused, required ones must be there."""

    fields: Mapping[str, Kind]
    required: tuple[str, ...] = ()

    def read(self, value: Any, name: str = "") -> dict[str, Any]:
        """Return the parameters that were given, each read by its kind."""
        if not isinstance(value, dict):
            raise ApiError("Invalid object", param=name)
        full = {key: f"{name}[{key}]" if name else key for key in (*value, *self.required)}
        if strangers := [full[key] for key in value if key not in self.fields]:
            raise unknown_parameters(strangers)
        for key in self.required:
            if key not in value:
                raise missing_parameter(full[key])
        return {key: self.fields[key].read(inner, full[key]) for key, inner in value.items()}

    def also(self, **fields: Kind) -> "Hash":
        """Return the same with more names."""
        return Hash({**self.fields, **fields}, self.required)


@dataclass(frozen=True)
class Metadata:
    """Up to 50 strings of up to 500 characters under keys of up to 40; `changes` are for those of before."""

    changes: bool = False

    def read(self, value: Any, name: str) -> dict[str, str] | None:
        """Return the pairs. An empty value unsets its key: it is left out, but stays among changes.

        Where everything is unset at once, changes are None.
        """
        if value == "":
            return None if self.changes else {}
        if not isinstance(value, dict):
            raise ApiError("Invalid object", param=name)
        if len(value) > METADATA_KEYS:
            raise ApiError(f"Metadata can have up to {METADATA_KEYS} keys.", param=name)
        for key, inner in value.items():
            self._check(key, inner, f"{name}[{key}]")
        return {key: inner for key, inner in value.items() if inner or self.changes}

    def _check(self, key: str, value: Any, name: str) -> None:
        if not isinstance(value, str):
            raise ApiError("Metadata values must be strings, but you passed in a hash.", param=name)
        if len(key) > METADATA_KEY_LENGTH:
            raise ApiError(
                f"Metadata keys can have up to {METADATA_KEY_LENGTH} characters, but you passed in a key "
                f"that is {len(key)} characters. Invalid key: {key}",
                param=name,
            )
        if len(value) > METADATA_VALUE_LENGTH:
            raise ApiError(
                f"Metadata values can have up to {METADATA_VALUE_LENGTH} characters, but you passed in a "
                f"value that is {len(value)} characters. Invalid value: {value}",
                param=name,
            )


def changed_metadata(before: dict[str, str], changes: dict[str, str] | None) -> dict[str, str]:
    """Return the metadata after changes as `Metadata(changes=True)` reads them."""
    return {} if changes is None else {key: value for key, value in (before | changes).items() if value}


@dataclass(frozen=True)
class Anything:
    """A parameter that the real Stripe knows and that changes nothing here."""

    def read(self, value: Any, name: str) -> Any:  # noqa: ARG002 - every kind is called alike
        """Return the value as it came."""
        return value


@dataclass(frozen=True)
class NotModelled:
    """A parameter whose effect this stand-in lacks; taking it silently would make a test lie."""

    def read(self, value: Any, name: str) -> Any:  # noqa: ARG002 - every kind is called alike
        """Refuse, always."""
        raise not_modelled(name)


@dataclass(frozen=True)
class Range:
    """A moment in unix seconds, or a span of them by gt, gte, lt and lte."""

    _span: Hash = field(default=Hash({bound: Whole() for bound in ("gt", "gte", "lt", "lte")}))

    def read(self, value: Any, name: str) -> dict[str, int]:
        """Return the span."""
        if isinstance(value, dict):
            return self._span.read(value, name)
        moment = Whole().read(value, name)
        return {"gte": moment, "lte": moment}
