"""The reliability tests in full size, on two cores, with a line that tells how far they are."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.reliability.report import PROGRESS, progress_line

WORKERS = 3
LINE_EVERY = 15.0  # seconds, where the line can't be rewritten


def main(arguments: Sequence[str]) -> int:
    """Run pytest as a child and tell how far it is; `arguments` go to it."""
    with tempfile.TemporaryDirectory(prefix="reliability-") as folder:
        command = [sys.executable, "-m", "pytest", str(Path(__file__).parent), "--full", "-q"]
        command += ["-n", str(WORKERS), "--dist", "worksteal", "--tb", "short", *arguments]
        begun, last = time.monotonic(), 0.0
        rewrites = sys.stdout.isatty()
        with subprocess.Popen(command, env=os.environ | {PROGRESS: folder}) as child:
            while child.poll() is None:
                time.sleep(1)
                passed = time.monotonic() - begun
                line = progress_line(Path(folder))
                if not line or (not rewrites and passed - last < LINE_EVERY):
                    continue
                last = passed
                told = f"{passed // 60:3.0f}:{passed % 60:02.0f}  {line}"
                sys.stdout.write(f"\r\x1b[2K{told[: _width()]}" if rewrites else f"{told}\n")
                sys.stdout.flush()
        return child.returncode


def _width() -> int:
    return os.get_terminal_size().columns - 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
