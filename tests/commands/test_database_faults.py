"""What keeps the database from being used is one clear line, for each way to open it."""

from pathlib import Path

import pytest

from tests.commands.shell import PG_PROGRAMS, Result, path_variable, run_command
from tests.infra.tls_relay import tls_relay
from tests.makers import free_port
from tests.providers.raw_server import listening, repeat_the_password

SERVE = {
    "TELEGRAM_BOT_TOKEN": "1:abc",
    "MOCK_STRIPE_PAYMENTS": "true",
    "TELEGRAM_API_BASE": "http://127.0.0.1:9",
}
WAYS = [
    ["serve"],
    ["migrate"],
    ["audit"],
    ["doctor", "--json"],
    ["backup", "saved", "--force"],
    ["restore", "saved", "--force"],
]


async def opened(folder: Path, way: list[str], url: str) -> Result:
    (folder / "saved").write_bytes(b"PGDMP")
    given = SERVE | {"PORT": str(free_port()), "DATABASE_URL": url, "PATH": path_variable(PG_PROGRAMS)}
    return await run_command(*way, folder=folder, **given)


@pytest.mark.parametrize("way", WAYS[:4], ids=lambda way: way[0])
async def test_a_server_that_repeats_the_password_makes_no_command_print_it(
    tmp_path: Path, way: list[str]
) -> None:
    async with listening(repeat_the_password) as address:
        done = await opened(tmp_path, way, f"postgres://bot:a%20secret%2Fword@{address}/bot?sslmode=disable")
    said = done.err + done.out
    assert done.code == 1
    assert "[DATABASE_URL]" in said
    assert "secret" not in said


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way[0])
async def test_a_parameter_that_cannot_be_obeyed_is_one_line(tmp_path: Path, way: list[str]) -> None:
    done = await opened(tmp_path, way, "postgres://u:s#cret@h/name?sslmode=require&pgbouncer=true")
    said = done.err + done.out
    assert done.code in ({1} if way[0] == "doctor" else {2})
    assert said.count("has the parameter 'pgbouncer'") == 1
    assert "cret" not in said
    if way[0] != "doctor":
        assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("way", WAYS[:4], ids=lambda way: way[0])
async def test_a_missing_database_is_one_line_at_once(
    tmp_path: Path, postgres_url: str, way: list[str]
) -> None:
    async with tls_relay(postgres_url) as relay:
        done = await opened(tmp_path, way, relay.url(postgres_url, "dbname=nothing&sslmode=require"))
    assert done.code == 1
    lines = [line for line in (done.err + done.out).splitlines() if "no such database: create it" in line]
    assert len(lines) == 1
    if way[0] != "doctor":
        assert done.err.splitlines() == lines


async def test_a_backup_reaches_the_server_as_the_address_says(tmp_path: Path, postgres_url: str) -> None:
    async with tls_relay(postgres_url, speaks_tls=False) as relay:
        done = await opened(tmp_path, WAYS[4], relay.url(postgres_url, "sslmode=disable&application_name=x"))
        assert done.code == 0, done
        assert set(relay.came) == {"plain"}
        done = await opened(tmp_path, WAYS[4], relay.url(postgres_url, "sslmode=require"))
        assert (done.code, len(done.err.splitlines())) == (1, 1)
