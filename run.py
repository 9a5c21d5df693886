"""The entry point, `python3 run.py [command]`; it continues with the Python of the checkout's `.venv`."""

import os
import sys
from contextlib import suppress
from pathlib import Path

PYTHON = Path(__file__).resolve().parent / ".venv" / "bin" / "python"


def main() -> int:
    """Run one command; returns the exit code."""
    _enter_venv()
    if sys.version_info < (3, 11):  # noqa: UP036 -- here an older Python is refused
        return _refuse(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}")
    try:
        from bot_platform.cli import main as run  # noqa: PLC0415 -- an older Python cannot read it
    except ModuleNotFoundError as fault:
        if (fault.name or "bot_platform").startswith("bot_platform"):
            raise
        return _refuse(f"The package {fault.name} is not installed")
    return run()


def _enter_venv() -> None:
    """Start again with the Python of `.venv`, unless it is running already."""
    if PYTHON.parents[1].resolve() != Path(sys.prefix).resolve() and Path(sys.executable) != PYTHON:
        with suppress(OSError):  # there is no `.venv`, or it comes from another machine
            os.execv(PYTHON, [str(PYTHON), *sys.argv])  # noqa: S606 -- our own Python, no shell


def _refuse(reason: str) -> int:
    print(f"{reason}. Run `make demo` first: it makes .venv.", file=sys.stderr)  # noqa: T201 -- no log yet
    return 2


if __name__ == "__main__":
    sys.exit(main())
