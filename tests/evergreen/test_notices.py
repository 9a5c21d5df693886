"""Every message that the code posts has its line in the table of notices, and no line is left over."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot_platform.telegram.notices import RENDERINGS
from tests.evergreen.test_locales import ENGLISH, HYPHENATED
from tests.evergreen.test_refusals import texts_of_refusals

ROOT = Path(__file__).parents[2] / "bot_platform"
POSTING = [path for part in ("domain", "flows", "work", "providers") for path in (ROOT / part).rglob("*.py")]
# The position of the text's name among the arguments of each call that posts a message.
POSITION = {
    "outbox.post": 3,
    "outbox.post_to_each": 3,
    "outbox.rewrite": 1,
    "outbox.move_down": 3,
    "outbox.forget": 1,
}
NOT_A_TEXT = {"answer", "broadcast"}  # their body is not a text of ours


def _named(node: ast.expr, module: ast.Module) -> Iterator[str]:
    """List the names that an expression can give; a variable has those of its assignments in the module."""
    match node:
        case ast.Constant(value=str(name)):
            yield name
        case ast.IfExp(body=one, orelse=other):
            yield from _named(one, module)
            yield from _named(other, module)
        case ast.Name(id=variable):
            for found in ast.walk(module):
                targets = found.targets if isinstance(found, ast.Assign) else []
                if isinstance(found, ast.Assign) and any(
                    isinstance(target, ast.Name) and target.id == variable for target in targets
                ):
                    yield from _named(found.value, module)


def _posted(module: ast.Module) -> Iterator[str]:
    """List the texts that stand in the calls that post a message."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and (place := POSITION.get(ast.unparse(node.func))) is not None:
            for argument in node.args[place : place + 1]:
                yield from _named(argument, module)


def _passed_on(module: ast.Module) -> Iterator[str]:
    """List the texts that reach a post through a variable; a refusal's text is a reply, not a notice."""
    refusals = set(texts_of_refusals(module))
    for node in ast.walk(module):
        match node:
            case ast.Constant(value=str(name)) if node not in refusals and HYPHENATED.fullmatch(name):
                yield from {name} & ENGLISH.keys()


def _posted_anywhere() -> set[str]:
    modules = [ast.parse(path.read_text(encoding="utf-8")) for path in POSTING]
    return {name for module in modules for name in (*_posted(module), *_passed_on(module))}


def test_every_posted_message_has_one_line_in_the_table_and_no_line_is_unused() -> None:
    assert sorted(RENDERINGS) == sorted(_posted_anywhere())


@pytest.mark.parametrize("name", sorted(RENDERINGS.keys() - NOT_A_TEXT))
def test_every_line_of_the_table_is_the_name_of_a_text(name: str) -> None:
    assert name in ENGLISH
