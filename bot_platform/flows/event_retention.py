"""Payloads that an earlier version stored whole lose every field that nothing reads."""

from functools import partial

from bot_platform.domain import inbox
from bot_platform.domain.checkout import BadPayload
from bot_platform.domain.inbox import Event
from bot_platform.flows.context import PaymentContext

PAGE_SIZE = 200  # events of one transaction


async def trim(payments: PaymentContext, after: int) -> tuple[int, int]:
    """Trim payloads of provider events with ids above `after`; return the last id and how many changed."""
    changed = 0
    while rows := await payments.database.transact(inbox.list_payloads, after, PAGE_SIZE, notify=False):
        changed += await payments.database.transact(partial(_trim, payments, rows), notify=False)
        after = rows[-1].id
    return after, changed


async def _trim(payments: PaymentContext, rows: list[Event]) -> int:
    kept = [(row, _kept(payments, row)) for row in rows]
    changed = [(row, payload) for row, payload in kept if payload != row.payload]
    for row, payload in changed:
        await inbox.replace_payload(row, payload)
    return len(changed)


def _kept(payments: PaymentContext, row: Event) -> dict[str, object] | None:
    """Return what is read of a payload; None if it can no longer be read."""
    try:
        return payments.events.again(row.payload).payload if row.payload else None
    except BadPayload:
        return None
