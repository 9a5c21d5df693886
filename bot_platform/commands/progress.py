"""A line on standard error that says how far a command has come: written over itself, or now and then."""

import sys
import time

EVERY = 0.2  # seconds between two looks of the line
IN_A_LOG = 10.0  # the same where it cannot be written over itself
WIDTH = 20


class Progress:
    """One line, written over itself."""

    def __init__(self, name: str) -> None:
        self._name, self._rewrites = name, sys.stderr.isatty()
        self._shown = time.monotonic()

    def show(self, done: int, of: int | None = None, what: str = "rows") -> None:
        """Say how much is done, of how much where that is known."""
        now = time.monotonic()
        if now - self._shown < (EVERY if self._rewrites else IN_A_LOG):
            return
        self._shown = now
        full = WIDTH * done // of if of else 0
        bar = f"{'▰' * full}{'▱' * (WIDTH - full)} {done}/{of}" if of else f"{done}"
        line = f"{self._name} {bar} {what}"
        sys.stderr.write(f"\r{line}\x1b[K" if self._rewrites else f"{line}\n")
        sys.stderr.flush()

    def end(self) -> None:
        """Take the line away."""
        if self._rewrites:
            sys.stderr.write("\r\x1b[K")
