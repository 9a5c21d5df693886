"""Takes a model's reasoning out of its answer, where it comes as `<think>...</think>` in the text."""

import re
from dataclasses import dataclass, field

from bot_platform.providers.openai.code_tracker import CodeTracker

NAMES = ("think", "thinking", "thought", "reasoning")
# By ASCII alone: of some letters the lower case is longer, and a place in it would be another.
TAG = re.compile(rf"<(/?)(?:{'|'.join(NAMES)})>", re.IGNORECASE | re.ASCII)
CLOSING = re.compile(rf"</(?:{'|'.join(NAMES)})>", re.IGNORECASE | re.ASCII)
TAGS = tuple(f"<{slash}{name}>" for slash in ("", "/") for name in NAMES)
MAX_TAG_CHARS = max(map(len, TAGS))
REST_OF_LINE = re.compile(r"[ \t]*")


@dataclass(slots=True)
class Shown:
    """What a piece of the stream adds to the answer.

    `retracts` says that all that was shown before was reasoning too: only the closing tag came,
    because the opening one was part of the prompt.
    """

    text: str
    retracts: bool = False


@dataclass(slots=True)
class ThinkFilter:
    """Follows one answer; a tag counts only where a line begins, and not inside a code block.

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
        shown = Shown("")
        while text:
            if self.is_thinking:
                text = self._skip_reasoning(text)
            else:
                text = self._take_answer(text, shown, is_end=is_end)
        return shown

    def _skip_reasoning(self, text: str) -> str:
        found = CLOSING.search(text)
        if found is None:
            self._held = text[-(MAX_TAG_CHARS - 1) :]
            return ""
        self.is_thinking, self._closed = False, True
        return text[found.end() :]

    def _take_answer(self, text: str, shown: Shown, *, is_end: bool) -> str:
        """Move the answer from `text` to `shown`, up to a tag that counts; return what follows it."""
        at = text.find("<")
        before = text if at < 0 else text[:at]
        self._show(before, shown)
        if at < 0:
            return ""
        rest = text[at:]
        if not self._code.is_inside:
            if not is_end and self._needs_more(rest):
                self._held = rest
                return ""
            if found := TAG.match(rest):
                after = rest[found.end() :]
                if found[1] and self._counts_alone(after):
                    self._retract(shown)
                    return after
                if not found[1] and self._code.is_line_start:
                    self.is_thinking = self.has_reasoned = True
                    return after
        self._show("<", shown)
        return rest[1:]

    def _show(self, text: str, shown: Shown) -> None:
        self._code.add(text)
        shown.text += self._without_margin(text)

    def _needs_more(self, rest: str) -> bool:
        """Whether only the next signs tell if this is a tag, or if it ends its line."""
        found = TAG.match(rest)
        if found is None:
            return any(tag.startswith(rest.lower()) for tag in TAGS)
        waits = found[1] and self._closed == self._code.is_line_start
        return bool(waits) and REST_OF_LINE.fullmatch(rest, found.end()) is not None

    def _counts_alone(self, after: str) -> bool:
        """Whether a closing tag without an opening one ends reasoning: it stands at an end of its line.

        Once a block has ended, it must have the line to itself: some models reason a second time.
        """
        rest = after.lstrip(" \t")
        ends_line = not rest or rest[0] in "\r\n"
        if self._closed:
            return self._code.is_line_start and ends_line
        return self._code.is_line_start or ends_line

    def _retract(self, shown: Shown) -> None:
        shown.text, shown.retracts = "", True
        self._closed = self.has_reasoned = True
        self._has_shown, self._blank, self._code = False, "", CodeTracker()

    def _without_margin(self, text: str) -> str:
        """Leave out blank lines between the reasoning and the answer."""
        if self._has_shown or not text:
            return text
        text = self._blank + text
        if text.isspace():
            self._blank = text
            return ""
        self._has_shown = True
        return text.lstrip() if self._closed else text
