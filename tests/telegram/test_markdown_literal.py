"""A developer reads all that a model wrote: only CommonMark's core, tables and strikethrough are markup."""

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot_platform.telegram.markdown import MAX_PAGE_UNITS, is_visible, pages

SIGNS = [
    *"*_`~#>-+|[](){}<>!\\$&;:=/.,?%@^'\"",
    "**",
    "__",
    "~~",
    "||",
    "```",
    "~~~",
    "````",
    "\n",
    "\n\n",
    " ",
    "    ",
]
SIGNS += [
    "- ",
    "1. ",
    "> ",
    "# ",
    "---\n",
    "|-|-|\n",
    "- [ ] ",
    "[^1]",
    "[^1]: ",
    "]: ",
    "](",
    "![",
    "<!--",
    "-->",
    "</",
]
SIGNS += [
    "<div>",
    "<br>",
    "</div>\n",
    "&lt;",
    "\\(",
    "\\)",
    "\\[",
    "\\]",
    "\t",
    "\r\n",
    "\u200b",
    "\u202e",
    "א",
    "👩‍💻",
    "İ",
]
WHOLE = [
    "[{}](http://e.x/{})",
    "![{}](https://e.x/{}.png)",
    "[{}](./{}.md)",
    "<http://e.x/{}>",
    "<std::{}>",
    "<{}@e.x>",
    "```{}\n{}\n```\n",
    "| {} | {} |\n|---|---|\n| {} || {} | {} |\n",
    "| {} | b |\n|---|---|\n| `{} | {}` | {} |\n",
    "| [{}](https://e.x/{}) | b |\n|---|---|\n",
    " [{0}]\n\n[{0}]: https://e.x/{1}\n",
    "{}[0]({})",
    "<!-- {}\n{} -->",
    "<pre>\n*{}* _{}_\n</pre>\n",
]
WORD = "{}"
STYLES = {"bold", "italic", "underline", "strikethrough"}
CODE = {"pre", "code"}


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Mix markup, signs and words; each word is written once, and all are listed."""
    shapes = draw(st.lists(st.sampled_from([*SIGNS, *WHOLE, *[WORD] * 12]), max_size=40))
    numbers = itertools.count()
    words: list[str] = []
    parts = []
    for shape in shapes:
        needed = 2 if "{1}" in shape else 0 if shape in SIGNS else shape.count("{}")
        new = [f"w{next(numbers)}x" for _ in range(needed)]
        words += new
        parts.append(shape.format(*new) if new else shape)
    return "".join(parts), words


def shown(markdown: str) -> str:
    """Join what a reader sees, and what opens at a press or heads a code block."""
    found = pages(markdown)
    hidden = [str(e.get("url") or e.get("language") or "") for page in found for e in page["entities"]]
    return "\n".join([*(page["text"] for page in found), *hidden])


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def check_entities(entities: Sequence[dict[str, Any]], length: int) -> None:
    """Check Telegram's rules: within the text, properly nested, nothing in code, no quote in a quote."""
    assert len(entities) <= 100
    for one in entities:
        assert 0 <= one["offset"] < one["offset"] + one["length"] <= length
    for one, other in itertools.combinations(entities, 2):
        first, second = sorted((one, other), key=lambda e: (e["offset"], -e["length"]))
        inside = second["offset"] + second["length"] <= first["offset"] + first["length"]
        if second["offset"] >= first["offset"] + first["length"]:
            continue
        kinds = {first["type"], second["type"]}
        assert inside, (first, second)
        assert not (kinds & CODE and kinds & STYLES), (first, second)
        assert len(kinds) == 2, (first, second)
        assert kinds & STYLES or any("blockquote" in kind for kind in kinds), (first, second)


@given(documents())
@example(("std::vector<std::w0x> w1x", ["w0x", "w1x"]))
@example(("| a | b |\n|-|-|\n| w0x || w1x | w2x |\n", ["w0x", "w1x", "w2x"]))
@example(("- [w0x]: w1x\n", ["w0x", "w1x"]))
@example(("- ```w0x\nw1x\n```\n", ["w0x", "w1x"]))
@example(("**a `w0x` b**\n> > `w1x`\n", ["w0x", "w1x"]))
def test_no_word_is_lost_and_every_page_is_valid(document: tuple[str, list[str]]) -> None:
    markdown, words = document
    found = pages(markdown)
    text = shown(markdown)
    assert [word for word in words if word not in text] == [], text
    for page in found:
        assert 0 < units(page["text"]) <= MAX_PAGE_UNITS
        assert is_visible(page["text"]) or not is_visible(markdown)
        check_entities(page["entities"], units(page["text"]))


@given(documents())
def test_signs_that_are_no_markup_are_all_shown(document: tuple[str, list[str]]) -> None:
    text = shown(document[0])
    for sign in "${}%@^/?,&.👩א":
        assert text.count(sign) >= document[0].count(sign), sign


@given(
    st.text(st.characters())
    | st.lists(st.sampled_from(["\ud800", "\udc00", "\x00", "*", "\n", "a"])).map("".join)
)
def test_any_text_whatever_has_valid_pages(markdown: str) -> None:
    for page in pages(markdown):
        page["text"].encode()
        check_entities(page["entities"], units(page["text"]))


