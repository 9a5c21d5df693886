"""Commands with faults: wrong settings, no database, a closed pipe, Ctrl+C."""

import asyncio
import signal
import sqlite3
import sys
from pathlib import Path

import pytest

from bot_platform.domain.inbox import Event, EventState
from tests.commands.shell import RUN, clean_environment, finish, operator, run_command, start_command
from tests.makers import eventually, free_port, session_event

COMMANDS = {
    "audit": ["audit"],
    "grant": ["grant", "77", "1", "--reason", "x"],
    "refund": ["refund", "1", "--reason", "x"],
    "reconcile": ["reconcile"],
    "events": ["events"],
    "show": ["events", "show", "1"],
    "replay": ["events", "replay", "--failed"],
    "unfreeze": ["unfreeze", "77"],
}
CALLS_STRIPE = {"refund", "reconcile", "replay"}
MONEY = {"STRIPE_SECRET_KEY": "sk_test_x", "STRIPE_WEBHOOK_SECRET": "whsec_x"}


@pytest.mark.parametrize(
    "arguments",
    [
        *([name] for name in COMMANDS if name not in {"show", "replay"}),
        ["events", "show"],
        ["events", "replay"],
    ],
    ids=" ".join,
)
async def test_each_command_has_help(tmp_path: Path, arguments: list[str]) -> None:
    done = await run_command(*arguments, "--help", folder=tmp_path)
    assert done.code == 0
    assert done.out.startswith(f"usage: run.py {' '.join(arguments)}")
    assert done.err == ""


@pytest.mark.parametrize("name", COMMANDS)
async def test_a_wrong_database_url_is_an_error_line_and_exit_code_2(tmp_path: Path, name: str) -> None:
    done = await run_command(*COMMANDS[name], folder=tmp_path, DATABASE_URL="mysql://x", **MONEY)
    assert done.code == 2
    assert done.out == ""
    assert [line.partition(":")[0] for line in done.err.splitlines()] == ["DATABASE_URL"]


@pytest.mark.parametrize("name", sorted(CALLS_STRIPE))
async def test_a_command_that_calls_stripe_needs_its_keys(tmp_path: Path, name: str) -> None:
    done = await run_command(*COMMANDS[name], folder=tmp_path)
    assert done.code == 2
    lines = [line.partition(":")[0] for line in done.err.splitlines()]
    assert lines == ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"]


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - CALLS_STRIPE))
async def test_a_command_about_the_books_needs_no_stripe_key(tmp_path: Path, name: str) -> None:
    done = await run_command(*COMMANDS[name], folder=tmp_path)
    assert done.code in {0, 1}


@pytest.mark.parametrize("name", COMMANDS)
async def test_a_server_that_does_not_exist_is_an_error_line_and_exit_code_1(
    tmp_path: Path, name: str
) -> None:
    url = f"postgres://u:p@127.0.0.1:{free_port()}/name"
    done = await run_command(*COMMANDS[name], folder=tmp_path, DATABASE_URL=url, **MONEY)
    assert done.code == 1
    assert done.out == ""
    assert done.err.startswith("DATABASE_URL: the database does not answer")
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("what", ["a folder", "no database"])
async def test_a_file_that_is_not_a_database_is_an_error_line_and_exit_code_1(
    tmp_path: Path, what: str
) -> None:
    path = tmp_path / "odd"
    if what == "a folder":
        path.mkdir()
    else:
        path.write_bytes(b"this is no database at all" * 200)
    done = await run_command("audit", folder=tmp_path, DATABASE_URL=f"sqlite://{path}")
    assert done.code == 1
    assert done.err.startswith("DATABASE_URL: ")
    assert len(done.err.splitlines()) == 1


async def test_a_locked_database_is_an_error_line_and_exit_code_1(sqlite_url: str, tmp_path: Path) -> None:
    with sqlite3.connect(sqlite_url.removeprefix("sqlite://"), isolation_level=None) as hog:
        hog.execute("BEGIN IMMEDIATE")
        done = await run_command(
            "grant", "77", "1", "--reason", "x", folder=tmp_path, DATABASE_URL=sqlite_url
        )
        hog.execute("ROLLBACK")
    assert done.code == 1
    assert len(done.err.splitlines()) == 1


async def test_ctrl_c_ends_a_command_without_a_traceback(sqlite_url: str, tmp_path: Path) -> None:
    async with operator(sqlite_url, tmp_path) as op:
        op.world.local.fault_switches.slow = 30
        process = await start_command("reconcile", folder=tmp_path, **op.environment)
        await eventually(lambda: op.world.local.requests)
        process.send_signal(signal.SIGINT)
        done = await finish(process)
        assert done.code in {1, 130}


async def test_a_closed_pipe_is_not_reported_as_an_error_of_the_database(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with operator(sqlite_url, tmp_path) as op:
        rows = [
            Event(key=f"stripe:evt_{n}", type="charge.refunded", payload={}, state=EventState.HANDLED)
            for n in range(3_000)
        ]
        await Event.bulk_create(rows)
        pipe = await asyncio.create_subprocess_shell(
            f"'{sys.executable}' '{RUN}' events list --limit 3000 | head -n 1",
            cwd=tmp_path,
            env=clean_environment() | op.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await pipe.communicate()
        assert len(out.decode().splitlines()) == 1
        assert "DATABASE_URL" not in err.decode()
        assert "Traceback" not in err.decode()


async def test_each_event_that_cannot_be_read_is_an_error_line(sqlite_url: str, tmp_path: Path) -> None:
    async with operator(sqlite_url, tmp_path) as op:
        for n, payload in enumerate(({"id": "evt_0"}, None, {"id": "evt_2"})):
            await Event.create(key=f"stripe:evt_{n}", type="x", payload=payload, state=EventState.FAILED)
        done = await op.run("events", "replay", "--failed")
        assert done.code == 1
        assert len(done.out.splitlines()) == 3


async def test_an_event_that_breaks_its_handler_does_not_stop_the_replay_of_the_others(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with operator(sqlite_url, tmp_path) as op:
        unpaid = await op.open("buy_500")
        good = session_event(
            id_="evt_good",
            id=unpaid.provider_ref or "",
            amount_subtotal=unpaid.amount,
            amount_total=unpaid.amount,
            client_reference_id=str(op.user.id),
            metadata={"purchase_id": str(unpaid.id)},
        )
        for payload in ({"id": "evt_bad"}, good):  # the first is no event of Stripe
            key, kind = f"stripe:{payload['id']}", "checkout.session.completed"
            await Event.create(key=key, type=kind, payload=payload, state=EventState.FAILED)
        done = await op.run("events", "replay", "--failed")
        assert done.code == 1
        assert "stripe:evt_good: handled" in done.out.splitlines()


async def test_a_too_long_event_id_is_an_error_line(sqlite_url: str, tmp_path: Path) -> None:
    async with operator(sqlite_url, tmp_path) as op:
        done = await op.run("events", "show", "x" * 300)
        assert done.code == 1
