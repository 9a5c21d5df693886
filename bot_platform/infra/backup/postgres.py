"""Backups of PostgreSQL by pg_dump, pg_restore and psql, with the password in their environment."""

import contextlib
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bot_platform.infra import postgres_url
from bot_platform.infra.backup.files import BackupError, atomic_file, check_kind

PSQL = ("psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1")
NO_OWNERS = ("--no-owner", "--no-privileges")  # the roles may not exist on another server
LOCK_TIMEOUT_MS = 5000


def back_up(url: str, to: Path, *, force: bool) -> None:
    """Dump a snapshot of the database while it is in use; raises BackupError."""
    environment = _environment(url)
    _query(environment, "SELECT 1")
    with atomic_file(to, force=force) as partial:
        dump = ("pg_dump", "--format=custom", *NO_OWNERS, f"--file={partial}")
        _raise_on_failure(_run(environment, *dump), to, "the backup was not taken")
        _check(environment, partial, to)


def restore(url: str, file: Path, tables: Sequence[str], *, force: bool) -> None:
    """Replace the `tables` by a backup in one transaction; raises BackupError."""
    environment = _environment(url)
    check_kind(file, "PostgreSQL")
    others = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()"
    others += " AND usename = current_user AND pid <> pg_backend_pid()"
    if (connections := _query(environment, others)) != "0":
        raise BackupError(
            f"DATABASE_URL: {connections} other connections use this database;"
            " stop `serve` and every other command, then restore"
        )
    if not force and _query(environment, "SELECT to_regclass('users') IS NOT NULL") == "t":
        count = _query(environment, "SELECT COUNT(*) FROM users")
        if count != "0":
            raise BackupError(
                f"DATABASE_URL: names a database with {count} users in it;"
                " back it up, then replace it with --force"
            )
    _check(environment, file, file)
    _replace(environment, file, tables)


def _replace(environment: Mapping[str, str], file: Path, tables: Sequence[str]) -> None:
    """Run the SQL that pg_restore prints in one transaction of psql; commit only if pg_restore succeeded.

    All our tables are dropped first, in the same transaction: a newer schema can have tables that the backup
    does not know, with foreign keys to tables that it replaces.
    """
    names = ", ".join(f'"{table}"' for table in tables)
    options = f"SET lock_timeout = {LOCK_TIMEOUT_MS}; SET client_min_messages = warning"
    before = f"BEGIN; {options}; DROP TABLE IF EXISTS {names} CASCADE;\n"
    read = ("pg_restore", "--clean", "--if-exists", *NO_OWNERS, "--file=-", str(file))
    with _program(environment, *PSQL, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as psql:
        with contextlib.suppress(BrokenPipeError):  # psql has ended, and its error is read below
            psql.stdin.write(before.encode())
            psql.stdin.flush()
            result = _run(environment, *read, stdout=psql.stdin)
            if result.returncode == 0:
                psql.stdin.write(b"\nCOMMIT;\n")
        _, stderr = psql.communicate()
    if psql.returncode:
        raise BackupError(f"{file}: {_reason(stderr)}; nothing was changed")
    _raise_on_failure(result, file, "nothing was changed")


def _check(environment: Mapping[str, str], file: Path, name: Path) -> None:
    """Read the whole file; raises BackupError if it is damaged, or not a backup of this platform."""
    _raise_on_failure(
        _run(environment, "pg_restore", f"--file={os.devnull}", str(file)), name, "use another backup"
    )
    listed = _run(environment, "pg_restore", "--list", str(file), stdout=subprocess.PIPE)
    if not re.search(rb" TABLE DATA \S+ entry ", listed.stdout):  # `options` may name another schema
        raise BackupError(f"{name}: is not a backup of this platform: it has no table entry")


def _query(environment: Mapping[str, str], sql: str) -> str:
    """Return the text of a query's single value; raises BackupError if psql fails."""
    result = _run(environment, *PSQL, f"--command={sql}", stdout=subprocess.PIPE)
    if result.returncode:
        raise BackupError(f"DATABASE_URL: the database does not answer ({_reason(result.stderr)})")
    return bytes(result.stdout).decode().strip()


def _environment(url: str) -> dict[str, str]:
    return {**os.environ, "LC_MESSAGES": "C", **postgres_url.parse(url).environment()}


def _run(environment: Mapping[str, str], *command: str, stdout: Any = subprocess.DEVNULL) -> Any:
    """Run one of PostgreSQL's programs to its end; its standard error is kept."""
    with _program(environment, *command, stdin=subprocess.DEVNULL, stdout=stdout) as program:
        out, stderr = program.communicate()
    return subprocess.CompletedProcess(command, program.returncode, out, stderr)


@contextlib.contextmanager
def _program(environment: Mapping[str, str], *command: str, **pipes: Any) -> Iterator[Any]:
    """Start one of PostgreSQL's programs; it is killed if we are interrupted."""
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
            program.kill()  # no effect on a program that has ended


def _raise_on_failure(result: Any, file: Path, consequence: str) -> None:
    if result.returncode:
        raise BackupError(f"{file}: {_reason(result.stderr)}; {consequence}")


def _reason(stderr: bytes) -> str:
    """Find the error and its detail in the standard error of a program."""
    lines = [line for line in stderr.decode(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if re.search(r"(?i)\b(error|fatal|detail|panic):", line)]
    return " ".join((errors or lines or ["it was killed"])[:2])
