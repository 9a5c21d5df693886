"""Injects a crash, or a lost connection, before any statement or after any commit."""

import contextlib
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from enum import Enum, auto
from typing import Any

import aiosqlite
import asyncpg

from bot_platform.infra.sql import connection


class Died(BaseException):
    """The process has crashed: none of its later statements reaches the database."""


class Calamity(Enum):
    """The failure that is injected."""

    DEATH = auto()
    LOSS = auto()  # of the connection; SQLite has none, so it reports once that it is locked


class Fate:
    """Counts the points that are passed, and fails at one of them."""

    def __init__(self, at: int, calamity: Calamity) -> None:
        self.points = 0
        self._at, self._calamity, self._dead = at, calamity, False

    @property
    def struck(self) -> bool:
        """Whether the failure was injected."""
        return 0 < self._at <= self.points

    async def act(self, link: Any, *, commits: bool, work: Callable[[], Awaitable[Any]]) -> Any:
        """Run one statement, with a point before it and, if it commits, one after it."""
        self._point(link)
        result = await work()
        if commits:
            self._point(link)
        return result

    def _point(self, link: Any) -> None:
        if self._dead:
            raise Died
        self.points += 1
        if self.points != self._at:
            return
        if self._calamity is Calamity.DEATH:
            self._dead = True
            raise Died
        if isinstance(link, aiosqlite.Connection):
            raise sqlite3.OperationalError("database is locked")
        link.terminate()
        raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")


@contextlib.contextmanager
def fate(at: int = 0, calamity: Calamity = Calamity.DEATH) -> Iterator[Fate]:
    """Count every statement of both database libraries while the context is open; `at=0` only counts."""
    met = Fate(at, calamity)
    libraries: Any = (aiosqlite.Connection, asyncpg.Connection)
    sqlite, postgres = libraries
    execute = sqlite._execute  # noqa: SLF001 -- all of aiosqlite goes through it
    kept = {name: getattr(postgres, name) for name in ("execute", "fetch", "fetchrow")}

    async def on_sqlite(self: Any, work: Any, *args: Any) -> Any:
        does = getattr(work, "__name__", "")
        commits = does == "commit" and self.in_transaction
        # What begins or ends nothing but a wait changes nothing: dying there is dying a statement later.
        if args[:1] == ("BEGIN",) or does in {"close", "rollback"} or (does == "commit" and not commits):
            return await execute(self, work, *args)
        unsure = commits and calamity is Calamity.DEATH  # a living SQLite says what it has committed
        return await met.act(self, commits=unsure, work=lambda: execute(self, work, *args))

    def on_postgres(name: str) -> Callable[..., Awaitable[Any]]:
        async def counted(self: Any, sql: str, *args: Any, **kwargs: Any) -> Any:
            commits = sql.startswith("COMMIT")
            return await met.act(self, commits=commits, work=lambda: kept[name](self, sql, *args, **kwargs))

        return counted

    sqlite._execute = on_sqlite  # noqa: SLF001 -- as above
    for name in kept:
        setattr(postgres, name, on_postgres(name))
    try:
        yield met
    finally:
        sqlite._execute = execute  # noqa: SLF001 -- as above
        for name, was in kept.items():
            setattr(postgres, name, was)


def cut_off() -> None:
    """Cut the connections of a crashed process: the server rolls back."""
    pool = getattr(connection(), "_pool", None)
    if pool is not None:
        pool.terminate()
