"""Telegram's text processing: it parses markup into entities and detects commands and links."""

import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from bot_platform.sandbox.telegram_rules import ApiError

MAX_MESSAGE_UNITS = 4096
MAX_CAPTION_UNITS = 1024

Entity = dict[str, Any]

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)([^<>]*)>")
_CHARACTER_REFERENCE = re.compile(r"&(?:lt|gt|amp|quot|#\d{1,7}|#x[0-9a-fA-F]{1,6});")
_ATTRIBUTE = re.compile(r"""([a-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_DETECTED = re.compile(
    r"(?P<bot_command>(?<![\w/<>])/[A-Za-z0-9_]{1,32}(?:@\w{3,32})?\b)"
    r"|(?P<url>\bhttps?://[^\s<>\"«»]*[^\s<>\"«».,:;!?'\])}])"
)
_ENTITY_TYPES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "a": "text_link",
}


def utf16_length(text: str) -> int:
    """Return the length in UTF-16 code units, the unit of entity offsets."""
    return len(text.encode("utf-16-le")) // 2


def parse_text(
    text: str, parse_mode: str | None, given: list[Entity] | None = None, *, limit: int = MAX_MESSAGE_UNITS
) -> tuple[str, list[Entity]]:
    """Return the stored text and its entities. Raises ApiError if it is empty, too long or malformed."""
    entities = list(given or [])
    mode = (parse_mode or "").lower()
    if mode == "html":
        text, entities = _parse_html(text)
    elif mode:
        raise ApiError(400, f"Bad Request: the sandbox does not understand parse_mode {parse_mode}")
    text, entities = _strip(text, entities)
    if not text and limit == MAX_MESSAGE_UNITS:
        raise ApiError(400, "Bad Request: message text is empty")
    if utf16_length(text) > limit:
        what = "message is too long" if limit == MAX_MESSAGE_UNITS else "message caption is too long"
        raise ApiError(400, f"Bad Request: {what}")
    entities += _detect(text, entities)
    return text, sorted(entities, key=lambda entity: (entity["offset"], -entity["length"]))


def _strip(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    stripped = text.lstrip()
    stripped_units = utf16_length(text) - utf16_length(stripped)
    stripped = stripped.rstrip()
    end = utf16_length(stripped)
    remaining = []
    for entity in entities:
        start = max(entity["offset"] - stripped_units, 0)
        length = min(entity["offset"] + entity["length"] - stripped_units, end) - start
        if length > 0:
            remaining.append({**entity, "offset": start, "length": length})
    return stripped, remaining


def _detect(text: str, entities: list[Entity]) -> list[Entity]:
    occupied = [
        (entity["offset"], entity["offset"] + entity["length"])
        for entity in entities
        if entity["type"] in {"code", "pre", "text_link", "bot_command", "url"}
    ]
    detected = []
    for match in _DETECTED.finditer(text):
        offset, length = utf16_length(text[: match.start()]), utf16_length(match.group())
        if all(offset + length <= start or offset >= end for start, end in occupied):
            detected.append({"type": str(match.lastgroup), "offset": offset, "length": length})
    return detected


@dataclass
class _HtmlParser:
    text: str = ""
    entities: list[Entity] = field(default_factory=list)
    open: list[tuple[str, Entity]] = field(default_factory=list)

    def add(self, raw: str, at: int) -> None:
        if "<" in raw:
            raise _parse_error(f"Unsupported start tag at byte offset {at + raw.index('<')}")
        self.text += _CHARACTER_REFERENCE.sub(lambda match: unescape(match.group()), raw)

    def start(self, tag: str, attributes: str, at: int) -> None:
        attributes_by_name = {
            name: double or single for name, double, single in _ATTRIBUTE.findall(attributes)
        }
        type_ = (
            "spoiler"
            if tag == "span" and attributes_by_name.get("class") == "tg-spoiler"
            else _ENTITY_TYPES.get(tag)
        )
        if type_ is None:
            raise _parse_error(f'Unsupported start tag "{tag}" at byte offset {at}')
        entity: Entity = {"type": type_, "offset": utf16_length(self.text), "length": 0}
        if tag == "a":
            entity["url"] = unescape(attributes_by_name.get("href", ""))
        self.open.append((tag, entity))

    def end(self, tag: str, at: int) -> None:
        if not self.open:
            raise _parse_error(f"Unexpected end tag at byte offset {at}")
        expected, entity = self.open.pop()
        if tag != expected:
            raise _parse_error(
                f'Unmatched end tag at byte offset {at}, expected "</{expected}>", found "</{tag}>"'
            )
        length = utf16_length(self.text) - entity["offset"]
        if length and entity.get("url", "-"):
            self.entities.append({**entity, "length": length})


def _parse_html(source: str) -> tuple[str, list[Entity]]:
    parser, at = _HtmlParser(), 0
    for match in _TAG.finditer(source):
        parser.add(source[at : match.start()], at)
        closing, tag, attributes = match.group(1), match.group(2).lower(), match.group(3)
        if closing:
            parser.end(tag, match.start())
        else:
            parser.start(tag, attributes, match.start())
        at = match.end()
    parser.add(source[at:], at)
    if parser.open:
        raise _parse_error(f'Can\'t find end tag corresponding to start tag "{parser.open[-1][0]}"')
    return parser.text, parser.entities


def _parse_error(reason: str) -> ApiError:
    return ApiError(400, f"Bad Request: can't parse entities: {reason}")
