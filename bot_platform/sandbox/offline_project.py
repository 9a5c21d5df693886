"""The project that the offline model builds: a small runnable Python program made of the request's words."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Template

WORD = re.compile(r"[^\W_]+")
MAX_WORD_CHARS, MAX_TITLE_WORDS, MAX_TOPIC_WORDS = 20, 12, 3  # a topic word gets its own steps
STOP_WORDS = set(
    WORD.findall(
        "a an the this that which who it its i me my you your we our and or but if so of to in on at by for"
        " from with as is are be can do does how what why when where please build make write create give show"
        " small simple tiny python program app tool script project command line"
    )
)
FIRST_STEPS = (
    ("the need", "Ask somebody who needs it what they do without it today.", "their words are written down"),
    ("the end", "Say how anybody can see that it works.", "two people would judge it alike"),
)
TOPIC_STEPS = (
    ("Say what {} means here, and write one example of it down.", "a newcomer could write a second one"),
    ("Write the smallest code for {} that works with the example.", "the example runs from start to end"),
    ("Test {} with an empty input, a wrong one, and a far too large one.", "each is answered in plain words"),
)
LAST_STEPS = (
    ("the help", "Explain every option with a line and an example.", "nobody has to read the code to start"),
    ("the handover", "Let somebody use it while you watch and say nothing.", "they get there by themselves"),
)

INIT = '''"""A plan of work: $title."""

from dataclasses import dataclass

TITLE = "$title"


@dataclass(frozen=True)
class Step:
    """One thing to do: what it is about, and how to see that it is done."""

    about: str
    what: str
    done_when: str


STEPS = (
$steps
)
'''
STORE = '''"""Remembers in a small JSON file which steps are done."""

import json
from pathlib import Path

from $package import STEPS


class Store:
    """The numbers of the steps that are done, counted from 1."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def done(self) -> set[int]:
        """Read which steps are done; none is while there is no file."""
        if not self.path.exists():
            return set()
        return set(json.loads(self.path.read_text(encoding="utf-8")))

    def mark(self, number: int, done: bool = True) -> None:
        """Note that a step is done, or is not after all; raises ValueError when there is no such step."""
        if not 1 <= number <= len(STEPS):
            raise ValueError(f"there is no step {number}, only 1 to {len(STEPS)}")
        numbers = self.done() | {number} if done else self.done() - {number}
        self.path.write_text(json.dumps(sorted(numbers)), encoding="utf-8")
'''
REPORT = '''"""Draws how far the plan has come."""

from collections.abc import Collection

from $package import STEPS, TITLE


def bar(done: int, of: int) -> str:
    """Draw a line of progress: 2 of 5 is ▰▰▱▱▱."""
    return "▰" * done + "▱" * (of - done)


def report(done: Collection[int]) -> str:
    """List every step, those that are done with a cross, the others with what they wait for."""
    lines = [TITLE, f"{bar(len(done), len(STEPS))} {len(done)}/{len(STEPS)}", ""]
    for number, step in enumerate(STEPS, start=1):
        cross = "x" if number in done else " "
        lines.append(f"{number:3} [{cross}] {step.about}: {step.what}")
        if number not in done:
            lines.append(f"        Done when {step.done_when}.")
    return "\\n".join(lines)
'''
MAIN = '''"""The command line: lists the steps, marks one as done, or takes the mark away."""

import argparse
import sys
from pathlib import Path

from $package.report import report
from $package.store import Store


