"""Runs the whole suite several times, and says which tests failed in any run (`make flaky`)."""

import argparse
import contextlib
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

RESULTS = Path("artifacts/flaky")
LOAD_PROCESSES = 2  # endless loops beside the suite
PYTEST = (sys.executable, "-m", "pytest", "-q", "-n", "auto", "--dist", "worksteal")


@dataclass(frozen=True)
class Run:
    """One run: the exit code of pytest, its seconds, the number of tests, and the names of the red ones."""

    code: int
    seconds: float
    tests: int
    red: Sequence[str]

    def __str__(self) -> str:
        if not self.code:
            state = "green"
        else:
            state = f"{len(self.red)} red" if self.red else f"pytest ended with {self.code}, see its log"
        return f"{_minutes(self.seconds)}  {self.tests} tests  {state}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suite; returns 1 when a run was red. Unknown arguments go to pytest."""
    parser = argparse.ArgumentParser(prog="python -m tests.flaky", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="how often (default: 5)")
    parser.add_argument("--load", action="store_true", help="run two endless loops beside the suite")
    parser.add_argument("--order", choices=["fixed", "random"], default="fixed", help="order of the tests")
    given, for_pytest = parser.parse_known_args(arguments)
    folder = RESULTS / time.strftime("%Y%m%d-%H%M%S")
    folder.mkdir(parents=True)
    runs = []
    with _load(LOAD_PROCESSES if given.load else 0):
        for number in range(1, given.runs + 1):
            seed = random.randrange(10**6) if given.order == "random" else None  # noqa: S311 -- an order
            runs.append(_run(folder / f"run-{number}", seed, for_pytest))
            order = "fixed order" if seed is None else f"--random-order {seed}"
            _say(
                f"run {number} of {given.runs}  {runs[-1]}  ({order})",
                *(f"  {name}" for name in runs[-1].red),
            )
    _say(*_summary(runs), f"logs and JUnit files: {folder}")
    return int(any(run.code for run in runs))


def _run(path: Path, seed: int | None, for_pytest: Sequence[str]) -> Run:
    """Run the suite once; its output goes to `path`.log, its result to `path`.xml."""
    result = path.with_suffix(".xml")
    order = () if seed is None else ("--random-order", str(seed))
    begun = time.monotonic()
    with path.with_suffix(".log").open("w", encoding="utf-8") as log:
        command = [*PYTEST, f"--junitxml={result}", *order, *for_pytest]
        code = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False).returncode
    tests, red = _read(result) if result.exists() else (0, [])
    return Run(code, time.monotonic() - begun, tests, red)


def _read(result: Path) -> tuple[int, list[str]]:
    """Read a JUnit file: the number of tests, and the names of the red ones."""
    cases = list(ET.parse(result).iter("testcase"))  # noqa: S314 -- written by our own pytest
    red = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    return len(cases), [f"{case.get('classname')}::{case.get('name')}" for case in red]


def _summary(runs: Sequence[Run]) -> Iterator[str]:
    times = sorted(run.seconds for run in runs)
    green = sum(not run.code for run in runs)
    yield f"{green} of {len(runs)} runs green, {_minutes(times[0])} to {_minutes(times[-1])}"
    often = Counter(name for run in runs for name in run.red)
    yield from (f"  {number} of {len(runs)} red: {name}" for name, number in often.most_common())


@contextlib.contextmanager
def _load(processes: int) -> Iterator[None]:
    """Keep this number of cores busy meanwhile."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def _say(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
