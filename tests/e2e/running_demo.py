"""The demo as a newcomer runs it: `python3 run.py demo` in a process and a folder of its own."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.makers import free_port

RUN = Path(__file__).parents[2] / "run.py"
STARTS_WITHIN = 30.0
ENDS_WITHIN = 10.0  # contract: a SIGTERM's exit


@dataclass
class Demo:
    """One address, one folder; the process may be stopped and started again."""

    folder: Path
    port: int
    mock: bool = False
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where the browser finds it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """Everything the process has written so far."""
        return (self.folder / "demo.log").read_text(encoding="utf-8")

    def start(self) -> None:
        """Run it until it invites a browser."""
        command = [
            sys.executable,
            str(RUN),
            "demo",
            "--port",
            str(self.port),
            *(["--mock"] if self.mock else []),
        ]
        before = len(self.log) if (self.folder / "demo.log").exists() else 0
        with (self.folder / "demo.log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        end = time.monotonic() + STARTS_WITHIN
        while f"Open {self.url}/demo in a browser" not in self.log[before:]:
            assert self.process.poll() is None, f"the demo ended by itself:\n{self.log}"
            assert time.monotonic() < end, f"the demo did not start within {STARTS_WITHIN} s:\n{self.log}"
            select.select([], [], [], 0.02)

    def stop(self) -> None:
        """End it as an operator's system does; it must go in time and in peace."""
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"still running {ENDS_WITHIN} s after SIGTERM:\n{self.log}") from None
        assert code == 0, f"exit code {code} after SIGTERM:\n{self.log}"


@contextmanager
def running_demo(folder: Path, *, mock: bool = False) -> Iterator[Demo]:
    """Run a demo on a port of its own; nothing it logs may be a traceback."""
    demo = Demo(folder, free_port(), mock)
    demo.start()
    try:
        yield demo
    finally:
        demo.stop()
    assert "Traceback" not in demo.log, demo.log
