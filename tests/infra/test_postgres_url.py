"""The address of a PostgreSQL server: each parameter is obeyed, or named in one line."""

import ssl
from pathlib import Path

import pytest

from bot_platform.infra.postgres_tls import UnusableUrl
from bot_platform.infra.postgres_url import parse

AUTHORITY = Path(__file__).parent / "certificates" / "authority.pem"
SERVER = AUTHORITY.with_name("server.pem")
ADDRESS = "postgresql://u:p@host/db"


@pytest.mark.parametrize(
    ("written", "password"),
    [
        ("secret", "secret"),
        ("s%23cret", "s#cret"),
        ("s#cret", "s#cret"),
        ("pa/ss?w#rd", "pa/ss?w#rd"),
        ("p@ss@", "p@ss@"),
        ("12/34", "12/34"),
        ("12?34", "12?34"),
        ("a:b", "a:b"),
        ("100%", "100%"),
        ("[YOUR-PASSWORD]", "[YOUR-PASSWORD]"),
        ("a b+c&d=e", "a b+c&d=e"),
    ],
)
def test_a_password_need_not_be_encoded(written: str, password: str) -> None:
    url = parse(f"postgres://bot:{written}@db.example.com:6432/name?sslmode=disable")
    assert (url.user, url.password, url.database) == ("bot", password, "name")
    assert (url.hosts, url.ports) == (["db.example.com"], [6432])
    assert url.environment()["PGPASSWORD"] == password


@pytest.mark.parametrize(
    ("address", "hosts", "ports"),
    [
        ("u@h/d", ["h"], [5432]),
        ("u@[::1]:6000/d", ["::1"], [6000]),
        ("u@a:1,b:2/d", ["a", "b"], [1, 2]),
        ("u@a,b:2/d", ["a", "b"], [5432, 2]),
        ("u@/d?host=a,b&port=7", ["a", "b"], [7, 7]),
        ("u@/d?host=/run/postgresql", ["/run/postgresql"], [5432]),
        ("u@/d?host=/run/postgresql&port=6000", ["/run/postgresql"], [6000]),
        ("u@%2Frun%2FPostgreSQL/d", ["/run/PostgreSQL"], [5432]),
        ("u@server:pw@server.example.com/d", ["server.example.com"], [5432]),
        ("u@h/d?application_name=me@home/now", ["h"], [5432]),
    ],
)
def test_one_server_or_several_or_a_socket(address: str, hosts: list[str], ports: list[int]) -> None:
    url = parse(f"postgres://{address}")
    assert (url.hosts, url.ports) == (hosts, ports)
    assert url.environment()["PGHOST"] == ",".join(hosts)


def test_what_the_query_says_about_the_session_reaches_driver_and_programs() -> None:
    url = parse(f"{ADDRESS}?options=endpoint%3Dep-x&application_name=shop&connect_timeout=7&maxsize=20")
    found = url.credentials()
    assert found["server_settings"] == {"options": "endpoint=ep-x", "application_name": "shop"}
    assert (found["timeout"], found["maxsize"]) == (7, 20)
    told = {"PGOPTIONS": "endpoint=ep-x", "PGAPPNAME": "shop", "PGCONNECT_TIMEOUT": "7"}
    assert url.environment().items() >= told.items()


def test_a_plus_in_options_is_a_space() -> None:
    assert parse(f"{ADDRESS}?options=-c+search_path=x").parameters["options"] == "-c search_path=x"


@pytest.mark.parametrize(
    ("query", "mode", "checks_name"),
    [
        ("sslmode=require", ssl.CERT_NONE, False),
        (f"sslmode=require&sslrootcert={AUTHORITY}", ssl.CERT_REQUIRED, False),
        (f"sslmode=verify-ca&sslrootcert={AUTHORITY}", ssl.CERT_REQUIRED, False),
        (f"sslmode=verify-full&sslrootcert={AUTHORITY}", ssl.CERT_REQUIRED, True),
        ("sslmode=verify-full", ssl.CERT_REQUIRED, True),
        ("sslmode=verify-full&channel_binding=require", ssl.CERT_REQUIRED, True),
        ("sslrootcert=system", ssl.CERT_REQUIRED, True),
        ("ssl=true", ssl.CERT_REQUIRED, True),
    ],
)
def test_each_mode_verifies_what_its_name_says(query: str, mode: ssl.VerifyMode, checks_name: bool) -> None:
    context = parse(f"{ADDRESS}?{query}").credentials()["ssl"]
    assert (context.verify_mode, context.check_hostname) == (mode, checks_name)


@pytest.mark.parametrize(
    ("query", "ssl_argument"),
    [("sslmode=disable", False), ("sslmode=allow", "allow"), ("ssl=prefer", "prefer")],
)
def test_weaker_modes_are_the_driver_s_own(query: str, ssl_argument: object) -> None:
    assert parse(f"{ADDRESS}?{query}").credentials()["ssl"] == ssl_argument


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("pgbouncer=true", "'pgbouncer', which is not known here; leave it out"),
        ("schema=public", "'schema', which is not known here"),
        ("sslmod=require", "'sslmod', which is not known here"),
        ("sslmode", "'sslmode', which is not known here"),
        ("sslmode=required", "sslmode=required, which must be one of disable, allow"),
        (
            "channel_binding=require",
            "channel_binding=require, which the driver cannot do: write sslmode=verify-full",
        ),
        ("sslmode=require&channel_binding=require", "write sslmode=verify-full"),
        ("sslmode=require&sslrootcert=system", "sslrootcert=system with a weak sslmode"),
        ("sslmode=verify-ca", "sslmode=verify-ca without sslrootcert"),
        (f"sslrootcert={AUTHORITY}", "sslrootcert without sslmode=verify-full"),
        (f"sslmode=prefer&sslrootcert={AUTHORITY}", "sslrootcert without sslmode=verify-full"),
        (
            "sslmode=verify-full&sslrootcert=/nowhere",
            "sslrootcert=/nowhere, which cannot be used (No such file",
        ),
        (f"sslmode=verify-full&sslrootcert={__file__}", "which cannot be used (holds no certificate)"),
        (f"sslmode=require&sslcert={SERVER}", "one of sslcert and sslkey: name both"),
        ("sslnegotiation=direct", "sslnegotiation=direct without sslmode=require"),
        ("gssencmode=require", "gssencmode=require, which cannot be obeyed"),
        ("target_session_attrs=read-only", "target_session_attrs=read-only, but this program writes"),
        ("connect_timeout=soon", "connect_timeout=soon, which must be a number"),
        ("maxsize=0", "a maxsize below"),
        ("host=a,b&port=1,2,3", "names 2 hosts and 3 ports"),
    ],
)
def test_what_cannot_be_obeyed_is_named(query: str, says: str) -> None:
    for address in (ADDRESS, "postgres://u:p@ss#w/rd@host/db"):
        with pytest.raises(UnusableUrl) as caught:
            parse(f"{address}?{query}").credentials()
        assert says in str(caught.value)
        assert len(str(caught.value).splitlines()) == 1
        assert "p@ss" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    ["u:p@h..example/d", "u:p@h:0/d", "u:p@h:99999/d", f"u:p@{'x' * 70}/d", "u:p@/d", "u:p@h/", "u:p@[::1/d"],
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(UnusableUrl, match="must be sqlite:// and a path"):
        parse(f"postgres://{address}")


def test_without_a_user_it_is_the_one_who_runs_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGUSER", "shop")
    assert parse("postgres://h/d").user == "shop"
