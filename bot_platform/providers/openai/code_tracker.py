"""Follows Markdown as it comes, to know whether its end lies inside code."""

import re
from dataclasses import dataclass

FENCE = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(`{3,}|~{3,})([^\n]*)")


@dataclass(slots=True)
class CodeTracker:
    """The fence that is open, and the line that has not ended yet."""

    _fence: str = ""
    _line: str = ""

    def add(self, text: str) -> None:
        """Take the next text."""
        *ended, self._line = (self._line + text).split("\n")
        for line in ended:
            self._fence = _fence_after(self._fence, line)

    @property
    def is_line_start(self) -> bool:
        """Whether nothing but blanks stands before in this line."""
        return not self._line.strip()

    @property
    def is_inside(self) -> bool:
        """Whether the text ends inside a fenced block, or inside inline code of its last line."""
        return bool(self._fence or _fence_after("", self._line)) or self._line.count("`") % 2 == 1


def _fence_after(fence: str, line: str) -> str:
    """Return the fence that is open after a line; empty for none."""
    found = FENCE.match(line)
    if found is None:
        return fence
    if not fence:
        return found[1] if found[1][0] == "~" or "`" not in found[2] else ""
    return "" if found[1].startswith(fence) and not found[2].strip() else fence
