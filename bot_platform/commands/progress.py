"""A line on standard error that says how far a command has come; where nobody looks, it stays silent."""

import sys
import time

EVERY = 0.2  # seconds between two looks of the line
WIDTH = 20


class Progress:
    """One line, written over itself."""

    def __init__(self, name: str) -> None:
        self._name, self._shown = name, 0.0

    def show(self, done: int, of: int | None = None, what: str = "rows") -> None:
        """Say how much is done, of how much where that is known."""
        if not sys.stderr.isatty() or time.monotonic() - self._shown < EVERY:
            return
        self._shown = time.monotonic()
        full = WIDTH * done // of if of else 0
        bar = f"{'▰' * full}{'▱' * (WIDTH - full)} {done}/{of}" if of else f"{done}"
        sys.stderr.write(f"\r{self._name} {bar} {what}\x1b[K")
        sys.stderr.flush()

    def end(self) -> None:
        """Take the line away."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
