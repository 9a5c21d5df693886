"""How the connection to PostgreSQL is encrypted, and what proves that the server is the right one."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
CERTAIN = frozenset({"require", "verify-ca", "verify-full"})  # never without encryption
VERSIONS = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}
SYSTEM = "system"  # as sslrootcert: the authorities that this machine trusts
# What `ssl=...` says, which some programs write instead of sslmode.
SSL = {"true": "verify-full", "1": "verify-full", "false": "disable", "0": "disable"}
# What each parameter may say; a file or a mode has no list here.
VALUES: Mapping[str, tuple[str, ...]] = {
    "sslmode": MODES,
    "ssl": (*SSL, *MODES),
    "channel_binding": ("disable", "prefer", "require"),
    "sslnegotiation": ("postgres", "direct"),
    "ssl_min_protocol_version": tuple(VERSIONS),
}
FILES = ("sslrootcert", "sslcert", "sslkey")
PARAMETERS = frozenset({*VALUES, *FILES})
VARIABLES = {
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "channel_binding": "PGCHANNELBINDING",
    "sslnegotiation": "PGSSLNEGOTIATION",
    "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
}
ALPN = ["postgresql"]  # which a server asks for since PostgreSQL 17


class UnusableUrl(ValueError):
    """An address cannot be used; the message says what is wrong and what to write instead."""


def check(given: Mapping[str, str]) -> None:
    """Raise UnusableUrl for parameters that say nothing, or what cannot be obeyed."""
    for name, known in VALUES.items():
        if name in given and given[name] not in known:
            raise UnusableUrl(f"has {name}={given[name][:40]}, which must be one of {', '.join(known)}")
    mode = _mode(given)
    files = [name for name in FILES if given.get(name)]
    if files and mode not in CERTAIN:
        raise UnusableUrl(
            f"has {files[0]} without sslmode=verify-full, verify-ca or require: write one of them"
        )
    if given.get("sslrootcert") == SYSTEM and mode != "verify-full":
        raise UnusableUrl("has sslrootcert=system with a weak sslmode: write sslmode=verify-full")
    if mode == "verify-ca" and not given.get("sslrootcert"):
        raise UnusableUrl("has sslmode=verify-ca without sslrootcert: name the file of the authority")
    if bool(given.get("sslcert")) != bool(given.get("sslkey")):
        raise UnusableUrl("has one of sslcert and sslkey: name both files")
    if given.get("sslnegotiation") == "direct" and mode not in CERTAIN:
        raise UnusableUrl("has sslnegotiation=direct without sslmode=require, verify-ca or verify-full")
    if given.get("channel_binding") == "require" and mode != "verify-full":
        raise UnusableUrl(
            "has channel_binding=require, which the driver cannot do: write sslmode=verify-full, so that the"
            " server's certificate proves who it is"
        )


def arguments(given: Mapping[str, str]) -> dict[str, Any]:
    """Return asyncpg's arguments; raises UnusableUrl when a file cannot be read."""
    mode = _mode(given)
    if mode is None:
        return {}
    if mode not in CERTAIN:
        return {"ssl": False if mode == "disable" else mode}
    direct = {"direct_tls": True} if given.get("sslnegotiation") == "direct" else {}
    return {"ssl": _context(given, mode), **direct}


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that tell PostgreSQL's own programs the same."""
    mode = _mode(given)
    found = {VARIABLES[name]: value for name, value in given.items() if name in VARIABLES}
    if mode:
        found["PGSSLMODE"] = mode
    if mode == "verify-full" or given.get("sslrootcert"):
        found["PGSSLROOTCERT"] = given.get("sslrootcert") or SYSTEM
    return found


def _mode(given: Mapping[str, str]) -> str | None:
    if mode := given.get("sslmode") or given.get("ssl"):
        return SSL.get(mode, mode)
    return "verify-full" if given.get("sslrootcert") == SYSTEM else None


def _context(given: Mapping[str, str], mode: str) -> ssl.SSLContext:
    """Make the context; without a file, verify-full trusts whom this machine trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = mode == "verify-full"
    authority = given.get("sslrootcert")
    # With a file, `require` verifies as verify-ca does.
    verifies = mode != "require" or bool(authority)
    context.verify_mode = ssl.CERT_REQUIRED if verifies else ssl.CERT_NONE
    context.minimum_version = VERSIONS[given.get("ssl_min_protocol_version", "TLSv1.2")]
    context.set_alpn_protocols(ALPN)
    if authority and authority != SYSTEM:
        _load("sslrootcert", authority, lambda: context.load_verify_locations(cafile=authority))
    elif verifies:
        context.load_default_certs()
    if certificate := given.get("sslcert"):
        key = given["sslkey"]
        _load("sslkey", key, Path(key).read_bytes)
        _load("sslcert", certificate, lambda: context.load_cert_chain(certificate, key, password=""))
    return context


def _load(name: str, file: str, load: Any) -> None:
    try:
        load()
    except (OSError, ValueError) as fault:  # ssl.SSLError is an OSError
        reason = (
            "holds no certificate" if isinstance(fault, ssl.SSLError) else getattr(fault, "strerror", fault)
        )
        raise UnusableUrl(f"has {name}={file}, which cannot be used ({reason})") from fault
