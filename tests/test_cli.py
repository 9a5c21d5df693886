"""The command line: fast help, usage errors, and settings that stop the start."""

import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from bot_platform.cli import main
from bot_platform.infra import redaction
from tests.commands.shell import RUN, Result, clean_environment, run_command
from tests.makers import free_port

COMMANDS = ["serve", "demo", "migrate"]
ENOUGH = {"TELEGRAM_BOT_TOKEN": "123456:abcdefgh", "MOCK_STRIPE_PAYMENTS": "true"}


def run_python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command with an interpreter of its own, which prints what it imports."""
    python = [sys.executable, "-X", "importtime", str(RUN)]
    environment = clean_environment()
    return subprocess.run(
        [*python, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


async def run(folder: Path, *arguments: str, env: Mapping[str, str] = MappingProxyType({})) -> Result:
    """Run a command in a folder without `.env`, with only these variables."""
    return await run_command(*arguments, folder=folder, **env)


@pytest.mark.parametrize("arguments", [["--help"], *([command, "--help"] for command in COMMANDS)])
def test_help_does_not_import_the_slow_libraries(tmp_path: Path, arguments: list[str]) -> None:
    done = run_python(tmp_path, *arguments)
    assert done.returncode == 0
    assert done.stdout.startswith("usage: run.py")
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "bot_platform.cli" in imported
    assert not imported & {"aiogram", "stripe", "quart", "aiohttp"}


async def test_the_help_names_every_command(tmp_path: Path) -> None:
    text = (await run(tmp_path, "--help")).out
    assert [command for command in COMMANDS if command not in text] == []


@pytest.mark.parametrize("arguments", [[], ["serve"]])
async def test_missing_settings_are_error_lines_and_exit_code_2(tmp_path: Path, arguments: list[str]) -> None:
    done = await run(tmp_path, *arguments)
    assert done.code == 2
    assert done.out == ""
    assert [line.partition(":")[0] for line in done.err.splitlines()] == [
        "STRIPE_SECRET_KEY",
        "STRIPE_WEBHOOK_SECRET",
        "TELEGRAM_BOT_TOKEN",
    ]
    assert all(", for example " in line for line in done.err.splitlines())
    assert not (tmp_path / "data").exists()


async def test_bad_settings_stop_the_start_before_it_listens(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        # If it tried to listen, the error would be that the port is taken.
        port = str(taken.getsockname()[1])
        done = await run(
            tmp_path, env=ENOUGH | {"PORT": port, "WEBAPP_URL": "https://[::1", "LOG_LEVEL": "LOUD"}
        )
    assert done.code == 2
    assert [line.partition(":")[0] for line in done.err.splitlines()] == ["LOG_LEVEL", "WEBAPP_URL"]


async def test_an_undecodable_variable_is_an_error_line(tmp_path: Path) -> None:
    done = await run(tmp_path, env=ENOUGH | {"PACKAGES_FILE": "\udcff", "LOG_LEVEL": "\udcff"})
    assert done.code == 2
    assert [line.partition(":")[0] for line in done.err.splitlines()] == ["LOG_LEVEL", "PACKAGES_FILE"]


async def test_settings_come_from_dotenv_in_the_current_folder(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TELEGRAM_BOT_TOKEN=123456:abcdefgh\nMOCK_STRIPE_PAYMENTS=true\nPORT=x\n")
    done = await run(tmp_path, "serve")
    assert done.code == 2
    assert done.err.startswith("PORT: ")
    assert len(done.err.splitlines()) == 1


async def test_a_taken_port_is_an_error_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = await run(tmp_path, env=ENOUGH | {"PORT": str(port)})
    assert done.code == 1
    assert done.err.startswith(f"PORT: cannot listen on 127.0.0.1:{port}")
    assert "Traceback" not in done.err


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
async def test_invalid_arguments_print_the_usage(tmp_path: Path, arguments: list[str]) -> None:
    done = await run(tmp_path, *arguments)
    assert done.code == 2
    assert "usage: run.py" in done.err
    assert "Traceback" not in done.err


async def test_migrate_creates_the_database_and_the_second_time_does_nothing(tmp_path: Path) -> None:
    first = await run(tmp_path, "migrate", env=ENOUGH)
    assert first.code == 0
    assert first.out.startswith("applied ")
    assert (tmp_path / "data" / "bot.db").exists()
    second = await run(tmp_path, "migrate", env=ENOUGH)
    assert (second.code, second.out) == (0, "already at the newest schema\n")


async def test_migrate_reports_a_database_that_does_not_answer(tmp_path: Path) -> None:
    url = f"postgres://u:p@127.0.0.1:{free_port()}/name"
    done = await run(tmp_path, "migrate", env=ENOUGH | {"DATABASE_URL": url})
    assert done.code == 1
    assert done.err.startswith("DATABASE_URL: the database does not answer")
    assert "Traceback" not in done.err


async def test_migrate_needs_no_setting(tmp_path: Path) -> None:
    assert (await run(tmp_path, "migrate")).code == 0


@pytest.mark.parametrize("command", ["serve", "migrate"])
async def test_a_path_that_cannot_be_a_database_is_an_error_line(tmp_path: Path, command: str) -> None:
    done = await run(tmp_path, command, env=ENOUGH | {"DATABASE_URL": f"sqlite://{tmp_path}"})
    assert done.code == 1
    assert done.err.startswith("DATABASE_URL: ")
    assert "Is a directory" in done.err
    assert "Traceback" not in done.out + done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["grant", "77", "5", "--reason", "caf\udce9"],
        ["refund", "1", "--reason", "\udcff\udcfe"],
        ["backup", "/tmp/\udcff.db"],  # noqa: S108 -- nothing is written
        ["events", "show", "evt_\ud800"],
        ["\udcff"],
        ["--\udcff"],
    ],
)
async def test_an_argument_that_is_not_utf8_is_one_line(tmp_path: Path, arguments: list[str]) -> None:
    done = await run(tmp_path, *arguments, env=ENOUGH)
    assert (done.code, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert line.startswith("run.py: argument ")
    assert " is not UTF-8: " in line
    assert not (tmp_path / "data").exists()


def test_what_a_command_prints_goes_through_the_redactor(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, getattr(sys, name))  # puts back what `main` replaces
    with pytest.raises(SystemExit):
        main(["--help"])
    redaction.learn([("AI_API_KEY", "key-of-test-cli")])
    sys.stdout.write("out key-of-test-cli\n")
    sys.stderr.write("err key-of-test-cli\n")
    said = capsys.readouterr()
    assert said.out.endswith("out [AI_API_KEY]\n")
    assert said.err == "err [AI_API_KEY]\n"
