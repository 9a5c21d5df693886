"""What people read, by name and language; the words stand in `locales/`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from babel.dates import format_datetime
from fluent.runtime import FluentBundle, FluentResource
from fluent.syntax.ast import Resource

from bot_platform.domain.amounts import credits_text, money_text, short_credits_text

LOCALES = Path(__file__).parent / "locales"
DEFAULT = "en"


class Say(Protocol):
    """Writes a text by its name, in the reader's language."""

    def __call__(self, name: str, /, **values: Any) -> str:
        """Write the text with its values."""


class Texts:
    """Every text in every language that `locales/` holds; one `.ftl` file is one language."""

    def __init__(self, folder: Path = LOCALES) -> None:
        self._bundles = {file.stem: _bundle(file) for file in sorted(folder.glob("*.ftl"))}

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages there are, such as `en`."""
        return tuple(self._bundles)

    def say(self, name: str, language: str = DEFAULT, /, **values: Any) -> str:
        """Write the text in the person's language, else in English; credits and money as integers.

        Raises KeyError for an unknown name or a value that the text needs and did not get.
        """
        bundle = self._bundles.get(language) or self._bundles.get(language.partition("-")[0])
        if bundle is None or not bundle.has_message(name):
            bundle = self._bundles[DEFAULT]
        pattern = bundle.get_message(name).value
        if pattern is None:
            raise KeyError(name)
        text, faults = bundle.format_pattern(pattern, values)
        if faults:
            raise KeyError(f"{name}: {faults}")
        return str(text)

    def of_command(self, command: str, otherwise: str, language: str = DEFAULT) -> str:
        """Say what a command does; `otherwise` for one that has no text here."""
        name = f"command-{command}"
        return self.say(name, language) if self._bundles[DEFAULT].has_message(name) else otherwise


def code_of(language: str) -> str | None:
    """Give the `language_code` under which Telegram keeps a bot's texts: none for those of everybody else."""
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
    # Telegram shows the invisible marks around values as boxes on some phones.
    bundle = FluentBundle([language], functions=dict(functions), use_isolating=False)
    bundle.add_resource(_parsed(file.read_text(encoding="utf-8")))
    return bundle


@cache
def _parsed(words: str) -> Resource:
    """Parse a language once in a process, however many houses stand in it: it takes a tenth of a second."""
    return FluentResource(words)
