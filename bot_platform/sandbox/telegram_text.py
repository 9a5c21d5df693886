"""What Telegram makes of a text: markup becomes entities, commands and links are found."""

import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from bot_platform.sandbox.telegram_rules import ApiError

MESSAGE_LENGTH = 4096
CAPTION_LENGTH = 1024

Entity = dict[str, Any]

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)([^<>]*)>")
_CHARACTER = re.compile(r"&(?:lt|gt|amp|quot|#\d{1,7}|#x[0-9a-fA-F]{1,6});")
_ATTRIBUTE = re.compile(r"""([a-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_FOUND_BY_ITSELF = re.compile(
    r"(?P<bot_command>(?<![\w/<>])/[A-Za-z0-9_]{1,32}(?:@\w{3,32})?\b)"
    r"|(?P<url>\bhttps?://[^\s<>\"«»]*[^\s<>\"«».,:;!?'\])}])"
)
_KINDS = {
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


def units(text: str) -> int:
    """Measure a text as Telegram does: in UTF-16 code units, as its entities count."""
    return len(text.encode("utf-16-le")) // 2


def understand(
    text: str, parse_mode: str | None, given: list[Entity] | None = None, *, limit: int = MESSAGE_LENGTH
) -> tuple[str, list[Entity]]:
    """Give the text as it is stored and its entities; refused when empty, too long or badly marked up."""
    entities = list(given or [])
    mode = (parse_mode or "").lower()
    if mode == "html":
        text, entities = _from_html(text)
    elif mode:
        raise ApiError(400, f"Bad Request: the sandbox does not understand parse_mode {parse_mode}")
    text, entities = _trimmed(text, entities)
    if not text and limit == MESSAGE_LENGTH:
        raise ApiError(400, "Bad Request: message text is empty")
    if units(text) > limit:
        what = "message is too long" if limit == MESSAGE_LENGTH else "message caption is too long"
        raise ApiError(400, f"Bad Request: {what}")
    entities += _found(text, entities)
    return text, sorted(entities, key=lambda entity: (entity["offset"], -entity["length"]))


def _trimmed(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    stripped = text.lstrip()
    lost = units(text) - units(stripped)
    stripped = stripped.rstrip()
    end = units(stripped)
    kept = []
    for entity in entities:
        start = max(entity["offset"] - lost, 0)
        length = min(entity["offset"] + entity["length"] - lost, end) - start
        if length > 0:
            kept.append({**entity, "offset": start, "length": length})
    return stripped, kept


def _found(text: str, entities: list[Entity]) -> list[Entity]:
    taken = [
        (entity["offset"], entity["offset"] + entity["length"])
        for entity in entities
        if entity["type"] in {"code", "pre", "text_link", "bot_command", "url"}
    ]
    found = []
    for match in _FOUND_BY_ITSELF.finditer(text):
        offset, length = units(text[: match.start()]), units(match.group())
        if all(offset + length <= start or offset >= end for start, end in taken):
            found.append({"type": str(match.lastgroup), "offset": offset, "length": length})
    return found


@dataclass
class _Html:
    text: str = ""
    entities: list[Entity] = field(default_factory=list)
    open: list[tuple[str, Entity]] = field(default_factory=list)

    def add(self, raw: str, at: int) -> None:
        if "<" in raw:
            raise _unparsable(f"Unsupported start tag at byte offset {at + raw.index('<')}")
        self.text += _CHARACTER.sub(lambda match: unescape(match.group()), raw)

    def start(self, tag: str, attributes: str, at: int) -> None:
        named = {name: double or single for name, double, single in _ATTRIBUTE.findall(attributes)}
        kind = "spoiler" if tag == "span" and named.get("class") == "tg-spoiler" else _KINDS.get(tag)
        if kind is None:
            raise _unparsable(f'Unsupported start tag "{tag}" at byte offset {at}')
        entity: Entity = {"type": kind, "offset": units(self.text), "length": 0}
        if tag == "a":
            entity["url"] = unescape(named.get("href", ""))
        self.open.append((tag, entity))

    def end(self, tag: str, at: int) -> None:
        if not self.open:
            raise _unparsable(f"Unexpected end tag at byte offset {at}")
        expected, entity = self.open.pop()
        if tag != expected:
            raise _unparsable(
                f'Unmatched end tag at byte offset {at}, expected "</{expected}>", found "</{tag}>"'
            )
        length = units(self.text) - entity["offset"]
        if length and entity.get("url", "-"):
            self.entities.append({**entity, "length": length})


def _from_html(source: str) -> tuple[str, list[Entity]]:
    parsed, at = _Html(), 0
    for match in _TAG.finditer(source):
        parsed.add(source[at : match.start()], at)
        closing, tag, attributes = match.group(1), match.group(2).lower(), match.group(3)
        if closing:
            parsed.end(tag, match.start())
        else:
            parsed.start(tag, attributes, match.start())
        at = match.end()
    parsed.add(source[at:], at)
    if parsed.open:
        raise _unparsable(f'Can\'t find end tag corresponding to start tag "{parsed.open[-1][0]}"')
    return parsed.text, parsed.entities


def _unparsable(why: str) -> ApiError:
    return ApiError(400, f"Bad Request: can't parse entities: {why}")
