"""Reads Markdown so that nothing is dropped: what is not known as markup becomes text."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from bot_platform.telegram.bounded_layout import bounded
from bot_platform.telegram.link_definitions import BRACKET, escape_definitions
from bot_platform.telegram.literal_links import literal_links
from bot_platform.telegram.markdown_events import Found, parse, text_event

# Markup is CommonMark's core, tables, strikethrough and check boxes; a developer needs the rest as it stands.
# CommonMark lets a backslash escape these too, but they begin no markup: `\(x\)`, `C:\\dir`, `\%` are text.
LITERAL = b"\\(){},;:\"'/%@=^?$&."
LIST_NUMBER = re.compile(rb"(^|\n)[ \t>*+-]*\d{1,9}\\$")  # `1\. ` at the beginning of a line is no list
FENCE = re.compile(rb"[`~]{3,}([^\r\n]*)")
BEFORE_FORMULA, AFTER_FORMULA = re.compile(rb"(^|\n)[ \t>]*\\$"), re.compile(rb"\][ \t.,;]*(\r?\n|$)")
LANGUAGE = re.compile(r"[\w+#.-]*")
INLINE = ("Text", "Code", "InlineHtml")
SPANS = ("Strong", "Emphasis", "Strikethrough", "Link", "Image")
BLOCKS = ("Paragraph", "Heading", "CodeBlock", "BlockQuote", "Table")
KNOWN = frozenset({*SPANS, *BLOCKS, "List", "Item", "TableHead", "TableRow", "TableCell"})
KNOWN_LEAVES = frozenset({"Text", "Code", "TaskListMarker"})
KNOWN_SIGNS = frozenset({"SoftBreak", "HardBreak", "Rule"})


def read(markdown: str) -> tuple[str, Sequence[Found]]:
    """Parse Markdown; return the text that was parsed, and events that show all of it.

    Raises TooManyEvents.
    """
    text = escape_definitions(markdown)
    source = text.encode()
    found = list(literal_links(list(bounded(list(parse(text)), source)), source))
    found = list(_titled(list(_literal(found, source)), source))
    return text, list(_apart(list(_whole_rows(found, source))))


def _literal(found: Sequence[Found], source: bytes) -> Iterator[Found]:
    last, in_code = 0, False
    for one in found:
        in_code = (in_code or one.opens == "CodeBlock") and one.closes != "CodeBlock"
        yield from [one] if in_code else _shown(one, source, last)
        last = one.start if one.opens else max(last, one.end)


def _shown(one: Found, source: bytes, last: int) -> Iterator[Found]:
    """Yield an event as it is shown; `last` is where the one before it ends."""
    edge, name = ("Start" if one.opens else "End"), one.opens or one.closes
    if name == "HtmlBlock":
        yield one.becomes({edge: "Paragraph"})
    elif name == "Strikethrough" and source[one.start : one.start + 2] != b"~~":
        yield one.becomes(text_event("~"))  # one tilde means "about"
    elif html := one.holds.get("Html") or one.holds.get("InlineHtml"):
        yield one.becomes(text_event(html))
    elif _is_entity(one, source[one.start : one.end]):
        yield one.becomes(text_event(source[one.start : one.end].decode()))
    elif "Text" in one.holds and _is_literal_backslash(source, last, one.start):
        yield Found(text_event("\\" + one.holds["Text"]), one.start - 1, one.end)
    elif one.event == "HardBreak" and source[one.start : one.start + 1] == b"\\":
        yield one.becomes(text_event("\\"))  # a shell's line continues
        yield one
    elif name in KNOWN or KNOWN_LEAVES & one.holds.keys() or one.event in KNOWN_SIGNS:
        yield one
    elif not one.closes:
        yield one.becomes(text_event(source[one.start : one.end].decode()))


def _is_entity(one: Found, written: bytes) -> bool:
    """Whether the parser replaced what was written, such as `&amp;`, and a developer means that."""
    if "Text" not in one.holds or not written.startswith(b"&"):
        return False
    return written not in {BRACKET, one.holds["Text"].encode()}


def _is_literal_backslash(source: bytes, last: int, start: int) -> bool:
    """Whether a backslash before `start` was taken away by the parser, but escapes no markup."""
    if start - 1 < last or source[start - 1 : start] != b"\\":
        return False
    sign = source[start : start + 1]
    if sign == b"[":  # `\[ x^2 \]` on lines of its own
        return BEFORE_FORMULA.search(source, max(0, start - 80), start) is not None
    if sign == b"]":
        return AFTER_FORMULA.match(source, start) is not None
    if sign == b".":
        return LIST_NUMBER.search(source, max(0, start - 80), start) is None
    return sign in LITERAL


def _titled(found: Sequence[Found], source: bytes) -> Iterator[Found]:
    """Show what follows the language of a code block, as a file's name, and what heads an empty block."""
    for one, following in zip_longest(found, found[1:]):
        info = _info(one, source)
        language, _, title = info.partition(" ")
        if (following and following.closes == "CodeBlock") or not LANGUAGE.fullmatch(language):
            language, title = "", info
        if title.strip():
            yield one.becomes({"Start": "Paragraph"})
            yield one.becomes(text_event(title.strip()))
            yield one.becomes({"End": "Paragraph"})
        yield one.becomes({"Start": {"CodeBlock": {"Fenced": language}}}) if info else one


def _info(one: Found, source: bytes) -> str:
    """Return what stands behind the fence that begins a code block, as it was written."""
    if one.opens != "CodeBlock" or not isinstance(one.holds["Start"]["CodeBlock"], Mapping):
        return ""
    fence = FENCE.search(source, one.start, one.end)
    return fence[1].decode().strip() if fence else ""


def _whole_rows(found: Sequence[Found], source: bytes) -> Iterator[Found]:
    """Add the cells that a row of a table has too many: the parser takes them away."""
    last = 0
    for one in found:
        if one.opens in {"TableHead", "TableRow"}:
            last = one.start
        elif one.closes == "TableCell":
            last = one.end
        elif one.closes in {"TableHead", "TableRow"}:
            rest = source[last : one.end].decode().strip().removeprefix("|").removesuffix("|").strip()
            if rest:
                yield one.becomes({"Start": "TableCell"})
                yield one.becomes(text_event(rest))
                yield one.becomes({"End": "TableCell"})
        yield one


def _apart(found: Sequence[Found]) -> Iterator[Found]:
    """Put a line break between a text and a block that follow one another in the same item of a list."""
    after_text = after_block = False
    for one in found:
        is_text = any(kind in one.holds for kind in INLINE) or one.opens in SPANS
        begins_block = one.opens in BLOCKS or one.event == "Rule"
        if (after_text and begins_block) or (after_block and is_text):
            yield Found("SoftBreak", one.start, one.start)
        after_text = is_text or one.closes in SPANS
        after_block = one.event == "Rule" or one.closes in {"Heading", "CodeBlock", "BlockQuote", "Table"}
        yield one