def main() -> int:
    """Do what the command line says; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m $package")
    parser.add_argument("--file", type=Path, default=Path("$package.json"), help="where the marks are kept")
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("list", help="list the steps (what happens without a command, too)")
    for name, text in (("done", "mark a step as done"), ("undo", "take the mark away")):
        commands.add_parser(name, help=text).add_argument("number", type=int)
    asked = parser.parse_args()
    store = Store(asked.file)
    try:
        if asked.command in {"done", "undo"}:
            store.mark(asked.number, done=asked.command == "done")
    except ValueError as fault:
        print(fault, file=sys.stderr)
        return 1
    print(report(store.done()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
'''
TESTS = '''"""Tests of the plan: `python -m unittest`."""

import tempfile
import unittest
from pathlib import Path

from $package import STEPS
from $package.report import bar, report
from $package.store import Store


class TheStore(unittest.TestCase):
    """What is marked is remembered."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.store = Store(Path(folder.name) / "marks.json")

    def test_nothing_is_done_at_first(self) -> None:
        self.assertEqual(self.store.done(), set())

    def test_a_mark_is_kept_and_can_be_taken_away(self) -> None:
        self.store.mark(1)
        self.assertEqual(Store(self.store.path).done(), {1})
        self.store.mark(1, done=False)
        self.assertEqual(self.store.done(), set())

    def test_there_is_no_step_beyond_the_last(self) -> None:
        for number in (0, len(STEPS) + 1):
            self.assertRaises(ValueError, self.store.mark, number)


class TheReport(unittest.TestCase):
    """What is done is seen."""

    def test_it_has_a_line_for_each_step_and_a_cross_for_each_that_is_done(self) -> None:
        self.assertEqual(report({1}).count("[x]"), 1)
        self.assertEqual(report({1}).count("["), len(STEPS))

    def test_a_bar_is_as_long_as_there_are_steps(self) -> None:
        self.assertEqual(bar(2, 5), "▰▰▱▱▱")
'''
README = """# $title

The demo's offline model built this, and it does not think: instead of what you asked for you get a plan of
work made of your words, as a small Python program that runs and has tests. A model that thinks would
write the thing itself.

It needs Python 3.11 and nothing else.

    python -m $package            # list the steps
    python -m $package done 1     # mark the first one
    python -m unittest            # run the tests

## What each file is for

$files
"""


@dataclass(frozen=True, slots=True)
class File:
    """A file of the project; `purpose` is one line for the README."""

    purpose: str
    text: str


@dataclass(frozen=True, slots=True)
class OfflineProject:
    """A project; `files` maps paths to files in the order of writing."""

    name: str
    title: str
    files: Mapping[str, File]
    readme: str


def words(text: str) -> Sequence[str]:
    """Return the words of a text, letters and digits only, so that they are safe in Markdown and code."""
    return [word[:MAX_WORD_CHARS] for word in WORD.findall(text)]


def keywords(text: str) -> Sequence[str]:
    """Return the distinct words without stop words, in lower case; all words if only stop words are left."""
    found = list(dict.fromkeys(word.lower() for word in words(text)))
    return [word for word in found if word not in STOP_WORDS] or found


def project(request: str) -> OfflineProject:
    """Build the project of a request. The same request always gives the same project."""
    title = " ".join(words(request)[:MAX_TITLE_WORDS]) or "Something new"
    about = keywords(title)
    package = _package(about)
    topics = about[:MAX_TOPIC_WORDS]
    own = [(word, what.format(word), done) for word in topics for what, done in TOPIC_STEPS]
    rows = (*FIRST_STEPS, *own, *LAST_STEPS)
    steps = "\n".join(f'    Step("{a}", "{what}", "{done}"),' for a, what, done in rows)
    templates = (
        (f"{package}/__init__.py", "the steps, made of the words of the request", INIT),
        (f"{package}/store.py", "remembers which steps are done", STORE),
        (f"{package}/report.py", "draws how far it is", REPORT),
        (f"{package}/__main__.py", "the command line", MAIN),
        (f"test_{package}.py", "tests of the store and of the report", TESTS),
    )
    file_list = "\n".join(f"- `{path}`: {purpose}" for path, purpose, _ in templates)
    values = {"title": title, "package": package, "steps": steps, "files": file_list}
    files = {path: File(purpose, Template(text).substitute(values)) for path, purpose, text in templates}
    return OfflineProject(package.replace("_", "-"), title, files, Template(README).substitute(values))


def _package(about: Sequence[str]) -> str:
    """Return an ASCII package name of at least two parts, so that it matches no standard module."""
    plain = [unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode() for word in about]
    usable = [word for word in plain if re.fullmatch(r"[a-z][a-z0-9]*", word)]
    return "_".join(usable[:3] if len(usable) > 1 else [*usable, "kit"])
