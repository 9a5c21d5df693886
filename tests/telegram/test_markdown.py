"""Any Markdown of a model can be sent: split at Telegram's length, formatted by valid entities."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot_platform.infra.sql import json_safe
from bot_platform.telegram.markdown import MAX_PAGE_UNITS, pages

MARKUP = ["# ", "**", "*", "_", "`", "```", "```py\n", "\n", "\n\n", "- ", "1. ", "> ", "[a](", "http://e.x)"]
MARKUP += [
    "![i](u)",
    "|a|b|\n|-|-|\n",
    "<b>",
    "</b>",
    "&amp;",
    "\\",
    "$x$",
    "~~",
    "||",
    "😀",
    "é",
    "word ",
    "---\n",
]


def units(text: str) -> int:
    """Count as Telegram does: UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


@given(st.lists(st.sampled_from(MARKUP), max_size=200).map("".join) | st.text().map(json_safe))
def test_every_page_fits_and_every_entity_lies_within_its_page(markdown: str) -> None:
    for page in pages(markdown):
        assert 0 < units(page["text"]) <= MAX_PAGE_UNITS
        for entity in page["entities"]:
            assert 0 <= entity["offset"] < entity["offset"] + entity["length"] <= units(page["text"])


@pytest.mark.parametrize("markdown", ["**", "# ", "```", "<b>", "[](x)", ">", "😀" * 9000, "x" * 20000])
def test_an_answer_with_visible_text_has_a_page(markdown: str) -> None:
    assert pages(markdown)


def test_nothing_of_a_long_answer_is_lost() -> None:
    words = [f"word{n}" for n in range(3000)]
    found = pages(" ".join(words))
    assert len(found) > 1
    assert " ".join(page["text"] for page in found).split() == words


def test_markdown_becomes_entities() -> None:
    (page,) = pages("**bold** and `code`\n\n```python\nprint(1)\n```")
    assert [entity["type"] for entity in page["entities"]] == ["bold", "code", "pre"]
    assert "*" not in page["text"]
    assert "`" not in page["text"]


def test_an_amount_in_dollars_is_not_read_as_a_formula() -> None:
    (page,) = pages("It costs $5 and then $6.")
    assert page["text"] == "It costs $5 and then $6."


HIDDEN = [
    "Run git clone <{}> and then git checkout <{}>.",
    "List<{}> is a Map<{}, int>",
    "<div>\n{}\n</div>\n",
    "<!-- {} -->\n",
    "<{0}>\n\n**{1}**\n\n</{0}>\n",
    "<details><summary>{}</summary>{}</details>\n",
    "if {} || {} || false",
    "it costs $5, ${}, and ${}$",
    "$${}$$",
    "[{}]: tomorrow\n",
    "note[^1] {}\n\n[^1]: {}\n",
    "&lt;{}&gt; &amp; {}",
]
MARKED_UP = [
    "# {}\n",
    "**{}** *{}* `{}` ~~{}~~",
    "```\n<{}> || $x$ {}\n```\n",
    "    indented <{}>\n",
    "- {}\n  - {}\n1. {}\n",
    "> {} <{}>\n",
    "| {} | b |\n|---|---|\n| <{}> | {} |\n",
    "[{}](http://e.x)",
    "{}  \nhard break",
    "<http://e.x/{}>",
]


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Write Markdown around words of which each stands in it once, and list these words."""
    words: list[str] = []

    def word() -> str:
        words.append(f"w{len(words)}x")
        return words[-1]

    shapes = draw(st.lists(st.sampled_from(HIDDEN + MARKED_UP), min_size=1, max_size=12))
    parts = [shape.format(*(word() for _ in range(shape.count("{")))) for shape in shapes]
    joins = draw(st.lists(st.sampled_from(["", " ", "\n", "\n\n"]), min_size=len(parts), max_size=len(parts)))
    markdown = "".join(part + join for part, join in zip(parts, joins, strict=True))
    return markdown, [one for one in words if one in markdown]


@given(documents())
def test_no_word_that_a_model_writes_is_lost(document: tuple[str, list[str]]) -> None:
    markdown, words = document
    shown = "".join(page["text"] for page in pages(markdown))
    assert [word for word in words if word not in shown] == []


@pytest.mark.parametrize(
    "text",
    [
        "Run git clone <url> and then git checkout <branch>.",
        "List<String>, Map<K, V>",
        "a || b || c",
        "<!-- a comment -->",
        "<script>alert(1)</script>",
        "$PATH and $HOME$",
        "[todo]: tomorrow",
        "x < y > z",
    ],
)
def test_what_is_no_markup_stands_as_it_was_written(text: str) -> None:
    (page,) = pages(text)
    assert (page["text"], page["entities"]) == (text, [])


@given(st.lists(st.sampled_from("<>|$&;[]:\\!-/ab \n`~*_#"), max_size=60).map("".join))
def test_angle_brackets_and_dollars_outside_of_links_are_all_shown(markdown: str) -> None:
    shown = "".join(page["text"] for page in pages(markdown))
    for sign in "$":
        assert shown.count(sign) >= markdown.count(sign), shown


def test_each_page_of_a_long_answer_keeps_its_format() -> None:
    shown = pages("**Bold** line.\n\n" * 1200)
    assert len(shown) > 3
    assert all(0 < len(page["entities"]) <= 100 for page in shown)
    assert all(len(page["entities"]) == 100 for page in shown[:-1])
