"""Connections to PostgreSQL as an address asks for them, by the pool and outside it."""

import asyncio

import pytest

from bot_platform.infra.database import Database
from bot_platform.infra.database_errors import UNREACHABLE, reason_of
from bot_platform.infra.sql import query
from tests.infra.tls_relay import AUTHORITY, tls_relay
from tests.providers.raw_server import Reader, Writer, listening


async def answers(url: str, sql: str = "SELECT 1 AS n") -> object:
    """Ask both the pool and a connection of its own; return what they say."""
    database = Database(url)
    await database.open()
    try:
        (pooled,) = await query(sql)
        async with database.reader() as ask:
            (own,) = await ask(sql)
    finally:
        await database.close()
    assert list(pooled.values()) == list(own.values())
    return next(iter(own.values()))


@pytest.mark.parametrize(
    ("parameters", "came"),
    [
        ("sslmode=disable", "plain"),
        ("sslmode=allow", "plain"),
        ("sslmode=prefer", "tls"),
        ("", "tls"),
        ("sslmode=require", "tls"),
        (f"sslmode=verify-ca&sslrootcert={AUTHORITY}", "tls"),
        (f"sslmode=verify-full&sslrootcert={AUTHORITY}&channel_binding=require", "tls"),
    ],
)
async def test_each_sslmode_is_obeyed(postgres_url: str, parameters: str, came: str) -> None:
    async with tls_relay(postgres_url) as relay:
        assert await answers(relay.url(postgres_url, parameters)) == 1
        assert set(relay.came) == {came}


@pytest.mark.parametrize(
    ("parameters", "host", "says"),
    [
        ("sslmode=verify-full", "localhost", "the server's certificate is not trusted"),
        ("sslrootcert=system", "localhost", "the server's certificate is not trusted"),
        (
            f"sslmode=verify-full&sslrootcert={AUTHORITY}",
            "127.0.0.1",
            "the server's certificate is not trusted",
        ),
    ],
)
async def test_a_server_that_cannot_prove_its_name_is_refused(
    postgres_url: str, parameters: str, host: str, says: str
) -> None:
    async with tls_relay(postgres_url) as relay:
        with pytest.raises(UNREACHABLE) as caught:
            await answers(relay.url(postgres_url, parameters, host))
    assert reason_of(caught.value).startswith(says)


@pytest.mark.parametrize("mode", ["require", "verify-full"])
async def test_without_tls_a_mode_that_needs_it_is_refused_and_prefer_goes_on(
    postgres_url: str, mode: str
) -> None:
    async with tls_relay(postgres_url, speaks_tls=False) as relay:
        with pytest.raises(UNREACHABLE) as caught:
            await answers(relay.url(postgres_url, f"sslmode={mode}"))
        assert "rejected SSL upgrade" in reason_of(caught.value)
        assert await answers(relay.url(postgres_url, "sslmode=prefer")) == 1


async def test_options_and_application_name_reach_the_server(postgres_url: str) -> None:
    url = f"{postgres_url}&options=-c%20search_path%3Dshop%2Cpublic&application_name=shop"
    assert await answers(url, "SHOW search_path") == "shop,public"
    assert await answers(url, "SHOW application_name") == "shop"


async def test_of_several_servers_the_first_that_answers_is_used(postgres_url: str) -> None:
    async with tls_relay(postgres_url) as dead, tls_relay(postgres_url) as living:
        ports = f"{dead.port},{living.port}"
        url = living.url(
            postgres_url, f"host=127.0.0.1,localhost&port={ports}&target_session_attrs=read-write"
        )
        dead.port = 0
        assert await answers(url) == 1


async def test_the_schema_of_the_search_path_gets_the_tables(postgres_url: str) -> None:
    database = Database(postgres_url)
    await database.open()
    await query("CREATE SCHEMA shop")
    await database.close()
    database = Database(f"{postgres_url}&options=-c%20search_path%3Dshop")
    await database.open()
    try:
        assert await database.migrate()
        assert await query("SELECT to_regclass('shop.entry') IS NOT NULL AS there") == [{"there": True}]
        assert not await database.migrate()
    finally:
        await database.close()


async def test_what_is_wrong_is_one_line_for_each_error(postgres_url: str) -> None:
    async with tls_relay(postgres_url) as relay:
        missing = relay.url(postgres_url, "sslmode=require&dbname=nothing")
        with pytest.raises(UNREACHABLE) as caught:
            await answers(missing)
        assert reason_of(caught.value).startswith("the server has no such database: create it")
    with pytest.raises(UNREACHABLE) as caught:
        await answers(relay.url(postgres_url, ""))
    assert reason_of(caught.value).startswith("nothing listens there")
    with pytest.raises(UNREACHABLE) as caught:
        await answers(f"{postgres_url}&options=endpoint%3Dep-x")
    assert len(reason_of(caught.value).splitlines()) == 1


async def test_a_server_that_never_answers_is_given_up() -> None:
    async def silent(_reader: Reader, _writer: Writer) -> None:
        await asyncio.Event().wait()

    async with listening(silent) as address:
        with pytest.raises(UNREACHABLE) as caught:
            await answers(f"postgres://u:p@{address}/d?connect_timeout=1")
    assert reason_of(caught.value) == "no answer came in time"
