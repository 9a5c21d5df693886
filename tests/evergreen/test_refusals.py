"""Every refusal in the code has its line in the table of words, and can be written in every channel."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import bot_platform.domain.errors as refusals
from bot_platform.domain.errors import Refusal
from bot_platform.telegram.refusals import WORDINGS, Channel, explain
from bot_platform.telegram.texts import DEFAULT, LOCALES, Texts
from tests.evergreen.test_locales import ENGLISH

ROOT = Path(__file__).parents[2] / "bot_platform"
CLASSES = {
    name for name, kind in vars(refusals).items() if isinstance(kind, type) and issubclass(kind, Refusal)
}
FOR_THE_CONSOLE = "-hint-console"


def texts_of_refusals(module: ast.Module) -> Iterator[ast.Constant]:
    """List where a module names the text of a refusal."""
    for node in ast.walk(module):
        match node:
            case ast.Call(func=called, args=[ast.Constant(value=str()) as text, *_]):
                kind = ast.unparse(called).rpartition(".")[2]
                if kind in CLASSES or (kind == "__init__" and text.value in WORDINGS):
                    yield text
            case ast.Assign(targets=[ast.Name(id="refusal")], value=ast.Constant(value=str()) as text):
                yield text  # the answer to a checkout that could not be opened


def _refused_in_the_code() -> set[str]:
    modules = [ast.parse(path.read_text(encoding="utf-8")) for path in ROOT.rglob("*.py")]
    return {str(text.value) for module in modules for text in texts_of_refusals(module)}


def _example(name: str) -> Refusal:
    """Make a refusal with one value for each variable of its texts."""
    names = [name, WORDINGS[name].for_operators, *WORDINGS[name].hints.values()]
    variables = {one: next(iter(found)) for text in names if text for one, found in ENGLISH[text].items()}
    return Refusal(name, **variables)


def test_every_refusal_in_the_code_has_one_line_and_no_line_is_unused() -> None:
    assert sorted(WORDINGS) == sorted(_refused_in_the_code())


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("name", WORDINGS)
def test_every_refusal_can_be_written_in_every_channel(name: str, channel: Channel) -> None:
    assert explain(_example(name), channel, Texts().say).strip()


@pytest.mark.parametrize("file", sorted(LOCALES.glob("*.ftl")), ids=lambda file: file.stem)
def test_no_text_that_telegram_shows_names_an_option_of_the_console(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if "--" in line and FOR_THE_CONSOLE not in line] == []


@pytest.mark.parametrize("channel", [channel for channel in Channel if channel is not Channel.CONSOLE])
@pytest.mark.parametrize("name", WORDINGS)
def test_only_the_console_is_told_of_options(name: str, channel: Channel) -> None:
    assert "--" not in explain(_example(name), channel, Texts().say)


def test_an_option_is_named_where_it_can_be_given() -> None:
    assert "With --force" in explain(_example("refund-spent"), Channel.CONSOLE, Texts().say)
    assert DEFAULT in {file.stem for file in LOCALES.glob("*.ftl")}
