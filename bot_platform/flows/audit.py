"""Audits the books beside the sales, blocks spending of accounts that are off, and alerts the operators."""

import hashlib
from collections.abc import Callable, Sequence
from functools import partial

from bot_platform.domain import account_flags, actions, book_checks, ledger, outbox
from bot_platform.domain.audit import Broken, Step, audit
from bot_platform.flows.wake import wake
from bot_platform.infra.database import Database

MARKED_AT_ONCE = 200
NAMED = 10  # broken rows that an alert lists; the command lists all


async def audit_books(
    database: Database, operators: Sequence[int], on_step: Callable[[Step], None], *, by: str = ""
) -> Sequence[Broken]:
    """Check every invariant; return the broken rows, and call `on_step` after each step.

    `by` is the operator who asked for the audit, if one did: the action log then keeps what they saw.
    """
    broken: list[Broken] = []
    async with database.reader() as ask:
        async for step in audit(ask):
            broken += step.broken
            on_step(step)
    off = {row.account for row in broken if row.account is not None}
    marked = set(await database.transact(account_flags.broken_accounts, notify=False))
    await _mark(database, sorted(off - marked))
    for account_id in sorted(marked - off):
        await database.transact(_trust_again, account_id)
    await database.transact(_tell, operators, broken)
    if by:
        await database.transact(
            partial(actions.record, by, "audit", "books", rows_off=len(broken)), notify=False
        )
    return broken


async def _mark(database: Database, account_ids: Sequence[int]) -> None:
    """Mark accounts in small transactions, so that purchases in between do not wait long."""
    for first in range(0, len(account_ids), MARKED_AT_ONCE):
        await database.transact(
            partial(account_flags.mark_broken, account_ids[first : first + MARKED_AT_ONCE], broken=True),
            notify=False,
        )


async def _trust_again(account_id: int) -> None:
    account = await ledger.lock(await account_flags.owner_of(account_id))
    await account_flags.mark_broken([account_id], broken=False)
    account.broken = False
    await wake(account)


async def _tell(operators: Sequence[int], broken: Sequence[Broken]) -> None:
    """Tell the operator, once for each set of broken rows, and again when it comes back after good books."""
    check = await book_checks.record(off=bool(broken))
    if not broken:
        return
    digest = hashlib.sha256(repr(sorted((b.invariant, b.table, b.id) for b in broken)).encode()).hexdigest()
    await outbox.post_to_each(
        operators,
        f"audit:{check.changes}:{digest[:16]}",
        "audit",
        "operator-books-off",
        count=len(broken),
        rows="\n".join(f"{b.invariant} {b.table} {b.id}: {b.says}" for b in broken[:NAMED]),
    )
