"""The audit: checks every invariant of the books, some rows at a time, and names each row that breaks one."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from bot_platform.domain import invariants, purchases, reversals
from bot_platform.domain.invariants import CHECKS
from bot_platform.domain.purchases import Purchase
from bot_platform.infra.sql import Ask

CHUNK_ROWS = 10_000  # rows of one query: it ends within a fraction of a second


@dataclass(frozen=True, slots=True)
class Broken:
    """One row that breaks an invariant; `account` may not spend until it is repaired."""

    invariant: str
    table: str
    id: int
    account: int | None
    says: str


@dataclass(frozen=True, slots=True)
class Step:
    """One part of the audit: `done` of `rows` were checked so far, and this part found `broken`."""

    done: int
    rows: int
    broken: Sequence[Broken]


RangeCheck = Callable[[Ask, int, int], Awaitable[list[Broken]]]  # of the rows whose ids are in a range


async def audit(ask: Ask) -> AsyncIterator[Step]:
    """Run every check, a range of rows at a time; `ask` runs SQL, written with `?`.

    Each query sees one state of the database, and every committed state keeps the invariants. So the queries
    need no common snapshot, which would keep the old rows and SQLite's log for as long as the audit takes.
    """
    checks: list[tuple[str, RangeCheck]] = [(check.table, partial(_broken, check)) for check in CHECKS]
    checks += COMPUTED
    counted = {table: await _count(ask, table) for table in {table for table, _ in checks}}
    done, rows = 0, sum(counted[table] for table, _ in checks)
    yield Step(0, rows, [])
    for table, check in checks:
        async for low, high, size in _ranges(ask, table):
            done += size
            yield Step(done, rows, await check(ask, low, high))


async def _count(ask: Ask, table: str) -> int:
    (row,) = await ask(f'SELECT COUNT(*) AS n FROM "{table}"')  # noqa: S608 -- names are the code's own
    return int(row["n"])


async def _ranges(ask: Ask, table: str) -> AsyncIterator[tuple[int, int, int]]:
    """Yield ranges of ids, lowest and highest, with CHUNK_ROWS rows in each: users have random ids."""
    after = 0
    while True:
        (page,) = await ask(
            f"""SELECT MAX(id) AS last, COUNT(*) AS n FROM
                (SELECT id FROM "{table}" WHERE id > ? ORDER BY id LIMIT {CHUNK_ROWS}) page""",  # noqa: S608 -- as above
            after,
        )
        if not page["n"]:
            return
        yield after + 1, page["last"], page["n"]
        after = page["last"]


async def _broken(check: invariants.Check, ask: Ask, low: int, high: int) -> list[Broken]:
    rows = await ask(check.sql, low, high)
    return [Broken(check.invariant, check.table, row["id"], row["account"], row["says"]) for row in rows]


async def _users_without_account(ask: Ask, low: int, high: int) -> list[Broken]:
    rows = await ask(
        """SELECT u.id FROM users u LEFT JOIN account a ON a.user_id = u.id
        WHERE u.id BETWEEN ? AND ? AND a.id IS NULL ORDER BY u.id""",
        low,
        high,
    )
    return [Broken("I1", "users", row["id"], None, "has no account") for row in rows]


async def _wrong_targets(ask: Ask, low: int, high: int) -> list[Broken]:
    """Compare the credits taken back with the target that `purchases` computes from the reversals."""
    rows = await ask(
        f"""SELECT p.id, p.credits, p.charged, p.reversed, a.id AS account, {reversals.MONEY_COLUMNS}
        FROM purchase p JOIN account a ON a.user_id = p.user_id
        LEFT JOIN reversal r ON r.purchase_id = p.id
        WHERE p.id BETWEEN ? AND ? AND p.paid_at IS NOT NULL AND (r.key IS NOT NULL OR p.reversed <> 0)
        ORDER BY p.id""",  # noqa: S608 -- names are the code's own
        low,
        high,
    )
    found = []
    for id_, group in groupby(rows, key=lambda row: row["id"]):
        first, *_ = known = list(group)
        reported = [reversals.from_row(row) for row in known if row["stage"]]
        purchase = Purchase(credits=first["credits"], charged=first["charged"])
        target = purchases.credits_lost(purchase, reversals.money_lost(reported))
        if target != first["reversed"]:
            says = f"{first['reversed']} credits taken back, but its reversals come to {target}"
            found.append(Broken("I5", "purchase", id_, first["account"], says))
    return found


COMPUTED: Sequence[tuple[str, RangeCheck]] = (("users", _users_without_account), ("purchase", _wrong_targets))
