"""`run.py` with any Python of the machine: it finds `.venv`, or says in one line what to run first."""

import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REAL_PYTHON = getattr(sys, "_base_executable", sys.executable)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Give a checkout before `make demo`, whose command prints what it was started with."""
    folder = tmp_path / "a checkout"
    (folder / "bot_platform").mkdir(parents=True)
    shutil.copy(ROOT / "run.py", folder)
    (folder / "bot_platform" / "__init__.py").touch()
    _write_cli(folder, "import sys\n\n\ndef main():\n    print(sys.prefix, sys.argv[1:])\n    return 7\n")
    return folder


def _write_cli(folder: Path, text: str) -> None:
    (folder / "bot_platform" / "cli.py").write_text(text, encoding="utf-8")


def _start(
    folder: Path, *arguments: str, python: str | Path = REAL_PYTHON
) -> subprocess.CompletedProcess[str]:
    """Run `run.py` from another folder, with no site packages of the machine's Python."""
    command = [str(python), "-S", str(folder / "run.py"), *arguments]
    return subprocess.run(command, cwd=folder.parent, capture_output=True, text=True, check=False)


def _make_venv(folder: Path) -> Path:
    venv.create(folder / ".venv", symlinks=True)
    return folder / ".venv" / "bin" / "python"


def test_another_python_continues_with_that_of_the_checkout(checkout: Path) -> None:
    _make_venv(checkout)
    done = _start(checkout, "grant", "1", "--reason", "two words")
    arguments = ["grant", "1", "--reason", "two words"]
    assert (done.returncode, done.stdout) == (7, f"{checkout / '.venv'} {arguments}\n")


def test_the_python_of_the_checkout_runs_the_command_itself(checkout: Path) -> None:
    python = _make_venv(checkout)
    done = _start(checkout, "audit", python=python.with_name("python3"))
    assert (done.returncode, done.stdout, done.stderr) == (7, f"{checkout / '.venv'} ['audit']\n", "")


def test_a_python_in_the_place_of_venv_that_is_no_environment_is_started_once(checkout: Path) -> None:
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(REAL_PYTHON)
    assert _start(checkout, "audit").returncode == 7


def test_a_python_of_another_machine_is_left_alone(checkout: Path) -> None:
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_bytes(b"\x7fELF of no machine")
    python.chmod(0o755)
    assert _start(checkout, "audit").returncode == 7


def test_without_venv_the_installed_packages_are_used(checkout: Path) -> None:
    assert _start(checkout, "audit").returncode == 7


def test_without_packages_one_line_says_what_to_run_first(checkout: Path) -> None:
    _write_cli(checkout, "import a_package_that_is_missing\n")
    done = _start(checkout, "audit")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "The package a_package_that_is_missing is not installed. Run `make demo` first: it makes .venv.\n"
    )


def test_a_missing_module_of_ours_is_a_fault_with_a_traceback(checkout: Path) -> None:
    _write_cli(checkout, "import bot_platform.that_is_missing\n")
    done = _start(checkout, "audit")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_too_old_a_python_is_refused_in_one_line(checkout: Path) -> None:
    old = "import sys, runpy; sys.version_info, sys.version = (3, 9, 2), '3.9.2 (main)';"
    running = f"{old} runpy.run_path({str(checkout / 'run.py')!r}, run_name='__main__')"
    done = subprocess.run([REAL_PYTHON, "-S", "-c", running], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "Python 3.11 or newer is needed, this is 3.9.2. Run `make demo` first: it makes .venv.\n"
    )
