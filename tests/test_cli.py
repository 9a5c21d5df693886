"""The command line: fast help, usage errors, and settings that stop the start."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from tests.makers import free_port

RUN = Path(__file__).parent.parent / "run.py"
COMMANDS = ["serve", "demo", "migrate"]
ENOUGH = {"TELEGRAM_BOT_TOKEN": "123456:abcdefgh", "MOCK_STRIPE_PAYMENTS": "true"}


def run(
    folder: Path, *arguments: str, python: tuple[str, ...] = (), env: Mapping[str, str] = MappingProxyType({})
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder without `.env`, with only these variables."""
    inherited: Mapping[str, str] = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, *python, str(RUN), *arguments],
        cwd=folder,
        env={**inherited, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("arguments", [["--help"], *([command, "--help"] for command in COMMANDS)])
def test_help_does_not_import_the_slow_libraries(tmp_path: Path, arguments: list[str]) -> None:
    done = run(tmp_path, *arguments, python=("-X", "importtime"))
    assert done.returncode == 0
    assert done.stdout.startswith("usage: run.py")
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "bot_platform.cli" in imported
    assert not imported & {"aiogram", "stripe", "quart", "aiohttp"}


def test_the_help_names_every_command(tmp_path: Path) -> None:
    text = run(tmp_path, "--help").stdout
    assert [command for command in COMMANDS if command not in text] == []


@pytest.mark.parametrize("arguments", [[], ["serve"]])
def test_missing_settings_are_error_lines_and_exit_code_2(tmp_path: Path, arguments: list[str]) -> None:
    done = run(tmp_path, *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == [
        "STRIPE_SECRET_KEY",
        "STRIPE_WEBHOOK_SECRET",
        "TELEGRAM_BOT_TOKEN",
    ]
    assert all(", for example " in line for line in done.stderr.splitlines())
    assert not (tmp_path / "data").exists()


def test_bad_settings_stop_the_start_before_it_listens(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        # If it tried to listen, the error would be that the port is taken.
        port = str(taken.getsockname()[1])
        done = run(tmp_path, env=ENOUGH | {"PORT": port, "WEBAPP_URL": "https://[::1", "LOG_LEVEL": "LOUD"})
    assert done.returncode == 2
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["LOG_LEVEL", "WEBAPP_URL"]


def test_an_undecodable_variable_is_an_error_line(tmp_path: Path) -> None:
    done = run(tmp_path, env=ENOUGH | {"PACKAGES_FILE": "\udcff", "LOG_LEVEL": "\udcff"})
    assert done.returncode == 2
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["LOG_LEVEL", "PACKAGES_FILE"]


def test_settings_come_from_dotenv_in_the_current_folder(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TELEGRAM_BOT_TOKEN=123456:abcdefgh\nMOCK_STRIPE_PAYMENTS=true\nPORT=x\n")
    done = run(tmp_path, "serve")
    assert done.returncode == 2
    assert done.stderr.startswith("PORT: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_taken_port_is_an_error_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run(tmp_path, env=ENOUGH | {"PORT": str(port)})
    assert done.returncode == 1
    assert done.stderr.startswith(f"PORT: cannot listen on 127.0.0.1:{port}")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["sell"],
        ["--port", "1"],
        ["demo", "--port", "0"],
        ["demo", "--port", "65536"],
        ["demo", "--port", "x"],
    ],
)
def test_invalid_arguments_print_the_usage(tmp_path: Path, arguments: list[str]) -> None:
    done = run(tmp_path, *arguments)
    assert done.returncode == 2
    assert "usage: run.py" in done.stderr
    assert "Traceback" not in done.stderr


def test_migrate_creates_the_database_and_the_second_time_does_nothing(tmp_path: Path) -> None:
    first = run(tmp_path, "migrate", env=ENOUGH)
    assert first.returncode == 0
    assert first.stdout.startswith("applied ")
    assert (tmp_path / "data" / "bot.db").exists()
    second = run(tmp_path, "migrate", env=ENOUGH)
    assert (second.returncode, second.stdout) == (0, "already at the newest schema\n")


def test_migrate_reports_a_database_that_does_not_answer(tmp_path: Path) -> None:
    url = f"postgres://u:p@127.0.0.1:{free_port()}/name"
    done = run(tmp_path, "migrate", env=ENOUGH | {"DATABASE_URL": url})
    assert done.returncode == 1
    assert done.stderr.startswith("DATABASE_URL: the database does not answer")
    assert "Traceback" not in done.stderr


def test_migrate_needs_no_setting(tmp_path: Path) -> None:
    assert run(tmp_path, "migrate").returncode == 0


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_path_that_cannot_be_a_database_is_an_error_line(tmp_path: Path, command: str) -> None:
    done = run(tmp_path, command, env=ENOUGH | {"DATABASE_URL": f"sqlite://{tmp_path}"})
    assert done.returncode == 1
    assert done.stderr.startswith("DATABASE_URL: ")
    assert "unable to open database file" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
