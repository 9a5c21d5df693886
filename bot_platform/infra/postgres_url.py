"""Reads the address of a PostgreSQL server as libpq does, and names what cannot be obeyed."""

import getpass
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from bot_platform.infra import postgres_tls
from bot_platform.infra.postgres_tls import UnusableUrl

SCHEMES = frozenset({"postgres", "postgresql", "asyncpg"})
DEFAULT_PORT, MAX_PORT = 5432, 65_535
POOL_SIZE = 10
CONNECT_TIMEOUT_SECONDS = 5
SHAPE = (
    "must be sqlite:// and a path, or postgres://user:password@host:5432/name"
    " with # ? / % in the password written as %23 %3F %2F %25"
)
HOST = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(%\w+)?")
HOST_AND_PORT = re.compile(r"(?:\[(?P<v6>[^\]]+)\]|(?P<name>[^:\[\]]*))(?::(?P<port>\d+))?")
WRITABLE = frozenset({"any", "read-write", "primary"})
# https://www.postgresql.org/docs/current/libpq-connect.html lists the parameters. What one may say;
# those without a list are texts or numbers.
VALUES: Mapping[str, frozenset[str]] = {
    "gssencmode": frozenset({"disable", "prefer"}),  # the driver never encrypts by Kerberos
    "client_encoding": frozenset({"utf8", "utf-8", "UTF8", "UTF-8", "auto"}),
}
NUMBERS = frozenset({"connect_timeout", "maxsize", "minsize"})
ELSEWHERE = frozenset({"host", "port", "user", "password", "dbname"})  # parts of the address itself
TEXTS = frozenset({"application_name", "fallback_application_name", "options", "target_session_attrs"})
KNOWN = postgres_tls.PARAMETERS | TEXTS | NUMBERS | ELSEWHERE | VALUES.keys()
# The same for PostgreSQL's own programs.
VARIABLES = {
    "application_name": "PGAPPNAME",
    "options": "PGOPTIONS",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
    "connect_timeout": "PGCONNECT_TIMEOUT",
}


@dataclass(frozen=True, slots=True)
class PostgresUrl:
    """A server, or several of which the first that fits is used; `parameters` are known and obeyed."""

    hosts: Sequence[str]
    ports: Sequence[int]
    user: str
    password: str | None
    database: str
    parameters: Mapping[str, str]

    def credentials(self) -> dict[str, Any]:
        """Return the arguments of Tortoise's client: those of asyncpg, and the size of the pool.

        Raises UnusableUrl when a file with certificates cannot be read.
        """
        get = self.parameters.get
        several = len(self.hosts) > 1
        found: dict[str, Any] = {
            "host": list(self.hosts) if several else self.hosts[0],
            "port": self.ports[0],
            "user": self.user,
            "password": self.password,
            "database": self.database,
            "timeout": int(get("connect_timeout", CONNECT_TIMEOUT_SECONDS)) or None,
            "maxsize": int(get("maxsize", POOL_SIZE)),
            "minsize": int(get("minsize", 1)),
            "server_settings": self._server_settings(),
            **postgres_tls.arguments(self.parameters),
        }
        if several:
            found["ports"] = list(self.ports)
        if attributes := get("target_session_attrs"):
            found["target_session_attrs"] = attributes
        return found

    def environment(self) -> dict[str, str]:
        """Return the variables that tell PostgreSQL's own programs the same."""
        password = {"PGPASSWORD": self.password} if self.password else {}
        named = {VARIABLES[name]: value for name, value in self.parameters.items() if name in VARIABLES}
        return {
            "PGHOST": ",".join(self.hosts),
            "PGPORT": ",".join(map(str, self.ports)),
            "PGUSER": self.user,
            "PGDATABASE": self.database,
            **password,
            **named,
            **postgres_tls.environment(self.parameters),
        }

    def _server_settings(self) -> dict[str, str]:
        get = self.parameters.get
        name = get("application_name") or get("fallback_application_name")
        settings = {"application_name": name, "options": get("options")}
        return {name: value for name, value in settings.items() if value}


