"""Cuts Markdown into messages that Telegram takes, whatever a model wrote: text and entities."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from telegramify_markdown import convert, split_entities
from telegramify_markdown.config import RenderConfig

from bot_platform.telegram.literal_text import escape_hidden

LONGEST = 3800  # UTF-16 units of a page; Telegram takes 4096, and a closing line has to fit


def pages(markdown: str) -> Sequence[Mapping[str, Any]]:
    """Cut an answer into pages of `text` and `entities`, in order; text that says anything has one."""
    text, entities = convert("\n".join(_lines(escape_hidden(markdown))), latex_escape=False, config=_looks())
    cut = [(part, found) for part, found in split_entities(text, entities, LONGEST) if part.strip()]
    if not cut:  # markup around nothing: say it as it was written
        cut = [(part, []) for part, _ in split_entities(markdown, [], LONGEST) if part.strip()]
    return [{"text": part, "entities": [entity.to_dict() for entity in found]} for part, found in cut]


def _lines(markdown: str) -> Iterator[str]:
    """Break lines of prose longer than half a page between two words: a page ends between two lines."""
    fenced = False
    for line in markdown.split("\n"):
        rest = line
        fenced ^= line.lstrip().startswith(("```", "~~~"))
        if fenced:
            yield line
            continue
        while len(rest) > LONGEST // 2 and (cut := rest.rfind(" ", 1, LONGEST // 2)) > 0:
            yield rest[:cut]
            rest = rest[cut + 1 :]
        yield rest


def _looks() -> RenderConfig:
    """Leave out the library's pictures before headings: bold says enough."""
    looks = RenderConfig.isolated()
    symbols = looks.markdown_symbol
    symbols.heading_level_1 = symbols.heading_level_2 = ""
    symbols.heading_level_3 = symbols.heading_level_4 = ""
    symbols.unordered_list_item = "•"
    return looks
