"""Backups and the way back, as a person types them, on good days and on bad ones."""

import asyncio
import os
import re
import shutil
import signal
import sqlite3
import stat
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
from tortoise.exceptions import BaseORMException

from bot_platform.domain.inbox import Event
from bot_platform.domain.ledger import Entry
from bot_platform.infra.database import Database, tortoise_config
from bot_platform.infra.sql import query
from tests.commands.shell import BUYER, PG_PROGRAMS, RUN, Done, clean, context, ended, path, start, typed
from tests.makers import FreshDatabase, eventually, free_port, person, running_service
from tests.reliability.platforms import in_database

NEXT = "Next: `run.py reconcile` brings back what Stripe knows since, then `run.py` serves again.\n"


async def type_(folder: Path, url: str, *arguments: str) -> Done:
    return await typed(*arguments, folder=folder, DATABASE_URL=url, PATH=path(PG_PROGRAMS))


async def sold(url: str, folder: Path, times: int = 1) -> None:
    async with context(url, folder) as d:
        for _ in range(times):
            await d.sell()


async def entries(url: str) -> list[Any]:
    async def read(_: Database) -> list[Any]:
        return [(row.cause, row.amount, row.balance_after) for row in await Entry.all().order_by("id")]

    return await in_database(url, read)


async def saved(url: str, folder: Path, name: str = "saved") -> Path:
    file = folder / name
    done = await type_(folder, url, "backup", str(file))
    assert done.all == (0, f"Backed up to {file} ({file.stat().st_size:,} bytes).\n", "")
    return file


def names(folder: Path) -> list[str]:
    return sorted(found.name for found in folder.iterdir())


def is_alone(file: Path) -> bool:
    """Whether nothing half-written or left over stands beside the file."""
    return [name for name in names(file.parent) if file.name in name] == [file.name]


