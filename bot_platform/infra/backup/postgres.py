"""PostgreSQL's side: its own pg_dump, pg_restore and psql, with the password in their environment."""

import contextlib
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bot_platform.infra.backup.files import BackupError, check_kind, whole_file

CONNECTS = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "database": "PGDATABASE",
}
# As asyncpg understands `?ssl=true`: the server's certificate must be good.
ENCRYPTED = {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": "system"}
SQL = ("psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1")
PLAIN = ("--no-owner", "--no-privileges")  # another server has other names for whoever owns it
PATIENCE = 5000  # milliseconds to wait for a lock that somebody else has


def take(credentials: Mapping[str, Any], to: Path, *, force: bool) -> None:
    """Dump the database as it is at one moment, beside whoever writes to it; raises Trouble."""
    environment = _environment(credentials)
    _ask(environment, "SELECT 1")
    with whole_file(to, force=force) as part:
        dump = ("pg_dump", "--format=custom", *PLAIN, f"--file={part}")
        _checked(_run(environment, *dump), to, "the backup was not taken")
        _check(environment, part, to)


def put_back(credentials: Mapping[str, Any], file: Path, tables: Sequence[str], *, force: bool) -> None:
    """Replace the `tables` by a backup, entirely or not at all; raises Trouble."""
    environment = _environment(credentials)
    check_kind(file, "PostgreSQL")
    people = "SELECT to_regclass('users') IS NOT NULL"
    others = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()"
    others += " AND usename = current_user AND pid <> pg_backend_pid()"
    if (open_now := _ask(environment, others)) != "0":
        raise BackupError(
            f"DATABASE_URL: {open_now} other connections use this database;"
            " stop `serve` and every other command, then restore"
        )
    if not force and _ask(environment, people) == "t":
        count = _ask(environment, "SELECT COUNT(*) FROM users")
        if count != "0":
            raise BackupError(
                f"DATABASE_URL: names a database with {count} people in it;"
                " back it up, then replace it with --force"
            )
    _check(environment, file, file)
    _replace(environment, file, tables)


def _replace(environment: Mapping[str, str], file: Path, tables: Sequence[str]) -> None:
    """Let psql carry out what pg_restore says, and commit only if it said everything.

    A newer schema has tables that the backup does not know and that would hold on to those it does:
    they go first, in the same transaction.
    """
    names = ", ".join(f'"{table}"' for table in tables)
    quietly = f"SET lock_timeout = {PATIENCE}; SET client_min_messages = warning"
    before = f"BEGIN; {quietly}; DROP TABLE IF EXISTS {names} CASCADE;\n"
    read = ("pg_restore", "--clean", "--if-exists", *PLAIN, "--file=-", str(file))
    with _program(environment, *SQL, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as psql:
        with contextlib.suppress(BrokenPipeError):  # psql has given up, and says why below
            psql.stdin.write(before.encode())
            psql.stdin.flush()
            said = _run(environment, *read, stdout=psql.stdin)
            if said.returncode == 0:
                psql.stdin.write(b"\nCOMMIT;\n")
        _, complaint = psql.communicate()
    if psql.returncode:
        raise BackupError(f"{file}: {_why(complaint)}; nothing was changed")
    _checked(said, file, "nothing was changed")


def _check(environment: Mapping[str, str], file: Path, named: Path) -> None:
    """Read every byte; raises Trouble for a file that is damaged, or for a database that is not ours."""
    _checked(_run(environment, "pg_restore", f"--file={os.devnull}", str(file)), named, "use another backup")
    listed = _run(environment, "pg_restore", "--list", str(file), stdout=subprocess.PIPE)
    if b" TABLE DATA public entry " not in listed.stdout:
        raise BackupError(f"{named}: is no backup of this platform: it has no entry")


def _ask(environment: Mapping[str, str], sql: str) -> str:
    """Ask one question; raises Trouble when the server gives no answer."""
    said = _run(environment, *SQL, f"--command={sql}", stdout=subprocess.PIPE)
    if said.returncode:
        raise BackupError(f"DATABASE_URL: the database does not answer ({_why(said.stderr)})")
    return bytes(said.stdout).decode().strip()


def _environment(credentials: Mapping[str, Any]) -> dict[str, str]:
    named = {name: str(credentials[key]) for key, name in CONNECTS.items() if credentials.get(key)}
    return {**os.environ, "LC_MESSAGES": "C", **named, **(ENCRYPTED if credentials.get("ssl") else {})}


def _run(environment: Mapping[str, str], *command: str, stdout: Any = subprocess.DEVNULL) -> Any:
    """Run one of PostgreSQL's programs to its end; what it complains of is kept."""
    with _program(environment, *command, stdin=subprocess.DEVNULL, stdout=stdout) as program:
        out, complaint = program.communicate()
    return subprocess.CompletedProcess(command, program.returncode, out, complaint)


@contextlib.contextmanager
def _program(environment: Mapping[str, str], *command: str, **pipes: Any) -> Iterator[Any]:
    """Start one of PostgreSQL's programs; whoever is interrupted here leaves none behind."""
    try:
        program = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, **pipes)  # noqa: S603 -- PostgreSQL's programs by name, no shell
    except FileNotFoundError as fault:
        raise BackupError(
            f"{command[0]}: is not in PATH; install PostgreSQL's client programs, of the server's version or"
            " newer (Debian, Ubuntu: apt-get install postgresql-client, macOS: brew install libpq)"
        ) from fault
    with program:
        try:
            yield program
        finally:
            program.kill()  # does nothing to one that has ended


def _checked(said: Any, file: Path, so: str) -> None:
    if said.returncode:
        raise BackupError(f"{file}: {_why(said.stderr)}; {so}")


def _why(complaint: bytes) -> str:
    """Find the fault, with its detail, in what a program complained of."""
    lines = [line for line in complaint.decode(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"(?i)\b(error|fatal|detail|panic):", line)]
    return " ".join((telling or lines or ["it was ended by force"])[:2])
