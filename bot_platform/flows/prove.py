"""The audit runs over a snapshot; accounts whose books are off may not spend, and the operator is told."""

import hashlib
from collections.abc import Callable, Sequence

from bot_platform.database import Database
from bot_platform.domain import ledger, notices
from bot_platform.domain.audit import Broken, Step, audit

NAMED = 10  # broken rows that a message names; the command names all


async def prove(
    database: Database, admins: Sequence[int], on_step: Callable[[Step], None]
) -> Sequence[Broken]:
    """Prove the books; gives every broken row, and calls `on_step` on the way."""
    broken: list[Broken] = []
    async with database.snapshot() as ask:
        async for step in audit(ask):
            broken += step.broken
            on_step(step)
    await database.quietly(ledger.mark_broken, sorted({b.account for b in broken if b.account is not None}))
    if broken:
        await database.transact(_alarm, admins, broken)
    return broken


async def _alarm(admins: Sequence[int], broken: Sequence[Broken]) -> None:
    """Tell the operator, once for each set of broken rows and not again every hour."""
    digest = hashlib.sha256(repr(sorted((b.invariant, b.table, b.id) for b in broken)).encode()).hexdigest()
    await notices.tell_each(
        admins,
        f"audit:{digest[:16]}",
        "audit",
        "operator-books-off",
        count=len(broken),
        rows="\n".join(f"{b.invariant} {b.table} {b.id}: {b.says}" for b in broken[:NAMED]),
    )
