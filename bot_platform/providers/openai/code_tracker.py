"""Follows Markdown as it comes, to know whether its end lies inside code."""

import re
from dataclasses import dataclass, field

FENCE = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(`{3,}|~{3,})([^\n]*)")
MAX_HEAD_CHARS = 200  # of a line: a fence begins within them


@dataclass(slots=True)
class CodeTracker:
    """The fence that is open, and the line that has not ended yet; a long line is not kept."""

    _fence: str = ""
    _head: str = ""  # the beginning of the line
    _found: re.Match[str] | None = field(default=None, compare=False)  # the fence in it
    _ticks: int = 0  # in all of the line
    _is_blank: bool = True  # the line
    _is_tail_blank: bool = True  # what follows the head
    _last: str = ""  # sign of the line

    def add(self, text: str) -> None:
        """Take the next text."""
        first, *others = text.split("\n")
        self._extend(first)
        for line in others:
            self._fence = self._fence_after(self._fence)
            self._head, self._found, self._ticks, self._last = "", None, 0, ""
            self._is_blank = self._is_tail_blank = True
            self._extend(line)

    @property
    def is_line_start(self) -> bool:
        """Whether nothing but blanks stands before in this line."""
        return self._is_blank

    @property
    def last_sign(self) -> str:
        """The last sign of this line; empty where a line begins."""
        return self._last

    @property
    def is_inside(self) -> bool:
        """Whether the text ends inside a fenced block, or inside inline code of its last line."""
        return bool(self._fence or self._fence_after("")) or self._ticks % 2 == 1

    def _extend(self, part: str) -> None:
        if not part:
            return
        room = MAX_HEAD_CHARS - len(self._head)
        if room > 0:
            self._head += part[:room]
            self._found = FENCE.match(self._head)
        self._ticks += part.count("`")
        self._last = part[-1]
        self._is_blank = self._is_blank and not part.strip()
        self._is_tail_blank = self._is_tail_blank and not part[max(0, room) :].strip()

    def _fence_after(self, fence: str) -> str:
        """Return the fence that is open after this line, if `fence` was before; empty for none."""
        found = self._found
        if found is None:
            return fence
        if not fence:
            return found[1] if found[1][0] == "~" or self._ticks == len(found[1]) else ""
        ends = found[1].startswith(fence) and not found[2].strip() and self._is_tail_blank
        return "" if ends else fence
