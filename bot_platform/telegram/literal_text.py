"""Escapes what the Markdown renderer would drop or hide, so that a reader sees all that the model wrote."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import pyromark

OPTIONS = pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH
MAX_PASSES = 8  # escaping one tag may uncover another; after these every `<` is escaped
HIDING = re.compile(r"(?<!\\)(?:\\\\)*(\|(?=\|)|\$)")  # `||spoilers||` and `$formulas$`, unless escaped
DEFINITION = re.compile(r"^([ \t>]*)\[(?=([^\]\n]+)\]:)", re.MULTILINE)

Range = tuple[int, int]  # in bytes of UTF-8


def escape_hidden(markdown: str) -> str:
    """Make HTML, spoilers, formulas and unused link definitions literal, everywhere but in code.

    A developer needs `git clone <url>` and `a || b` as they stand; CommonMark's own markup stays markup.
    """
    text = _outside_code(markdown, lambda part: HIDING.sub(_escape_last, part))
    text = _escape_definitions(text)
    for _ in range(MAX_PASSES):
        html = [found for kind, found in _ranges(text) if kind == "html"]
        if not html:
            return text
        text = _inside(text, html, _escape_tags)
    return _outside_code(text, _escape_tags)


def _escape_last(match: re.Match[str]) -> str:
    return f"{match[0][:-1]}\\{match[0][-1]}"


def _escape_tags(part: str) -> str:
    return part.replace("<", "&lt;")


def _escape_definitions(text: str) -> str:
    """Escape the definitions of links that no link refers to: `[todo]: tomorrow` is a sentence."""
    starts = [event["Start"] for event, _ in _events(text) if isinstance(event.get("Start"), dict)]
    used = {start["Link"]["id"].casefold() for start in starts if "Link" in start}

    def escape(match: re.Match[str]) -> str:
        label = match[2].strip().casefold()
        is_link = label in used and not label.startswith("^")  # `[^1]: ...` is a footnote, which is text
        return match[0] if is_link else f"{match[1]}\\["

    return _outside_code(text, lambda part: DEFINITION.sub(escape, part))


def _events(text: str) -> Iterator[tuple[Mapping[str, Any], Range]]:
    """Parse a text; yield each event that has content, and where it stands."""
    for event, where in pyromark.events_with_range(text, options=OPTIONS):
        if isinstance(event, dict):
            yield cast("Mapping[str, Any]", event), (where["start"], where["end"])


def _ranges(text: str) -> Iterator[tuple[str, Range]]:
    """Find the code and the HTML of a text, in order."""
    for event, where in _events(text):
        if "Code" in event or (isinstance(event.get("Start"), dict) and "CodeBlock" in event["Start"]):
            yield "code", where
        elif "Html" in event or "InlineHtml" in event:
            yield "html", where


def _inside(text: str, ranges: Sequence[Range], change: Callable[[str], str]) -> str:
    return "".join(change(part) if inside else part for inside, part in _split(text, ranges))


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    code = [found for kind, found in _ranges(text) if kind == "code"]
    return "".join(part if inside else change(part) for inside, part in _split(text, code))


def _split(text: str, ranges: Sequence[Range]) -> Iterator[tuple[bool, str]]:
    """Cut a text at the edges of ranges, and say which parts lie inside one."""
    raw, last = text.encode(), 0
    for start, end in ranges:
        if start < last:
            continue
        yield False, raw[last:start].decode()
        yield True, raw[start:end].decode()
        last = end
    yield False, raw[last:].decode()
