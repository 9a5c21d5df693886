"""Bugs are planted in a copy of the project, one at a time: its own tests must notice each."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.reliability.conftest import Size
from tests.reliability.mutants.planted import PLANTED, Planted
from tests.reliability.report import PROGRESS, Report

PROJECT = Path(__file__).parents[2]
COPIED = ("bot_platform", "migrations", "tests")
FAILED = 1  # what pytest answers when a test failed; other numbers mean that it did not come to that


def _copy(folder: Path) -> Path:
    for name in COPIED:
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", folder)
    return folder


def _tests(folder: Path, server: str, tests: Iterable[str]) -> tuple[int, str]:
    """Run tests of a copy; gives pytest's answer, and what it said."""
    leave = {PROGRESS, "PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST"}
    env = {
        name: value
        for name, value in os.environ.items()
        if name not in leave and not name.startswith("PYTEST_XDIST")
    }
    env |= {"PYTHONPATH": str(folder), "TEST_POSTGRES_URL": server}
    env |= {"STATE_MACHINE_FAILS_FAST": "yes", "STATE_MACHINE_STEPS": "1500"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    run = subprocess.run(
        [*command, "--tb=line", f"--basetemp={folder / 'tmp'}", *sorted(set(tests))],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    return run.returncode, run.stdout + run.stderr


def _found(mutant: Planted, folder: Path, server: str) -> str:
    """Plant a bug and give the name of the test that noticed; empty when none did."""
    mutant.plant(_copy(folder))
    code, said = _tests(folder, server, mutant.tests)
    shutil.rmtree(folder)
    failed = re.search(r"^FAILED \S*::(\S+)", said, re.MULTILINE)
    return failed[1] if code == FAILED and failed else ""


def test_every_bug_can_still_be_planted(tmp_path: Path) -> None:
    for number, mutant in enumerate(PLANTED):
        folder = tmp_path / str(number)
        shutil.copytree(PROJECT / "bot_platform", folder / "bot_platform")
        mutant.plant(folder)
    assert len({mutant.name for mutant in PLANTED}) == len(PLANTED)


@pytest.mark.timeout(3000)
def test_every_planted_bug_is_noticed(
    tmp_path: Path, postgres_server: str, size: Size, report: Report
) -> None:
    chosen = PLANTED[: size(small=2, full=len(PLANTED))]
    report.database = "both"
    report.plan(len(chosen), "planted bugs")
    code, said = _tests(_copy(tmp_path / "sound"), postgres_server, [t for m in chosen for t in m.tests])
    assert code == 0, f"the copy without a bug fails too:\n{said}"
    for number, mutant in enumerate(chosen):
        by = _found(mutant, tmp_path / str(number), postgres_server)
        report.right([] if by else [f"nobody noticed: {mutant.name}"])
        report.note += f"{mutant.name}: {by}; "
        report.did()
