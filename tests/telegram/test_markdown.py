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