def parse(url: str) -> PostgresUrl:
    """Read an address; raises UnusableUrl with what is wrong, in words that quote no password.

    A password need not be encoded: where the address has several `@`, the first reading that makes sense
    counts, first of all that of a URL.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in SCHEMES:
        raise UnusableUrl(SHAPE)
    faults: dict[int, UnusableUrl] = {}
    for at in _splits(rest):
        try:
            return _read(rest[: max(at, 0)], rest[at + 1 :])
        except UnusableUrl as fault:
            faults[at] = fault
    raise faults[max(faults)]  # what stands behind the last @ holds no password


def _splits(rest: str) -> Iterator[int]:
    """Yield where the name and password may end: -1 when there are none."""
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    usual = authority.rfind("@")
    yield usual
    yield from (at for at in range(len(rest) - 1, -1, -1) if rest[at] == "@" and at != usual)


def _read(before: str, after: str) -> PostgresUrl:
    where, _, query = after.partition("?")
    hosts, _, database = where.partition("/")
    user, _, password = before.partition(":")
    if "#" in after or re.search("[/@]", database):
        raise UnusableUrl(SHAPE)
    given = _parameters(query)
    found = _addresses(given.get("host") or hosts, given.get("port", ""))
    name = given.get("dbname") or unquote(database)
    if not name:
        raise UnusableUrl(SHAPE)
    return PostgresUrl(
        hosts=[host for host, _ in found],
        ports=[port for _, port in found],
        user=given.get("user") or unquote(user) or _own_name(),
        password=given.get("password") or unquote(password) or None,
        database=name,
        parameters={key: value for key, value in given.items() if key not in ELSEWHERE},
    )


def _parameters(query: str) -> dict[str, str]:
    given: dict[str, str] = {}
    for pair in filter(None, query.split("&")):
        name, sign, value = pair.partition("=")
        if name not in KNOWN or not sign:
            known = ", ".join(sorted(KNOWN - ELSEWHERE))
            raise UnusableUrl(
                f"has the parameter {name[:40]!r}, which is not known here; leave it out (known are {known})"
            )
        given[name] = unquote(value)
    _check(given)
    return given


def _check(given: dict[str, str]) -> None:
    if "options" in given:  # some programs write a space as +
        given["options"] = re.sub(r"(?<=-c)\+|\+(?=-c)", " ", given["options"])
    for name, value in given.items():
        if name in VALUES and value not in VALUES[name]:
            raise UnusableUrl(f"has {name}={value[:40]}, which cannot be obeyed; leave it out")
        if name in NUMBERS and not re.fullmatch(r"[0-9]{1,4}", value):
            raise UnusableUrl(f"has {name}={value[:40]}, which must be a number, such as {name}=10")
    attributes = given.get("target_session_attrs", "any")
    if attributes not in WRITABLE:
        raise UnusableUrl(
            f"has target_session_attrs={attributes[:40]}, but this program writes:"
            " use read-write, primary or any"
        )
    if int(given.get("maxsize", POOL_SIZE)) < max(int(given.get("minsize", 1)), 1):
        raise UnusableUrl("has a maxsize below its minsize or below 1, such as maxsize=10&minsize=1")
    postgres_tls.check(given)


def _addresses(hosts: str, ports: str) -> list[tuple[str, int]]:
    """Read `a,b:5433` and the ports of the query; a host that begins with / is a folder with a socket."""
    found = [_address(unquote(host)) for host in hosts.split(",")]
    numbers = ports.split(",") if ports else []
    if len(numbers) == 1:
        numbers *= len(found)
    if numbers:
        if len(numbers) != len(found):
            raise UnusableUrl(
                f"names {len(found)} hosts and {len(numbers)} ports: write one port for each host"
            )
        found = [(host, _port(port)) for (host, _), port in zip(found, numbers, strict=True)]
    return found


def _address(host: str) -> tuple[str, int]:
    if host.startswith("/"):
        return host, DEFAULT_PORT
    if ":" in host and "[" not in host and HOST.fullmatch(host) and host.count(":") > 1:
        return host, DEFAULT_PORT  # an IPv6 address in the query
    found = HOST_AND_PORT.fullmatch(host)
    name = found and (found["v6"] or found["name"])
    if not found or not name or not HOST.fullmatch(name):
        raise UnusableUrl(SHAPE)
    return name, _port(found["port"] or str(DEFAULT_PORT))


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) <= MAX_PORT:
        raise UnusableUrl(SHAPE)
    return int(text)


def _own_name() -> str:
    try:
        return os.environ.get("PGUSER") or getpass.getuser()
    except (KeyError, OSError) as fault:
        raise UnusableUrl("names no user: write postgres://user:password@host:5432/name") from fault
