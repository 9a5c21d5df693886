"""Commands on a bad day: no settings, no database, nobody who reads, somebody who gives up."""

import asyncio
import signal
import sqlite3
import sys
from pathlib import Path

import pytest

from bot_platform.domain.inbox import Event, EventState
from bot_platform.domain.purchases import Purchase
from tests.commands.shell import RUN, clean, context, ended, start, typed
from tests.makers import free_port, session_event

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
ASKS_STRIPE = {"refund", "reconcile", "replay"}
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
    done = await typed(*arguments, "--help", folder=tmp_path)
    assert done.code == 0
    assert done.out.startswith(f"usage: run.py {' '.join(arguments)}")
    assert done.err == ""


@pytest.mark.parametrize("name", COMMANDS)
async def test_a_wrong_database_url_ends_with_2_and_a_line(tmp_path: Path, name: str) -> None:
    done = await typed(*COMMANDS[name], folder=tmp_path, DATABASE_URL="mysql://x", **MONEY)
    assert done.code == 2
    assert done.out == ""
    assert [line.partition(":")[0] for line in done.err.splitlines()] == ["DATABASE_URL"]


@pytest.mark.parametrize("name", sorted(ASKS_STRIPE))
async def test_a_command_that_asks_stripe_needs_its_key(tmp_path: Path, name: str) -> None:
    done = await typed(*COMMANDS[name], folder=tmp_path)
    assert done.code == 2
    lines = [line.partition(":")[0] for line in done.err.splitlines()]
    assert lines == ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"]


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - ASKS_STRIPE))
async def test_a_command_about_the_books_needs_no_key(tmp_path: Path, name: str) -> None:
    done = await typed(*COMMANDS[name], folder=tmp_path)
    assert done.code in {0, 1}


@pytest.mark.parametrize("name", COMMANDS)
async def test_a_server_that_is_not_there_ends_with_1_and_a_line(tmp_path: Path, name: str) -> None:
    url = f"postgres://u:p@127.0.0.1:{free_port()}/name"
    done = await typed(*COMMANDS[name], folder=tmp_path, DATABASE_URL=url, **MONEY)
    assert done.code == 1
    assert done.out == ""
    assert done.err.startswith("DATABASE_URL: the database does not answer")
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("what", ["a folder", "no database"])
async def test_a_file_that_is_no_database_ends_with_1_and_a_line(tmp_path: Path, what: str) -> None:
    path = tmp_path / "odd"
    if what == "a folder":
        path.mkdir()
    else:
        path.write_bytes(b"this is no database at all" * 200)
    done = await typed("audit", folder=tmp_path, DATABASE_URL=f"sqlite://{path}")
    assert done.code == 1
    assert done.err.startswith("DATABASE_URL: ")
    assert len(done.err.splitlines()) == 1


async def test_a_database_that_somebody_keeps_locked_ends_with_1_and_a_line(
    sqlite_url: str, tmp_path: Path
) -> None:
    with sqlite3.connect(sqlite_url.removeprefix("sqlite://"), isolation_level=None) as hog:
        hog.execute("BEGIN IMMEDIATE")
        done = await typed("grant", "77", "1", "--reason", "x", folder=tmp_path, DATABASE_URL=sqlite_url)
        hog.execute("ROLLBACK")
    assert done.code == 1
    assert len(done.err.splitlines()) == 1


async def test_ctrl_c_ends_a_command_without_a_traceback(sqlite_url: str, tmp_path: Path) -> None:
    async with context(sqlite_url, tmp_path) as d:
        d.world.local.fault_switches.slow = 30
        process = await start("reconcile", folder=tmp_path, **d.environment)
        async with asyncio.timeout(20):
            while not d.world.local.requests:  # noqa: ASYNC110 -- another process asks
                await asyncio.sleep(0.05)
        process.send_signal(signal.SIGINT)
        done = await ended(process)
        assert done.code in {1, 130}


async def test_a_reader_that_has_seen_enough_is_no_fault_of_the_database(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with context(sqlite_url, tmp_path) as d:
        rows = [
            Event(key=f"stripe:evt_{n}", type="charge.refunded", payload={}, state=EventState.HANDLED)
            for n in range(3_000)
        ]
        await Event.bulk_create(rows)
        pipe = await asyncio.create_subprocess_shell(
            f"'{sys.executable}' '{RUN}' events list --limit 3000 | head -n 1",
            cwd=tmp_path,
            env=clean() | d.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(pipe.communicate(), 60)
        assert len(out.decode().splitlines()) == 1
        assert "DATABASE_URL" not in err.decode()
        assert "Traceback" not in err.decode()


async def test_a_fault_of_one_event_is_a_line_and_the_other_is_replayed(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with context(sqlite_url, tmp_path) as d:
        for n, payload in enumerate(({"id": "evt_0"}, None, {"id": "evt_2"})):
            await Event.create(key=f"stripe:evt_{n}", type="x", payload=payload, state=EventState.FAILED)
        done = await d.type("events", "replay", "--failed")
        assert done.code == 1
        assert len(done.out.splitlines()) == 3


async def test_an_event_that_breaks_its_handler_is_a_line_and_the_others_are_replayed(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with context(sqlite_url, tmp_path) as d:
        paid, waits = await d.sell(), await d.open("buy_500")

        async def failed(event_id: str, session_id: str, purchase: Purchase) -> None:
            payload = session_event(
                id_=event_id,
                id=session_id,
                amount_subtotal=purchase.amount,
                client_reference_id=str(d.user.id),
                metadata={"purchase_id": str(purchase.id)},
            )
            kind = "checkout.session.completed"
            await Event.create(key=f"stripe:{event_id}", type=kind, payload=payload, state=EventState.FAILED)

        # Money on a second page of a paid purchase, whose name is too long for what is begun for it.
        await failed("evt_bad", "cs_" + "x" * 150, paid)
        await failed("evt_good", waits.provider_ref or "", waits)
        done = await d.type("events", "replay", "--failed")
        assert done.code == 1
        assert "stripe:evt_good: handled" in done.out.splitlines()


async def test_an_event_s_name_longer_than_any_is_a_line(sqlite_url: str, tmp_path: Path) -> None:
    async with context(sqlite_url, tmp_path) as d:
        done = await d.type("events", "show", "x" * 300)
        assert done.code == 1
