"""Splits Markdown from a model into messages that Telegram accepts: text and entities."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from telegramify_markdown import MessageEntity, split_entities, utf16_len
from telegramify_markdown.config import RenderConfig
from telegramify_markdown.converter import EventWalker

from bot_platform.flows.context import MAX_ANSWER_MESSAGES
from bot_platform.telegram.literal_text import read
from bot_platform.telegram.markdown_events import TooManyEvents
from bot_platform.telegram.valid_entities import MAX_ENTITIES, valid

MAX_PAGE_UNITS = 3800  # of UTF-16; Telegram accepts 4096, and a closing text must fit below the page
MAX_LINE_CHARS = MAX_PAGE_UNITS // 2
MAX_PAGES = MAX_ANSWER_MESSAGES + 1  # one more than are sent tells that there is more
INVISIBLE = frozenset("\u2800\u3164\u115f\u1160\uffa0\ufffc")  # blank, though letters and signs by category
INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Me", "Cn", "Cs"})


def pages(markdown: str) -> Sequence[Mapping[str, Any]]:
    """Split an answer into pages of `text` and `entities`; only an empty answer has none.

    More than MAX_PAGES are not made. Some texts of 40,000 characters take a second.
    """
    markdown = markdown.encode("utf-16", "surrogatepass").decode(
        "utf-16", "replace"
    )  # half a pair is no text
    # Not less than what came: markup without text is shown as it was written.
    shown = _split(*_formatted(markdown)) or _split(markdown, [])
    # A closing text below it makes a page of invisible signs one that can be sent.
    return shown or ([{"text": markdown[:MAX_LINE_CHARS], "entities": []}] if markdown.strip() else [])


def _formatted(markdown: str) -> tuple[str, list[MessageEntity]]:
    try:
        parsed, found = read(markdown)
    except TooManyEvents:
        return markdown, []
    events = tuple((one.event, {"start": one.start, "end": one.end}) for one in found)
    text, entities, _ = EventWalker(_config(), parsed).walk(events)
    return text, valid(entities)


def _split(text: str, entities: Sequence[MessageEntity]) -> Sequence[Mapping[str, Any]]:
    text = _break_lines(text[: MAX_PAGES * MAX_PAGE_UNITS], entities)
    cut = split_entities(text, list(entities), MAX_PAGE_UNITS)[:MAX_PAGES]
    return [
        {"text": part, "entities": [entity.to_dict() for entity in valid(inside, most=MAX_ENTITIES)]}
        for part, inside in cut
        if is_visible(part)
    ]


def is_visible(text: str) -> bool:
    """Whether a text shows anything; Telegram refuses one that does not."""
    return any(
        sign not in INVISIBLE and unicodedata.category(sign) not in INVISIBLE_CATEGORIES for sign in text
    )


def _break_lines(text: str, entities: Sequence[MessageEntity]) -> str:
    """Break long lines between two words, because a page can end only between two lines; code stays whole.

    A space becomes a line break, so that every entity stays where it is. The entities are in order, and code
    does not overlap.
    """
    code = [one for one in entities if one.type in {"pre", "code"}]
    lines, offset, n = [], 0, 0
    for line in text.split("\n"):
        end = offset + utf16_len(line)
        while n < len(code) and code[n].offset + code[n].length <= offset:
            n += 1
        is_code = n < len(code) and code[n].offset < end
        lines.append(line if is_code else _broken(line))
        offset = end + 1
    return "\n".join(lines)


def _broken(line: str) -> str:
    start = 0
    while (
        len(line) - start > MAX_LINE_CHARS and (cut := line.rfind(" ", start + 1, start + MAX_LINE_CHARS)) > 0
    ):
        line = f"{line[:cut]}\n{line[cut + 1 :]}"
        start = cut + 1
    return line


def _config() -> RenderConfig:
    """Show headings in bold only, without the library's emoji."""
    config = RenderConfig.isolated()
    symbols = config.markdown_symbol
    symbols.heading_level_1 = symbols.heading_level_2 = ""
    symbols.heading_level_3 = symbols.heading_level_4 = ""
    symbols.unordered_list_item = "•"
    return config
