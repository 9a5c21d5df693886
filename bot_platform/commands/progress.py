"""Shows the progress of a long command on standard error: one line that is rewritten, or lines in a log."""

import sys
import time

REWRITE_SECONDS = 0.2  # between two updates on a terminal
LOG_SECONDS = 10.0  # between two lines if standard error is not a terminal
BAR_CHARS = 20


class Progress:
    """The progress of one command."""

    def __init__(self, name: str) -> None:
        self._name, self._rewrites = name, sys.stderr.isatty()
        self._shown = time.monotonic()

    def show(self, done: int, of: int | None = None, what: str = "rows") -> None:
        """Show the count, and a bar if the total `of` is known; too frequent calls show nothing."""
        now = time.monotonic()
        if now - self._shown < (REWRITE_SECONDS if self._rewrites else LOG_SECONDS):
            return
        self._shown = now
        full = BAR_CHARS * done // of if of else 0
        bar = f"{'▰' * full}{'▱' * (BAR_CHARS - full)} {done}/{of}" if of else f"{done}"
        line = f"{self._name} {bar} {what}"
        sys.stderr.write(f"\r{line}\x1b[K" if self._rewrites else f"{line}\n")
        sys.stderr.flush()

    def end(self) -> None:
        """Remove the line from the terminal."""
        if self._rewrites:
            sys.stderr.write("\r\x1b[K")
