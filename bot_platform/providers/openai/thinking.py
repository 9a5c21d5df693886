"""Takes a model's reasoning out of its answer, where it comes as `<think>...</think>` in the text."""

import re
from dataclasses import dataclass, field

OPENINGS = ("<think>", "<thinking>", "<reasoning>")
CLOSINGS = ("</think>", "</thinking>", "</reasoning>")
MAX_TAG_CHARS = max(map(len, (*OPENINGS, *CLOSINGS)))
FENCE = re.compile(r"^[ \t]{0,3}(```|~~~)", re.MULTILINE)


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
    """Follows one answer; a tag counts only where a line begins, and not inside a code block."""

    is_thinking: bool = False
    _closed: bool = False  # a block of reasoning has ended before
    _shown: str = ""  # all of the answer so far
    _held: str = field(default="")  # the end of the stream so far, which may be the beginning of a tag

    def feed(self, piece: str) -> Shown:
        """Take the next piece of the stream; return what of it is answer."""
        text, self._held = self._held + piece, ""
        shown = Shown("")
        while text:
            text = self._skip_reasoning(text) if self.is_thinking else self._take_answer(text, shown)
        if self._closed and not self._shown:  # blank lines between the reasoning and the answer
            shown.text = shown.text.lstrip("\r\n ")
        self._shown += shown.text
        return shown

    def end(self) -> Shown:
        """Return what was held back, once the stream has ended."""
        held, self._held = self._held, ""
        if self.is_thinking:
            return Shown("")
        self._shown += held
        return Shown(held)

    def _skip_reasoning(self, text: str) -> str:
        found = _first(text, CLOSINGS)
        if found is None:
            self._held = text[-(MAX_TAG_CHARS - 1) :] if "<" in text[-(MAX_TAG_CHARS - 1) :] else ""
            return ""
        self.is_thinking, self._closed = False, True
        return text[found[1] :]

    def _take_answer(self, text: str, shown: Shown) -> str:
        """Move the answer from `text` to `shown`; return what follows a tag."""
        start = 0
        while (at := text.find("<", start)) >= 0:
            before = self._shown + shown.text + text[:at]
            if _inside_code(before):
                start = at + 1
                continue
            rest = text[at:].lower()
            if opening := next((tag for tag in OPENINGS if rest.startswith(tag)), None):
                if _at_line_start(before):
                    shown.text += text[:at]
                    self.is_thinking = True
                    return text[at + len(opening) :]
            elif closing := next((tag for tag in CLOSINGS if rest.startswith(tag)), None):
                after = text[at + len(closing) :]
                if not self._closed and (
                    _at_line_start(before) or not after.strip(" \t") or after[0] in "\r\n"
                ):
                    shown.text, shown.retracts, self._shown = "", True, ""
                    self._closed = True
                    return after
            elif any(tag.startswith(rest) for tag in (*OPENINGS, *CLOSINGS)):  # perhaps a tag: wait for more
                shown.text += text[:at]
                self._held = text[at:]
                return ""
            start = at + 1
        shown.text += text
        return ""


def _first(text: str, tags: tuple[str, ...]) -> tuple[int, int] | None:
    """Return where the first of the tags begins and ends."""
    # Not by text.lower(): of some letters that is longer, and the place would be another.
    found = re.search("|".join(map(re.escape, tags)), text, re.IGNORECASE | re.ASCII)
    return found.span() if found else None


def _at_line_start(before: str) -> bool:
    return not before.rpartition("\n")[2].strip()


def _inside_code(before: str) -> bool:
    """Whether the text ends inside a fenced block, or inside inline code of its last line."""
    if len(FENCE.findall(before)) % 2:
        return True
    return before.rpartition("\n")[2].count("`") % 2 == 1
