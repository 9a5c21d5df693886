"""Joins what a person sent at once and comes as several messages: an album, or a text that an app has cut."""

from collections.abc import Container, Mapping, Sequence
from itertools import takewhile
from typing import Any

from bot_platform.telegram.salvage import JOINED

Json = Mapping[str, Any]

WAIT_SECONDS = 2.0  # for the parts that follow; an app sends them at once
MAX_PART_UNITS = 4096  # of UTF-16: Telegram takes no more in one message
MIN_PART_UNITS = MAX_PART_UNITS // 2  # an app cuts at the end of a line or word in the second half
MAX_PARTS = 20
# What makes a message something of its own, and no part of the text before it.
OWN = ("forward_origin", "media_group_id", "via_bot")
# The same, unless the first part has it too: apps send each part of an answer as an answer.
ABOUT = ("reply_to_message", "external_reply", "quote")


def may_go_on(update: Json) -> bool:
    """Whether more may come: an update is of an album, or its text so long that an app may have cut it."""
    return _album(update) is not None or _units(_text(update)) >= MIN_PART_UNITS


def join(first: Json, others: Sequence[Json], commands: Container[str]) -> tuple[dict[str, Any], int]:
    """Make one update of the first one and those that continue it; return how many these are.

    A text that begins with one of the `commands` (in small letters) is no part of another one; a joined text
    is marked with JOINED.
    """
    if album := _album(first):
        more = list(takewhile(lambda other: _album(other) == album, others))
        return _with_all_captions(first, [first, *more]), len(more)
    parts, last = [_text(first)], first
    for other in others[: MAX_PARTS - 1]:
        if not may_go_on(last) or _command(other) in commands or not _continues(first, last, other):
            break
        parts += ["" if _is_cut_in_a_word(parts[-1]) else "\n", _text(other)]
        last = other
    if last is first:
        return dict(first), 0
    text = {"text": "".join(parts), JOINED: True}
    return {**first, "message": {**first["message"], **text}}, len(parts) // 2


def _with_all_captions(first: Json, album: Sequence[Json]) -> dict[str, Any]:
    """Return the message of an album that has a caption, with those of the others; a command is first."""
    titled = [one["message"] for one in album if _field(one, "caption")]
    if not titled:
        return dict(first)
    titled.sort(key=lambda message: not message["caption"].startswith("/"))
    if len(titled) == 1:
        return {**first, "message": titled[0]}
    captions = {"caption": "\n".join(message["caption"] for message in titled), JOINED: True}
    return {**first, "message": {**titled[0], **captions}}


def _command(update: Json) -> str | None:
    """Return the name after the slash with which a text begins, as `commands.command` reads it."""
    word = next(iter(_text(update).split(maxsplit=1)), "")
    return word[1:].partition("@")[0].casefold() if word.startswith("/") else None


def _continues(first: Json, last: Json, other: Json) -> bool:
    """Whether one update holds the next part of a text, written by the same person at once."""
    if not _text(other):
        return False
    before, message = last["message"], other["message"]
    if any(name in message for name in OWN) or _sender(message) is None:
        return False
    if any(message.get(name) not in (None, first["message"].get(name)) for name in ABOUT):
        return False
    if (_sender(message), message.get("message_thread_id")) != (
        _sender(before),
        before.get("message_thread_id"),
    ):
        return False
    dates = [before.get("date"), message.get("date")]
    return all(type(date) is int for date in dates) and 0 <= dates[1] - dates[0] <= WAIT_SECONDS


def _is_cut_in_a_word(part: str) -> bool:
    """Whether there was no other place to cut: apps trim the space or line end at which they cut."""
    return _units(part) >= MAX_PART_UNITS and not any(map(str.isspace, part[-MIN_PART_UNITS // 2 :]))


def _text(update: Json) -> str:
    return _field(update, "text") or ""


def _album(update: Json) -> str | None:
    return _field(update, "media_group_id")


def _field(update: Json, name: str) -> str | None:
    message = update.get("message")
    value = message.get(name) if isinstance(message, Mapping) else None
    return value if isinstance(value, str) else None


def _sender(message: Any) -> object:
    sender = message.get("from")
    return sender.get("id") if isinstance(sender, Mapping) else None


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", errors="replace")) // 2