async def test_a_backup_goes_into_an_empty_database_and_says_what_comes_next(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    async with fresh_database() as one, fresh_database() as other:
        await sold(one, tmp_path, times=2)
        file = await saved(one, tmp_path)
        assert is_alone(file)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        done = await type_(tmp_path, other, "restore", str(file))
        assert (done.code, done.err) == (0, "")
        first, audited, then = done.out.splitlines(keepends=True)
        assert (first, then) == (f"Restored {file}.\n", NEXT)
        assert audited.startswith("The books balance (")
        assert await entries(other) == await entries(one) != []


async def test_entries_cannot_be_changed_after_a_restore_either(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    async with fresh_database() as one, fresh_database() as other:
        await sold(one, tmp_path)
        await type_(tmp_path, other, "restore", str(await saved(one, tmp_path)))
        for change in ("UPDATE entry SET amount = 1", "DELETE FROM entry"):

            async def try_to(_: Database, sql: str = change) -> None:
                await query(sql)

            with pytest.raises((BaseORMException, asyncpg.RaiseError), match="append-only"):
                await in_database(other, try_to)
        await sold(other, tmp_path)
        assert len(await entries(other)) == 2


async def test_a_backup_writes_over_nothing_unless_forced(database_url: str, tmp_path: Path) -> None:
    file = await saved(database_url, tmp_path)
    before = file.read_bytes()
    done = await type_(tmp_path, database_url, "backup", str(file))
    says = f"{file}: is there already; name another file, or write over it with --force\n"
    assert done.all == (1, "", says)
    assert file.read_bytes() == before
    await in_database(database_url, lambda database: person(database, 77))
    assert (await type_(tmp_path, database_url, "backup", str(file), "--force")).code == 0
    assert file.read_bytes() != before
    assert is_alone(file)


async def test_a_restore_replaces_people_only_when_forced(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    async with fresh_database() as one, fresh_database() as other:
        await sold(one, tmp_path)
        file = await saved(one, tmp_path)
        await sold(other, tmp_path, times=3)
        before = await entries(other)
        done = await type_(tmp_path, other, "restore", str(file))
        assert (done.code, done.out) == (1, "")
        assert "a database with 1 people in it; back it up, then replace it with --force" in done.err
        assert await entries(other) == before
        assert (await type_(tmp_path, other, "restore", str(file), "--force")).code == 0
        assert await entries(other) == await entries(one)
        again = await type_(tmp_path, other, "restore", str(file), "--force")
        assert again.code == 0
        assert await entries(other) == await entries(one)


async def test_a_restore_waits_until_the_service_has_stopped(database_url: str, tmp_path: Path) -> None:
    async with running_service(database_url, mock_stripe_payments=True) as h:
        await h.press(await h.say("/start", "Welcome!"), "buy_100")
        await h.said("New balance: 100.00")
        file = await saved(database_url, tmp_path)
        done = await type_(tmp_path, database_url, "restore", str(file), "--force")
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith("DATABASE_URL: ")
        assert "stop `serve` and every other command, then restore\n" in done.err
        assert len(done.err.splitlines()) == 1
        await h.say("/balance", "Balance: 100.00 credits")
    assert (await type_(tmp_path, database_url, "restore", str(file), "--force")).code == 0
    assert len(await entries(database_url)) == 1


async def test_what_is_no_good_backup_destroys_nothing(database_url: str, tmp_path: Path) -> None:
    await sold(database_url, tmp_path)
    file = await saved(database_url, tmp_path)
    before, whole = await entries(database_url), file.read_bytes()
    page = 4096 * (len(whole) // 4096 // 2)
    broken = {
        "junk": b"no backup at all" * 1000,
        "a half": whole[: len(whole) // 2],
        "all but the end": whole[:-100],
        "a hole": whole[:page] + b"\xff" * 4096 + whole[page + 4096 :],
    }
    for name, content in broken.items():
        odd = tmp_path / f"odd {name}"
        odd.write_bytes(content)
        done = await type_(tmp_path, database_url, "restore", str(odd), "--force")
        assert (done.code, done.out) == (1, ""), name
        assert done.err.startswith(f"{odd}: "), name
        assert len(done.err.splitlines()) == 1, name
    assert await entries(database_url) == before
    assert (await type_(tmp_path, database_url, "audit")).code == 0


async def test_a_backup_of_the_other_database_is_told_apart(
    sqlite_url: str, postgres_url: str, tmp_path: Path
) -> None:
    lite, server = await saved(sqlite_url, tmp_path, "lite"), await saved(postgres_url, tmp_path, "server")
    done = await type_(tmp_path, sqlite_url, "restore", str(server))
    assert done.all == (1, "", f"{server}: is a backup of PostgreSQL, but DATABASE_URL names SQLite\n")
    done = await type_(tmp_path, postgres_url, "restore", str(lite))
    assert done.all == (1, "", f"{lite}: is a backup of SQLite, but DATABASE_URL names PostgreSQL\n")


async def test_somebody_else_s_database_is_no_backup(sqlite_url: str, tmp_path: Path) -> None:
    await sold(sqlite_url, tmp_path)
    before = await entries(sqlite_url)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE users (id INTEGER)")
    connection.close()
    done = await type_(tmp_path, sqlite_url, "restore", str(other), "--force")
    assert done.all == (1, "", f"{other}: is no backup of this platform: it has no account\n")
    assert await entries(sqlite_url) == before


async def test_a_backup_goes_to_standard_output_and_comes_from_standard_input(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    async with fresh_database() as one, fresh_database() as other:
        await sold(one, tmp_path)
        environment = clean() | {"PATH": path(PG_PROGRAMS)}
        taking = await asyncio.create_subprocess_exec(
            sys.executable, str(RUN), "backup", "-", env=environment | {"DATABASE_URL": one}, stdout=PIPE
        )
        content, _ = await taking.communicate()
        assert taking.returncode == 0
        putting = await asyncio.create_subprocess_exec(
            sys.executable, str(RUN), "restore", "-", env=environment | {"DATABASE_URL": other}, stdin=PIPE
        )
        await putting.communicate(content)
        assert putting.returncode == 0
        assert await entries(other) == await entries(one)
    assert not [name for name in names(tmp_path) if name.startswith("backup-")]


async def test_of_two_backups_to_one_file_at_once_one_is_whole_and_none_is_mixed(
    database_url: str, tmp_path: Path
) -> None:
    await sold(database_url, tmp_path)
    file = tmp_path / "saved"
    both = await asyncio.gather(*[type_(tmp_path, database_url, "backup", str(file)) for _ in range(3)])
    assert sorted(done.code for done in both) == [0, 1, 1]
    said = {done.err.partition(": ")[2].partition(";")[0] for done in both if done.code}
    assert said <= {"is there already", "another backup is being written there"}
    assert is_alone(file)
    before = await entries(database_url)
    assert (await type_(tmp_path, database_url, "restore", str(file), "--force")).code == 0
    assert await entries(database_url) == before


async def test_what_a_killed_backup_left_is_written_over(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "saved"
    (tmp_path / "saved.part").write_bytes(b"half of it" * 100_000)
    assert await saved(database_url, tmp_path) == file
    assert is_alone(file)
    assert (await type_(tmp_path, database_url, "restore", str(file))).code == 0


async def fill(url: str, megabytes: int) -> None:
    """Put so much into the inbox."""

    async def several(_: Database) -> None:
        large = {"is": os.urandom(250_000).hex()}
        for number in range(2 * megabytes):
            await Event.create(key=f"large:{number}", type="large", payload=large, state="handled")

    await in_database(url, several)


async def limited(folder: Path, url: str, kilobytes: int, *arguments: str) -> Done:
    """Type a command where no file may grow larger, as on a disk that is full."""
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-c",
        f'ulimit -f {kilobytes} && exec "$@"',
        "bash",
        sys.executable,
        str(RUN),
        *arguments,
        cwd=folder,
        env=clean() | {"DATABASE_URL": url, "PATH": path(PG_PROGRAMS)},
        stdout=PIPE,
        stderr=PIPE,
    )
    return await ended(process)


async def test_a_full_disk_leaves_no_half_backup_and_the_old_one_stays(
    database_url: str, tmp_path: Path
) -> None:
    file = await saved(database_url, tmp_path)
    before = file.read_bytes()
    await fill(database_url, 4)
    done = await limited(tmp_path, database_url, 2048, "backup", str(file), "--force")
    assert (done.code, done.out) == (1, "")
    assert done.err.endswith("the backup was not taken\n")
    assert len(done.err.splitlines()) == 1
    assert file.read_bytes() == before
    assert is_alone(file)


async def test_a_full_disk_leaves_the_database_as_it_was(
    sqlite_url: str, sqlite_template: Path, tmp_path: Path
) -> None:
    await sold(sqlite_url, tmp_path)
    before = await entries(sqlite_url)
    large = f"sqlite://{shutil.copyfile(sqlite_template, tmp_path / 'large.db')}"
    await fill(large, 8)
    file = await saved(large, tmp_path)
    done = await limited(tmp_path, sqlite_url, 4096, "restore", str(file), "--force")
    assert (done.code, done.out, len(done.err.splitlines())) == (1, "", 1)
    assert await entries(sqlite_url) == before


async def half_way(url: str, beside: str) -> None:
    """Wait until a restore has begun to write; `beside` is another database of the same server."""
    if url.startswith("sqlite"):
        journal = Path(url.removeprefix("sqlite://") + "-journal")
        await eventually(lambda: journal.exists() and journal.stat().st_size > 100_000)
        return
    connection, name = await asyncpg.connect(beside), urlsplit(url).path.strip("/")
    busy = "SELECT FROM pg_stat_activity WHERE datname = $1 AND query LIKE 'COPY%'"
    while not await connection.fetch(busy, name):  # noqa: ASYNC110 -- another process does it
        await asyncio.sleep(0.005)
    await connection.close()


async def test_a_restore_that_is_killed_half_way_leaves_what_was_there(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    async with fresh_database() as one, fresh_database() as other:
        await sold(one, tmp_path)
        await fill(one, 15)
        file = await saved(one, tmp_path)
        await sold(other, tmp_path, times=2)
        await fill(other, 15)
        before = await entries(other)
        environment = {"DATABASE_URL": other, "PATH": path(PG_PROGRAMS)}
        process = await start("restore", str(file), "--force", folder=tmp_path, **environment)
        watching = asyncio.create_task(half_way(other, one))
        await asyncio.wait({watching}, timeout=30)
        process.send_signal(signal.SIGKILL)
        await process.communicate()
        assert watching.done()
        assert await entries(other) == before
        assert (await type_(tmp_path, other, "audit")).code == 0


async def test_a_backup_of_an_older_version_replaces_a_newer_schema_and_is_migrated(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    async with fresh_database() as one, fresh_database() as other:
        await sold(one, tmp_path)

        async def as_it_was(_: Database) -> None:
            await query("DROP TABLE job" + ("" if one.startswith("sqlite") else " CASCADE"))
            await query("DELETE FROM aerich WHERE version >= '2_'")

        await in_database(one, as_it_was)
        file = await saved(one, tmp_path)
        await sold(other, tmp_path, times=2)
        done = await type_(tmp_path, other, "restore", str(file), "--force")
        assert (done.code, done.err) == (0, "")
        assert len(await entries(other)) == 1
        assert await in_database(other, lambda _: query("SELECT * FROM job")) == []


async def test_a_backup_has_what_a_killed_service_left_in_its_wal(sqlite_url: str, tmp_path: Path) -> None:
    file, dead = Path(sqlite_url.removeprefix("sqlite://")), tmp_path / "dead"
    dead.mkdir()

    async def die(database: Database) -> None:
        await person(database, BUYER, 500)
        for end in ("", "-wal"):
            shutil.copyfile(f"{file}{end}", dead / f"bot.db{end}")

    await in_database(sqlite_url, die)
    assert (dead / "bot.db-wal").stat().st_size
    await saved(f"sqlite://{dead}/bot.db", tmp_path)
    fresh = f"sqlite://{tmp_path}/new/bot.db"
    assert (await type_(tmp_path, fresh, "restore", str(tmp_path / "saved"))).code == 0
    assert [amount for _, amount, _ in await entries(fresh)] == [500]


async def test_where_nothing_is_nothing_is_backed_up(tmp_path: Path) -> None:
    done = await type_(tmp_path, "sqlite://data/bot.db", "backup", "saved")
    says = "DATABASE_URL: there is no database at data/bot.db, so there is nothing to back up\n"
    assert done.all == (1, "", says)
    assert names(tmp_path) == []


async def test_a_place_where_no_backup_can_be_is_a_line(sqlite_url: str, tmp_path: Path) -> None:
    database = sqlite_url.removeprefix("sqlite://")
    for place, says in {
        "absent/saved": "absent/saved: cannot be written (No such file or directory); name another file\n",
        ".": ".: is a folder; name a file in it\n",
        database: f"{database}: is the database itself; name another file\n",
    }.items():
        done = await type_(tmp_path, sqlite_url, "backup", place, "--force")
        assert (done.code, done.out) == (1, "")
        assert done.err.endswith(says)
    for place, says in {
        "absent": "absent: cannot be read (No such file or directory)\n",
        ".": ".: cannot be read (Is a directory)\n",
        database: f"{database}: is the database itself; name another file\n",
    }.items():
        done = await type_(tmp_path, sqlite_url, "restore", place, "--force")
        assert done.all == (1, "", says)


@pytest.mark.parametrize("name", ["backup", "restore"])
async def test_a_server_that_does_not_answer_is_a_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "saved").write_bytes(b"PGDMP")
    url = f"postgres://u:secret@127.0.0.1:{free_port()}/name"
    done = await type_(tmp_path, url, name, "saved", "--force")
    assert (done.code, done.out, len(done.err.splitlines())) == (1, "", 1)
    assert done.err.startswith(
        "DATABASE_URL: the database does not answer (psql: error: connection to server"
    )
    assert "secret" not in done.err


@pytest.mark.parametrize("name", ["backup", "restore"])
async def test_without_postgresql_s_programs_it_says_what_to_install(
    postgres_url: str, tmp_path: Path, name: str
) -> None:
    (tmp_path / "saved").write_bytes(b"PGDMP")
    environment = {"DATABASE_URL": postgres_url, "PATH": str(tmp_path)}
    done = await typed(name, "saved", "--force", folder=tmp_path, **environment)
    assert (done.code, done.out, len(done.err.splitlines())) == (1, "", 1)
    assert done.err.startswith("psql: is not in PATH; install PostgreSQL's client programs")


async def test_no_program_sees_the_password_on_its_command_line(postgres_url: str, tmp_path: Path) -> None:
    spies, log = tmp_path / "spies", tmp_path / "log"
    spies.mkdir()
    for program in ("psql", "pg_dump", "pg_restore"):
        spy = spies / program
        spy.write_text(f'#!/bin/sh\necho "$0 $@" >>"{log}"\nexec "{PG_PROGRAMS / program}" "$@"\n')
        spy.chmod(0o755)
    url = postgres_url.replace("postgres@", "postgres:se%23cret@")
    for arguments in (["backup", "saved"], ["restore", "saved"]):
        done = await typed(*arguments, folder=tmp_path, DATABASE_URL=url, PATH=path(spies))
        assert done.code == 0, done
    called = log.read_text()
    assert all(program in called for program in ("psql", "pg_dump", "pg_restore"))
    assert "cret" not in called


async def test_the_documented_commands_for_postgresql_in_a_container_do_the_same(
    postgres_url: str, tmp_path: Path
) -> None:
    (server,) = tortoise_config(postgres_url)["connections"].values()
    where = {key: str(value or "") for key, value in server["credentials"].items()}
    named = {"PGHOST": where["host"], "PGPORT": where["port"], "PGPASSWORD": where["password"]}
    page = (RUN.parent / "docs" / "backup.md").read_text(encoding="utf-8")
    saving, restoring = re.findall(r"docker compose exec -T postgres (.+)", page)

    async def run(command: str) -> None:
        here = re.sub("(?<=--username=)bot", where["user"], command)
        here = re.sub("(?<=--dbname=)bot|(?<= )bot(?= >)", where["database"], here)
        environment = clean() | named | {"PATH": path(PG_PROGRAMS)}
        process = await asyncio.create_subprocess_shell(here, cwd=tmp_path, env=environment)
        assert await process.wait() == 0

    await sold(postgres_url, tmp_path)
    before = await entries(postgres_url)
    await run(saving)
    await sold(postgres_url, tmp_path)
    await run(restoring)
    assert await entries(postgres_url) == before
    done = await type_(tmp_path, postgres_url, "restore", "bot.backup", "--force")
    assert done.code == 0
    assert await entries(postgres_url) == before
