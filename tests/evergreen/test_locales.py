"""What people read is complete: every text in every language, used, and with its values."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from fluent.syntax import FluentParser
from fluent.syntax import ast as ftl
from fluent.syntax.visitor import Visitor

from bot_platform.telegram.dispatcher import ADMIN, COMMANDS
from bot_platform.telegram.texts import DEFAULT, LOCALES, Texts
from bot_platform.work.catalog import found_kinds

HOUSE = LOCALES.parents[1]
FILES = sorted(LOCALES.glob("*.ftl"))
# Where texts are named; a word with a hyphen that stands there is the name of a text.
NAMING = [
    path
    for part in ("domain", "flows", "work", "providers", "telegram")
    for path in (HOUSE / part).rglob("*.py")
]
HYPHENATED = re.compile(r"[a-z]+(-[a-z]+)+")


# The variables of one text, and for each the values worth trying.
Values = defaultdict[str, set[Any]]


class Variables(Visitor):
    """Finds the variables of a text; a number where a function wants one, else each case there is."""

    def __init__(self) -> None:
        self.values: Values = defaultdict(set)
        self.within: set[str] = set()

    def visit_FunctionReference(self, node: ftl.FunctionReference) -> None:  # noqa: N802 -- Fluent's name
        """Functions take hundredths, minor units or seconds first, and a currency second."""
        for value, argument in zip((1234, "usd"), node.arguments.positional, strict=False):
            if isinstance(argument, ftl.VariableReference):
                self.values[argument.id.name].add(value)

    def visit_SelectExpression(self, node: ftl.SelectExpression) -> None:  # noqa: N802 -- as above
        """Try every case of a choice."""
        assert isinstance(node.selector, ftl.VariableReference)
        cases = [v.key.name for v in node.variants if isinstance(v.key, ftl.Identifier)]
        self.values[node.selector.id.name] |= set(cases)
        self.generic_visit(node)

    def visit_MessageReference(self, node: ftl.MessageReference) -> None:  # noqa: N802 -- as above
        """Remember that another text stands in this one, and wants its values too."""
        self.within.add(node.id.name)

    def visit_VariableReference(self, node: ftl.VariableReference) -> None:  # noqa: N802 -- as above
        """Write a variable of its own as it comes."""
        if not self.values[node.id.name]:
            self.values[node.id.name].add("something")


def _read(file: Path) -> dict[str, Values]:
    texts: dict[str, Values] = {}
    within: dict[str, set[str]] = {}
    for entry in FluentParser().parse(file.read_text(encoding="utf-8")).body:
        assert not isinstance(entry, ftl.Junk), f"{file.name} cannot be read at: {entry.content}"
        if isinstance(entry, ftl.Message):
            assert entry.id.name not in texts, f"{file.name} has {entry.id.name} twice"
            visitor = Variables()
            visitor.visit(entry)
            texts[entry.id.name] = visitor.values
            within[entry.id.name] = visitor.within
    for name, others in within.items():
        for other in others:
            for value, samples in texts[other].items():
                texts[name][value] |= samples
    return texts


def _said_within() -> set[str]:
    """Name the texts that stand in other texts."""
    resource = FluentParser().parse((LOCALES / f"{DEFAULT}.ftl").read_text(encoding="utf-8"))
    visitor = Variables()
    visitor.visit(resource)
    return visitor.within


ENGLISH = _read(LOCALES / f"{DEFAULT}.ftl")


def _literals(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value, node.lineno


def _calls() -> Iterator[tuple[str, str, set[str] | None]]:
    """Find where a text is named in the call that gives its values: (where, name, values).

    `values` is None when they come as a mapping.
    """
    place = {"say": 0, "post": 3, "rewrite": 1}  # where the name stands among the arguments
    for path in NAMING:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func).rpartition(".")
            if called[2] not in place or (called[2] in {"post", "rewrite"} and called[0] != "outbox"):
                continue
            name = node.args[place[called[2]]] if len(node.args) > place[called[2]] else None
            if isinstance(name, ast.Constant):
                given = {keyword.arg for keyword in node.keywords}
                values = None if None in given else {str(g) for g in given}
                yield f"{path.name}:{node.lineno}", str(name.value), values


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_language_has_every_text_with_the_same_values(file: Path) -> None:
    here = {name: set(values) for name, values in _read(file).items()}
    assert here == {name: set(values) for name, values in ENGLISH.items()}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_text_can_be_written(file: Path) -> None:
    texts = Texts()
    for name, samples in _read(file).items():
        for values in product(*samples.values()):
            said = texts.say(name, file.stem, **dict(zip(samples, values, strict=True)))
            assert said.strip(), name
            assert "{" not in said, name


def test_every_text_named_in_the_code_exists() -> None:
    named = {
        f"{path.name}:{line} {value}"
        for path in NAMING
        for value, line in _literals(path)
        if HYPHENATED.fullmatch(value) and value not in ENGLISH
    }
    named |= {f"{where} {name}" for where, name, _ in _calls() if name not in ENGLISH}
    assert named == set()


def test_every_text_gets_its_values() -> None:
    assert list(_calls())
    lacking = [
        f"{where} {name}: {sorted(ENGLISH[name].keys() - values)}"
        for where, name, values in _calls()
        if values is not None and name in ENGLISH and not ENGLISH[name].keys() <= values
    ]
    assert lacking == []


def test_every_text_is_used() -> None:
    used = (
        _said_within()
        | {value for path in NAMING for value, _ in _literals(path)}
        | {f"command-{name}" for name in (*COMMANDS, ADMIN, *found_kinds())}
    )
    assert ENGLISH.keys() - used == set()


# What an alert may tell an operator to do, at the beginning of a sentence or of a part of it.
ACT = re.compile(
    r"(?:^|[.:;!?,)] |\n)(?:and |or |then )?"
    r"(?:add|answer|correct|follow|give|look|mend|put|refund|see|stop|write)\b|/admin |run\.py ",
    re.IGNORECASE,
)
SETTLED = ("✅", "nothing is left to do", "follow by themselves")


@pytest.mark.parametrize("name", sorted(name for name in ENGLISH if name.startswith("operator-")))
def test_every_alert_says_what_to_do(name: str) -> None:
    samples = ENGLISH[name]
    for values in product(*samples.values()):
        said = Texts().say(name, **dict(zip(samples, values, strict=True)))
        if not any(words in said.lower() for words in SETTLED):
            assert ACT.search(said), said


@pytest.mark.parametrize(
    ("promised", "name", "values"),
    [
        ("Could not find your account. Please /start first.", "no-account", {}),
        (
            "Success! Your MOCK purchase was processed. New balance: 100.00",
            "mock-success",
            {"balance": 10_000},
        ),
        ("An error occurred during the mock purchase.", "mock-failed", {}),
        ("Please complete your purchase using the link below:", "checkout-link", {}),
        ("➡️ Proceed to Payment", "pay-button", {}),
        ("Sorry, we could not create a payment link at this time.", "no-payment-link", {}),
        ("A server error occurred. Please try again later.", "server-error", {}),
        (
            "Payment received: 500.00 credits added. Balance: 600.00 credits.",
            "payment-received",
            {"credits": 50_000, "balance": 60_000},
        ),
        ("Balance: 98.90 credits", "balance", {"balance": 9_890}),
        ("Balance: -1234.05 credits", "balance", {"balance": -123_405}),
        ("Held: 1.10 credits", "balance-held", {"held": 110}),
    ],
)
def test_the_promised_texts_stand_as_they_are(promised: str, name: str, values: dict[str, int]) -> None:
    assert Texts().say(name, **values) == promised
