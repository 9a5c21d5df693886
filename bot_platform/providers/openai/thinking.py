"""Takes a model's reasoning out of its answer, where it comes as `<think>...</think>` in the text."""

import re
from dataclasses import dataclass, field

from bot_platform.providers.openai.code_tracker import CodeTracker
from bot_platform.work.engine.reasoning_tags import CLOSING, MAX_TAG_CHARS, TAG, TAGS

REST_OF_LINE = re.compile(r"[ \t]*")
# What stands before and behind a tag of which a sentence speaks.
BLANKS, BLANKS_AND_STOPS = " \t", " \t.,;:!?"
QUOTES = frozenset({'""', "''", "()", "[]", "“”", "«»", "**", "__"})


@dataclass(slots=True)
class Shown:
    """What a piece of the stream adds to the answer.

    `retracts` says that all that was shown before was reasoning too: only the closing tag came,
    because the opening one was part of the prompt.
    """

    text: str
    retracts: bool = False


@dataclass(slots=True)
class _Taken:
    """What was taken of a piece so far."""

    parts: list[str] = field(default_factory=list)
    retracts: bool = False


@dataclass(slots=True)
class ThinkFilter:
    """Follows one answer; no tag counts inside code, and none of which a sentence speaks.

    What is shown in the end does not depend on how the text is cut into pieces: what can only be judged with
    the signs that follow is held back until they come.
    """

    is_thinking: bool = False
    has_reasoned: bool = False
    _closed: bool = False  # a block of reasoning has ended before
    _has_shown: bool = False
    _blank: str = ""  # blank signs at the beginning: shown only if no reasoning stood before the answer
    _code: CodeTracker = field(default_factory=CodeTracker)
    _held: str = ""

    def feed(self, piece: str) -> Shown:
        """Take the next piece of the stream; return what of it is answer."""
        return self._read(piece, is_end=False)

    def end(self) -> Shown:
        """Return what was held back, once the stream has ended."""
        return self._read("", is_end=True)

    def _read(self, piece: str, *, is_end: bool) -> Shown:
        text, self._held = self._held + piece, ""
        taken, at = _Taken(), 0
        while at < len(text):
            if self.is_thinking:
                at = self._skip_reasoning(text, at)
            else:
                at = self._take_answer(text, at, taken, is_end=is_end)
        return Shown("".join(taken.parts), taken.retracts)

    def _skip_reasoning(self, text: str, at: int) -> int:
        """Skip the reasoning that begins at a place in the text; return where it ends."""
        found = CLOSING.search(text, at)
        if found is None:
            self._held = text[max(at, len(text) - MAX_TAG_CHARS + 1) :]
            return len(text)
        self.is_thinking, self._closed = False, True
        return found.end()

    def _take_answer(self, text: str, at: int, taken: "_Taken", *, is_end: bool) -> int:
        """Take the answer that begins at a place in the text, up to a tag; return the place behind it."""
        found = TAG.search(text, at)
        start = found.start() if found else _begun_tag(text, at)
        self._take(text[at:start], taken)
        if self._code.is_inside or start == len(text):
            pass
        elif not is_end and (found is None or REST_OF_LINE.fullmatch(text, found.end())):
            self._held = text[start:]  # only the next signs tell what it is
            return len(text)
        elif found and self._counts(text, found):
            if _closes(found):
                self._retract(taken)
            else:
                self.is_thinking = self.has_reasoned = True
            return found.end()
        end = found.end() if found else len(text)
        self._take(text[start:end], taken)
        return end

    def _take(self, text: str, taken: "_Taken") -> None:
        self._code.add(text)
        taken.parts.append(self._without_margin(text))

    def _counts(self, text: str, tag: re.Match[str]) -> bool:
        """Whether a tag is one: it stands at an end of its line, or no sentence speaks of it.

        A closing tag without an opening one ends reasoning too. Once a block has ended, it must have the line
        to itself: some models reason a second time.
        """
        before, after = self._code.last_sign, text[tag.end() : tag.end() + 1]
        rest = REST_OF_LINE.match(text, tag.end())
        ends_line = rest is None or text[rest.end() : rest.end() + 1] in {"", "\r", "\n"}
        if _closes(tag) and self._closed:
            return self._code.is_line_start and ends_line
        if not _closes(tag) and before.isalnum():  # such as List<Thought>
            return False
        return self._code.is_line_start or ends_line or not _is_spoken_of(before, after)

    def _retract(self, taken: "_Taken") -> None:
        taken.parts.clear()
        taken.retracts = True
        self._closed = self.has_reasoned = True
        self._has_shown, self._blank, self._code = False, "", CodeTracker()

    def _without_margin(self, text: str) -> str:
        """Leave out blank lines between the reasoning and the answer."""
        if self._has_shown or not text:
            return text
        if text.isspace():
            self._blank += text
            return ""
        self._has_shown = True
        return text.lstrip() if self._closed else self._blank + text


def _begun_tag(text: str, at: int) -> int:
    """Return where a tag begins that the text ends in, or the end of the text."""
    last = range(max(at, len(text) - MAX_TAG_CHARS + 1), len(text))
    return next((start for start in last if _may_become_tag(text[start:])), len(text))


def _may_become_tag(begun: str) -> bool:
    begun = begun.lower() if begun[0] == "<" else begun
    return any(tag.startswith(begun) for tag in TAGS)


def _closes(tag: re.Match[str]) -> bool:
    return tag[0][1] == "/"


def _is_spoken_of(before: str, after: str) -> bool:
    """Whether the signs around a tag are those around a word in a sentence."""
    return (before in BLANKS and after in BLANKS_AND_STOPS) or before + after in QUOTES
