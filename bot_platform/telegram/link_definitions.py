"""Shows definitions of links that no link uses: the parser takes `[todo]: tomorrow` away."""

import re
from collections.abc import Iterator, Sequence

from bot_platform.telegram.markdown_events import Found, TooManyEvents, parse

# A label has 999 characters at most, and so each bracket costs no more than that.
DEFINITION = re.compile(rb"\[((?:[^\[\]\\]|\\.){1,999}+)\]:\s*+<?([^\s>]*+)", re.DOTALL)
MAX_ROUNDS = 5  # each may find definitions that the one before has left without a use
# An entity, because a backslash may be shown as it stands; nobody else writes it with these zeros.
BRACKET = b"&#0000091;"
HOST = re.compile(r"https?://([^\s/?#]*+)", re.IGNORECASE)
DOT, BLANK = re.compile(r"[^.]\.[^.]"), re.compile(r"\s")
CONTAINERS = ("BlockQuote", "List", "Item")  # a definition stands inside of these, and inside of nothing else


def is_link(address: str) -> bool:
    """Whether Telegram makes a link of an address; it drops a relative one, and one of this machine."""
    host = HOST.match(address)
    return bool(host and DOT.search(host[1]) and not BLANK.search(address))


def escape_definitions(text: str) -> str:
    """Escape each definition that defines no link of this text, until all that is left is used.

    Raises TooManyEvents, also when there is no end to it.
    """
    if "]:" not in text:
        return text
    for _ in range(MAX_ROUNDS):
        found = list(parse(text))
        source = text.encode()
        unused = list(_unused(found, source))
        if not unused:
            return text
        edges = [0, *(at + 1 for at in unused)]
        parts = [source[start:at] for start, at in zip(edges, unused, strict=False)]
        text = BRACKET.join([*parts, source[edges[-1] :]]).decode()
    raise TooManyEvents


def _unused(found: Sequence[Found], source: bytes) -> Iterator[int]:
    """Find the opening brackets of definitions that are not used, repeated, or lead nowhere."""
    links = [one.holds["Start"][one.opens] for one in found if one.opens in {"Link", "Image"}]
    used = {_label(link["id"]) for link in links if link["id"]}
    for at in _definitions(found, source):
        match = DEFINITION.match(source, at)
        label = _label(match[1].decode(errors="replace")) if match else ""
        is_used = match and label in used and is_link(match[2].decode(errors="replace"))
        if is_used and not label.startswith("^"):  # `[^1]: ...` is a footnote, which is text
            used.discard(label)
        else:
            yield at


def _definitions(found: Sequence[Found], source: bytes) -> Iterator[int]:
    """Find lines that belong to no block; what begins there with a bracket is a definition."""
    last = 0
    for one in sorted(found, key=lambda one: (one.start, one.end)):
        if one.opens in CONTAINERS or one.closes in CONTAINERS:
            continue
        yield from _brackets(source, last, one.start)
        last = max(last, one.end)
    yield from _brackets(source, last, len(source))


def _brackets(source: bytes, start: int, end: int) -> Iterator[int]:
    for line in re.finditer(rb"[^\n\r]+", source[start:end]):
        if (at := line[0].find(b"[")) >= 0:
            yield start + line.start() + at


def _label(text: str) -> str:
    return " ".join(text.split()).casefold()