LITERAL = [
    "Run git clone <url> and then git checkout <branch>.",
    "std::vector<std::string> and Map<K, List<V>>",
    "a || b || c",
    "<!-- a comment -->",
    "<script>alert(1)</script>",
    "<pre>\n*a* _b_\n</pre>",
    "const x = <Foo bar={baz} {...rest}/>;",
    "$PATH and $HOME$, $5 or $6, $x_1$ and $$y^2$$",
    r"the area is \(x^2\), and \{a, b\}, 50\% of it",
    "\\[ x^2 + y^2 \\]",
    r"\\server\share and C:\dir\file",
    "docker run \\\n-v /a:/b",
    "[todo]: tomorrow",
    "[^1]: a note",
    "x < y > z",
    "callbacks[0](event) and [the page](./pages/setup.txt)",
    "![logo](logo.png)",
    "[open](http://localhost:8000/x)",
    "<http://localhost:8000>",
    "ssh <user@host.org>",
    "~5 or ~6",
    "👩‍💻 שלום عالم \u200bzero\u200dwidth",
    "Replace & with &amp; and < with &lt;, or &#60;, &#x3C; and &#91;.",
    "&nbsp;&copy;&NotEqualTilde; AT&T &T; &; &amp;amp;",
    r"\d+\.\d+ and e\.g\. v1\.2",
    r"\$HOME \& \$5 \&amp; sed 's/&/\&/'",
    "[todo]: a &amp; b",
    "[a &lt; b](./x.md)",
    "@decorator #define %s ^caret 'single' \"double\"",
]


@pytest.mark.parametrize("text", LITERAL)
def test_what_is_no_markup_stands_as_it_was_written(text: str) -> None:
    (page,) = pages(text)
    assert (page["text"], page["entities"]) == (text, [])


@pytest.mark.parametrize(
    "code",
    [
        *LITERAL,
        "- old\n+ new\n@@ -1 +1 @@",
        "```py\nnested\n```",
        "| a | b |\n|---|---|",
        "\\begin{x} \\\\ \\end{x}",
        "a" * 2000 + " " + "b" * 1000,
    ],
)
@pytest.mark.parametrize(
    "fence", ["````\n{}\n````", "~~~~ text\n{}\n~~~~", "`````\n{}", "> ````\n{}\n> ````"]
)
def test_a_code_block_stands_as_it_was_written(code: str, fence: str) -> None:
    quoted = "\n".join(f"> {line}" for line in code.split("\n")) if fence.startswith(">") else code
    (page,) = pages(fence.format(quoted))
    assert page["text"] == code
    assert "pre" in [entity["type"] for entity in page["entities"]]


def test_a_row_keeps_the_cells_that_its_table_has_not_and_an_empty_cell_stays_empty() -> None:
    (page,) = pages("| a | b |\n|---|---|\n| x || `y|z` |\n| 1 || \n")
    assert [line.split() for line in page["text"].split("\n")][2:] == [
        ["x", "|", "|", "`y|z`"],
        ["1", "|", "|"],
    ]


def test_the_address_of_a_link_in_a_table_is_written_out() -> None:
    (page,) = pages("| [site](https://e.x/a) |\n|---|\n")
    assert page["text"] == "site (https://e.x/a)"


def test_an_address_is_a_link_as_it_stands() -> None:
    (page,) = pages("<http://e.x/$a?b=1&c=$2>")
    assert page["text"] == "http://e.x/$a?b=1&c=$2"
    assert page["entities"][0]["url"] == page["text"]


def test_a_link_without_a_text_shows_its_address() -> None:
    (page,) = pages("see [](https://e.x/a)")
    assert page["text"] == "see https://e.x/a"


def test_blocks_of_a_list_stand_apart() -> None:
    (page,) = pages("- a\n  > b\n- c\n  <div>\n- d\n  ```\n  e\n  ```\n  f\n")
    assert [line.strip() for line in page["text"].strip().split("\n")] == [
        "• a",
        "b",
        "• c",
        "<div>",
        "• d",
        "e",
        "f",
    ]


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        (r"1\. is no list, and \d\. is none", r"1. is no list, and \d\. is none"),
        ("2024\\. A year\n> 7\\. quoted", "2024. A year\n7. quoted"),
        (r"\*not bold\*, \_nor\_ \`code\` \# \- \+ \!", "*not bold*, _nor_ `code` # - + !"),
        ("# A &amp; B", "A &amp; B"),
        ("**a &lt; b** and `c &gt; d`", "a &lt; b and c &gt; d"),
        ("[a &amp; b](https://e.x/a)", "a &amp; b"),
        ("```html &amp;.txt\n&lt;\n```", "&amp;.txt\n&lt;"),
        ("| a &amp; |\n|---|\n| &lt; |\n", "a &amp;\n-------\n&lt;"),
    ],
)
def test_only_what_is_markup_goes_away(markdown: str, text: str) -> None:
    (page,) = pages(markdown)
    assert page["text"].strip() == text


@pytest.mark.parametrize("nothing", ["", " \n"])
def test_an_empty_answer_has_no_page(nothing: str) -> None:
    assert not pages(nothing)


@pytest.mark.parametrize("invisible", ["\u200b", "\u2800\u3164", "\u202e\u200f", "\u200b" * 9000])
def test_an_answer_that_shows_nothing_has_one_page_for_the_closing_text(invisible: str) -> None:
    assert len(pages(invisible)) == 1


def test_of_many_formats_the_links_stay() -> None:
    (page,) = pages("**a** " * 100 + "[x](https://e.x/a)")
    assert len(page["entities"]) == 100
    assert "text_link" in [entity["type"] for entity in page["entities"]]


def test_the_file_name_that_heads_a_code_block_is_shown() -> None:
    (page,) = pages('```python src/app.py\nx = 1\n```\n```js {1,3} title="b.js"\ny\n```')
    assert page["text"] == 'src/app.py\nx = 1\n{1,3} title="b.js"\ny'
    assert [e.get("language") for e in page["entities"] if e["type"] == "pre"] == ["python", "js"]


def test_a_long_row_of_a_table_stays_one_row() -> None:
    long = "word " * 500
    found = pages(f"| a | b |\n|---|---|\n| {long} | end |\n")
    assert "".join(page["text"] for page in found).count("\n") == 2
