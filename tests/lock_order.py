"""Records in which order transactions lock rows on PostgreSQL, and finds orders that can deadlock."""

import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import wraps
from types import FrameType
from typing import Any

from tortoise.backends.asyncpg.client import TransactionWrapper

WRITES = re.compile(r'\b(?:UPDATE|DELETE FROM)\s+"?(\w+)"?', re.IGNORECASE)
BOUND = re.compile(r"\$(\d+)")
ADVISORY = "pg_advisory_xact_lock"
# All that belongs to a user is locked after their account, and then its order does not matter.
GUARD = "account"
NAMES = {
    "outbox",
    "jobs",
    "updates",
    "events",
    "refunds",
    "broadcast",
    "support",
}  # of advisory locks; all others are named after a payment


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock on rows of a kind; `rows` tells them apart from others, and `waits` if it may have waited."""

    what: str
    rows: tuple[str, ...] = ()
    waits: bool = True
    several: bool = False


@dataclass(slots=True)
class Orders:
    """Which kind of row was locked while which other was held, and by which story.

    `several` are the stories that locked several rows of a kind in one statement, in no order, without the
    guard.
    """

    free: dict[tuple[str, str], str] = field(default_factory=dict)
    guarded: dict[tuple[str, str], str] = field(default_factory=dict)
    several: dict[str, set[str]] = field(default_factory=dict)

    def add(self, story: str, locks: Sequence[Lock]) -> None:
        """Add the locks of one transaction, in their order."""
        held: list[Lock] = []
        guard = False
        for lock in locks:
            if any((lock.what, lock.rows) == (one.what, one.rows) for one in held):
                continue
            if lock.waits and not (guard and lock.what == GUARD):  # it is the same account
                known = self.guarded if guard else self.free
                for before in {one.what for one in held} - {lock.what}:
                    known.setdefault((before, lock.what), story)
                if lock.several and not guard and story:
                    self.several.setdefault(lock.what, set()).add(story)
            guard = guard or lock.what == GUARD
            held.append(lock)

    def inversions(self) -> list[str]:
        """Describe each order without the guard that another story takes the other way round."""
        after: dict[str, set[str]] = defaultdict(set)
        for first, second in [*self.free, *self.guarded]:
            after[first].add(second)
        found = []
        for (first, second), story in sorted(self.free.items()):
            if first in _reached(after, second):
                back = [
                    f"{a} before {b} in {by}"
                    for (a, b), by in [*self.free.items(), *self.guarded.items()]
                    if b == first and a in {second, *_reached(after, second)}
                ]
                found.append(f"{story} locks {first} before {second}, but: {'; '.join(back)}")
        return found


def _reached(after: dict[str, set[str]], start: str) -> set[str]:
    reached: set[str] = set()
    todo = [start]
    while todo:
        for one in after[todo.pop()] - reached:
            reached.add(one)
            todo.append(one)
    return reached


ORDERS = Orders()  # of all tests of this process
REPORTED: list[str] = []
# Stories that lock several rows of a kind at once, without an account and in no order, and why no two meet.
SEVERAL = {
    "domain/account_flags.py:mark_broken": "no other story locks two accounts",
    "domain/inbox.py:drop_updates": "updates that have ended are touched by nothing else",
    "domain/inbox.py:claim": "the rows that it has locked in the statement before",
    "domain/outbox_leases.py:claim": "the rows that it has locked or leased in the statement before",
    "domain/refunds.py:claim": "the rows that it has locked in the statement before",
    "flows/notice_retention.py:_delete_page": "old notices that have ended are touched by nothing else",
    "infra/queues.py:unmark_firsts": "one replica at a time, and nearly never",
    "infra/sql.py:query": "a test that asks something itself after the story",
    "domain/outbox.py:revive": "tests alone call it without a story that has locked an account",
    "domain/job_leases.py:claim": "one claim at a time, by the lock of jobs",
    "domain/reversals.py:mark_foreign": "the reversals of one payment, which no purchase has",
    "flows/broadcast.py:story": "the notices of one broadcast, which a sender takes one by one",
}


def problems() -> list[str]:
    """Describe what this process has seen that can end in a deadlock."""
    several = {story for stories in ORDERS.several.values() for story in stories}
    return [
        *ORDERS.inversions(),
        *(f"{story} locks several rows" for story in sorted(several - SEVERAL.keys())),
    ]


def new_problems() -> list[str]:
    """Return the problems that were not returned before: each fails one test."""
    new = [one for one in problems() if one not in REPORTED]
    REPORTED.extend(new)
    return new


def locks_of(sql: str, values: Sequence[Any] | None, rows: int) -> Iterator[Lock]:
    """List the locks that a statement took, which changed or returned so many rows."""
    if ADVISORY in sql:
        name = str(values[0]) if values else ""
        yield Lock(f"the lock of {name if name in NAMES else 'a payment'}")
        return
    written = WRITES.search(sql)
    if rows and written:
        where = sql.upper().rfind("WHERE", written.start())
        bound = [str(values[int(n) - 1]) for n in BOUND.findall(sql[where:])] if values and where >= 0 else []
        table, waits = written[1], "SKIP LOCKED" not in sql
        yield Lock(table, (sql[where:], *bound), waits=waits, several=rows > 1)


def _story() -> str:
    """Name the function that was given to `transact`."""
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 -- the only way to see who asks
    name = ""
    while frame and frame.f_code.co_name != "_once":
        if "bot_platform" in frame.f_code.co_filename:
            name = f"{frame.f_code.co_filename.rpartition('bot_platform/')[2]}:{frame.f_code.co_name}"
        frame = frame.f_back
    return name


def record() -> None:
    """Let every transaction on PostgreSQL of this process record its locks in ORDERS."""

    def recorded(name: str, count: Any) -> None:
        ask = getattr(TransactionWrapper, name)

        @wraps(ask)
        async def asked(self: Any, query: str, values: Any = None) -> Any:
            answer = await ask(self, query, values)
            if taken := list(locks_of(query, values, count(answer))):
                self.__dict__.setdefault("locks_taken", []).extend(taken)
                self.__dict__["story"] = _story() or self.__dict__.get("story", "")
            return answer

        setattr(TransactionWrapper, name, asked)

    recorded("execute_query", lambda answer: answer[0])
    recorded("execute_query_dict", len)
    commit = TransactionWrapper.commit

    @wraps(commit)
    async def committed(self: Any) -> None:
        await commit(self)
        ORDERS.add(self.__dict__.get("story", ""), self.__dict__.pop("locks_taken", []))

    TransactionWrapper.commit = committed  # type: ignore[method-assign]
