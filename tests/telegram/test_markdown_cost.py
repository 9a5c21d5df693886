"""What a model writes costs no more than its length, and makes no more messages than a reader wants."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

from bot_platform.providers.openai.thinking import ThinkFilter
from bot_platform.telegram.link_definitions import is_link
from bot_platform.telegram.markdown import MAX_PAGES, pages
from bot_platform.work.kinds.build.answers import contents, read_plan

SMALL, GROWTH = 800, 4


def repeated(unit: str) -> Callable[[int], str]:
    return lambda chars: unit * (chars // len(unit))


# Some made other parsers slow: showdown#1048 (quotes), cmark#255 and commonmark.js#160 (lists),
# markdown-it#583 (`*_`), Python-Markdown#798 (`[`), marked#1463 (`~`), md4c#73 (`<![CDATA[`).
SHAPES: dict[str, Callable[[int], str]] = {
    unit: repeated(unit)
    for unit in [
        "> - ",
        "1. ",
        "> ",
        ">",
        ">a\n",
        "**a**`b` ",
        "~~a~~`b`\n",
        "*_",
        "**a ",
        "[",
        "[a](",
        "[a](http://e.x) ",
        "[a]: b\n",
        "\\[a\n",
        "`a",
        "`a`\n",
        "~",
        "~a~ ",
        "<",
        "<b>",
        "a <![CDATA[",
        "a <?",
        "a <!A",
        "&amp;",
        "```\n",
        "# a\n",
        "a\n",
        "\u200b",
        "|a|\n|-|\n|b|\n\n",
        "- [ ] a\n",
        "😀",
        "x",
    ]
}
SHAPES |= {
    "images within images": lambda n: "![" * (n // 7) + "x" + "](u)" * (n // 7),
    "one wide cell above many rows": lambda n: f"|{'x' * (n // 2)}|a|\n|-|-|\n" + "|a|b|\n" * (n // 12),
    "many columns and many rows": lambda n: f"{'|a' * (n // 8)}|\n{'|-' * (n // 8)}|\n" + "|a\n" * (n // 6),
    "definitions that are used": lambda n: "".join(
        f"[a{i}]: http://e.x/{i}\n\n[a{i}]\n\n" for i in range(n // 34)
    ),
    "brackets in a title": lambda n: '[a]: b "' + "\n\\[a" * (n // 4),
    "a long address, used often": lambda n: f"[a]: http://{'a.' * (n // 4)}b\n\n" + "[a] " * (n // 8),
    "lists below lists": lambda n: "\n".join("  " * depth + "- a" for depth in range(int(n**0.5))),
    "runs of ticks": lambda n: "".join("`" * length + " " for length in range(1, int((2 * n) ** 0.5))),
}


def steps(work: Callable[..., object], *arguments: Any) -> int:
    """Count the calls and returns of Python's interpreter: a measure that no other process changes."""
    count = 0

    def note(*_: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(note)
    try:
        work(*arguments)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: repr(shape)[:40])
def test_a_longer_text_costs_no_more_than_its_length(shape: str) -> None:
    small, large = SHAPES[shape](SMALL), SHAPES[shape](SMALL * GROWTH)
    pages(small)  # what is made once is made now
    assert steps(pages, large) < 2 * GROWTH * steps(pages, small) + 1000


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: repr(shape)[:40])
def test_what_is_shown_is_not_much_longer_than_what_was_written(shape: str) -> None:
    written = SHAPES[shape](SMALL * GROWTH)
    shown = pages(written)
    assert sum(len(page["text"]) for page in shown) <= 6 * len(written)
    assert len(pages(SHAPES[shape](40_000))) <= MAX_PAGES


def test_two_kilobytes_of_nested_lists_are_a_few_messages() -> None:
    assert len(pages("> - " * 500)) <= 4
    assert len(pages("1. " * 667)) <= 5


def test_nothing_of_a_deep_list_or_of_a_wide_table_is_lost() -> None:
    words = [f"word{n}x" for n in range(60)]
    deep = "\n".join("  " * n + f"- {word}" for n, word in enumerate(words))
    quoted = "\n".join("> " * n + word for n, word in enumerate(words))
    wide = f"| {'x' * 3000} | {words[0]} |\n|---|---|\n" + "\n".join(f"| {w} | y |" for w in words[1:])
    for markdown in (deep, quoted, wide):
        shown = "".join(page["text"] for page in pages(markdown))
        assert [word for word in words if word not in shown] == []


def test_an_ordinary_table_is_still_a_table() -> None:
    (page,) = pages("| a | long header |\n|---|---|\n| 1 | 2 |\n| wide cell | 3 |\n")
    assert page["text"].splitlines()[0] == "a         | long header"


@pytest.mark.parametrize("unit", ["<", "`<", "- <", "</think>x", "\n<think>a</think>\n", "a\n", " ", "<t"])
def test_a_longer_chunk_of_a_stream_costs_no_more_than_its_length(unit: str) -> None:
    def feed(chars: int) -> int:
        return steps(ThinkFilter().feed, unit * (chars // len(unit)))

    feed(SMALL)
    assert feed(SMALL * GROWTH) < 2 * GROWTH * feed(SMALL) + 100
    assert feed(32_000) < 300_000


@pytest.mark.parametrize("unit", ["{", '{"a":', '{"a":1} ', '{"a', '{"a":{"b":"', '{"a":['])
def test_a_plan_is_looked_for_a_limited_number_of_times(unit: str) -> None:
    def read(answer: str) -> None:
        with pytest.raises(ValueError, match="no whole JSON object"):
            read_plan(answer)

    assert steps(read, unit * (16_000 // len(unit))) < 20_000


@pytest.mark.parametrize("unit", ["```\n", "`", "````\n```\n", "~~~ a\n", "\n"])
@pytest.mark.parametrize("path", ["a.py", "a.md"])
def test_a_file_in_an_answer_is_found_in_one_pass(unit: str, path: str) -> None:
    def find(chars: int) -> int:
        return steps(contents, path, unit * (chars // len(unit)))

    assert find(SMALL * GROWTH) < 2 * GROWTH * find(SMALL) + 100


def test_what_is_a_link_has_not_changed() -> None:
    yes = ["http://e.x", "https://a.b/c?d#e", "HTTP://A.B", "http://a..b.c/", "http://x@e.y:1/..."]
    no = [
        "http://localhost/x",
        "http://.x",
        "http://x.",
        "http://e.x/a b",
        "ftp://e.x",
        "e.x",
        "",
        "http:///a.b",
    ]
    assert [one for one in yes if not is_link(one)] == []
    assert [one for one in no if is_link(one)] == []
