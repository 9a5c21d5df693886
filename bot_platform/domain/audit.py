"""The audit: checks every invariant of the books on one snapshot, and names each row that breaks one."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from bot_platform.domain import purchases, reversals
from bot_platform.domain.invariants import CHECKS
from bot_platform.domain.purchases import Purchase

CHUNK_ROWS = 20_000  # rows that one query reads: few enough to show progress between two queries

Ask = Callable[..., Awaitable[Sequence[dict[str, Any]]]]


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


async def audit(ask: Ask) -> AsyncIterator[Step]:
    """Run every check, a range of rows at a time; `ask` runs SQL (written with `?`) on one snapshot."""
    tables = {check.table for check in CHECKS}
    last = {}
    for table in tables:
        (highest,) = await ask(f'SELECT COALESCE(MAX(id), 0) AS id FROM "{table}"')  # noqa: S608 -- names are the code's own
        last[table] = highest["id"]
    done, rows = 0, sum(last[check.table] for check in CHECKS) + last["purchase"]
    yield Step(0, rows, await _users_without_account(ask))
    for check in CHECKS:
        for low in range(1, last[check.table] + 1, CHUNK_ROWS):
            high = min(low + CHUNK_ROWS - 1, last[check.table])
            found = await ask(check.sql, low, high)
            done += high - low + 1
            yield Step(
                done,
                rows,
                [Broken(check.invariant, check.table, f["id"], f["account"], f["says"]) for f in found],
            )
    for low in range(1, last["purchase"] + 1, CHUNK_ROWS):
        high = min(low + CHUNK_ROWS - 1, last["purchase"])
        done += high - low + 1
        yield Step(done, rows, await _wrong_targets(ask, low, high))


async def _users_without_account(ask: Ask) -> list[Broken]:
    rows = await ask(
        "SELECT u.id FROM users u LEFT JOIN account a ON a.user_id = u.id WHERE a.id IS NULL ORDER BY u.id"
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
