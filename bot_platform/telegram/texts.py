"""The texts that users read, by name and language; their words are in `locales/`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from babel.dates import format_datetime
from fluent.runtime import FluentBundle, FluentResource
from fluent.runtime.errors import FluentReferenceError
from fluent.syntax.ast import Resource

from bot_platform.domain.amounts import credits_text, money_text, short_credits_text

LOCALES = Path(__file__).parent / "locales"
DEFAULT = "en"


class Say(Protocol):
    """Writes a text by its name, in the reader's language."""

    def __call__(self, name: str, /, **values: Any) -> str:
        """Write the text with its values."""


class Texts:
    """Every text in every language; one `.ftl` file in `locales/` is one language."""

    def __init__(self, folder: Path = LOCALES) -> None:
        self._bundles = {file.stem: _bundle(file) for file in sorted(folder.glob("*.ftl"))}

    @property
    def languages(self) -> tuple[str, ...]:
        """The names of the languages, such as `en`."""
        return tuple(self._bundles)

    def say(self, name: str, language: str = DEFAULT, /, **values: Any) -> str:
        """Write a text in the language, or in English if it is missing there; amounts are integers.

        Raises KeyError for an unknown name, and for a missing value or one of a wrong type.
        """
        bundle = self._bundles.get(language) or self._bundles.get(language.partition("-")[0])
        if bundle is None or not bundle.has_message(name):
            bundle = self._bundles[DEFAULT]
        pattern = bundle.get_message(name).value
        if pattern is None:
            raise KeyError(name)
        text, faults = bundle.format_pattern(pattern, values)
        if faults:
            raise KeyError(f"{name}: {', '.join(map(_name, faults))}")
        return str(text)

    def of_command(self, command: str, otherwise: str, language: str = DEFAULT) -> str:
        """Describe a command for the menu; `otherwise` is for a command without a text."""
        name = f"command-{command}"
        return self.say(name, language) if self._bundles[DEFAULT].has_message(name) else otherwise


def _name(fault: Exception) -> str:
    """Name what a text lacks; another fault quotes the value, which may be a user's."""
    return str(fault) if isinstance(fault, FluentReferenceError) else type(fault).__name__


def code_of(language: str) -> str | None:
    """Return Telegram's `language_code`; None for the texts of all other languages."""
    return None if language == DEFAULT else language


def _bundle(file: Path) -> FluentBundle:
    language = file.stem

    def money(minor: Any, currency: Any) -> str:
        return money_text(int(minor), str(currency), language)

    def moment(seconds: Any) -> str:
        when = datetime.fromtimestamp(int(seconds), UTC)
        return str(format_datetime(when, "d MMM y, HH:mm", locale=language.replace("-", "_")))

    functions: Mapping[str, Any] = {
        "CREDITS": lambda hundredths: credits_text(int(hundredths)),
        "SHORT": lambda hundredths: short_credits_text(int(hundredths)),
        "SIGNED": lambda hundredths: ("+" if int(hundredths) > 0 else "") + credits_text(int(hundredths)),
        "MONEY": money,
        "MOMENT": moment,
    }
    # Without isolation marks: on some phones Telegram shows them as boxes.
    bundle = FluentBundle([language], functions=dict(functions), use_isolating=False)
    bundle.add_resource(_parsed(file.read_text(encoding="utf-8")))
    return bundle


@cache
def _parsed(source: str) -> Resource:
    """Parse a language once in a process: it takes a tenth of a second, and tests build many Texts."""
    return FluentResource(source)
