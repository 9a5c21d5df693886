"""Keeps Telegram's rules of entities, which the server would otherwise mend by dropping some."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from telegramify_markdown import MessageEntity

MAX_ENTITIES = 100  # of one message; Telegram drops those above it
CODE = ("pre", "code")
STYLES = ("bold", "italic", "underline", "strikethrough")
QUOTES = ("blockquote", "expandable_blockquote")


def valid(entities: Sequence[MessageEntity], *, most: int | None = None) -> list[MessageEntity]:
    """Cut styles around code, and drop what stands in one of its own kind; in order of their beginnings.

    Of more than `most` the links and code are kept before the styles.
    """
    ordered = sorted((one for one in entities if one.length > 0), key=lambda one: (one.offset, -one.length))
    quotes = _outermost([one for one in ordered if one.type in QUOTES])
    solid = _outermost([one for one in ordered if one.type not in (*QUOTES, *STYLES)])
    code = [one for one in solid if one.type in CODE]
    styles = [one for kind in STYLES for one in _outermost([o for o in ordered if o.type == kind])]
    cut = [part for style in styles for part in _around(style, code)]
    kept = [*solid, *quotes, *cut][:most]
    return sorted(kept, key=lambda one: (one.offset, -one.length))


def _outermost(ordered: Sequence[MessageEntity]) -> list[MessageEntity]:
    kept: list[MessageEntity] = []
    for one in ordered:
        if not kept or one.offset >= kept[-1].offset + kept[-1].length:
            kept.append(one)
    return kept


def _around(style: MessageEntity, code: Sequence[MessageEntity]) -> Iterator[MessageEntity]:
    """Yield the parts of a style that lie outside of code, which is in order and does not overlap."""
    start, end = style.offset, style.offset + style.length
    first = bisect_right(code, start, key=lambda one: one.offset + one.length)
    for n in range(first, len(code)):
        one = code[n]
        if one.offset >= end:
            break
        if one.offset > start:
            yield style.copy_with(offset=start, length=one.offset - start)
        start = one.offset + one.length
    if start < end:
        yield style.copy_with(offset=start, length=end - start)
