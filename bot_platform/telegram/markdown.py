"""Splits Markdown from a model into messages that Telegram accepts: text and entities."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from telegramify_markdown import convert, split_entities
from telegramify_markdown.config import RenderConfig

MAX_PAGE_UNITS = 3800  # of UTF-16; Telegram accepts 4096, and a closing text must fit below the page


def pages(markdown: str) -> Sequence[Mapping[str, Any]]:
    """Split an answer into pages of `text` and `entities`; only an empty answer has none."""
    text, entities = convert("\n".join(_lines(markdown)), latex_escape=False, config=_config())
    cut = [(part, found) for part, found in split_entities(text, entities, MAX_PAGE_UNITS) if part.strip()]
    if not cut:  # markup without text: show it as it was written
        cut = [(part, []) for part, _ in split_entities(markdown, [], MAX_PAGE_UNITS) if part.strip()]
    return [{"text": part, "entities": [entity.to_dict() for entity in found]} for part, found in cut]


def _lines(markdown: str) -> Iterator[str]:
    """Break long lines between two words, because a page can end only between two lines; code stays whole."""
    fenced = False
    for line in markdown.split("\n"):
        rest = line
        fenced ^= line.lstrip().startswith(("```", "~~~"))
        if fenced:
            yield line
            continue
        while len(rest) > MAX_PAGE_UNITS // 2 and (cut := rest.rfind(" ", 1, MAX_PAGE_UNITS // 2)) > 0:
            yield rest[:cut]
            rest = rest[cut + 1 :]
        yield rest


def _config() -> RenderConfig:
    """Show headings in bold only, without the library's emoji."""
    config = RenderConfig.isolated()
    symbols = config.markdown_symbol
    symbols.heading_level_1 = symbols.heading_level_2 = ""
    symbols.heading_level_3 = symbols.heading_level_4 = ""
    symbols.unordered_list_item = "•"
    return config
