"""Tells the operators once that webhooks do not arrive, and once that they arrive again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot_platform.domain import inbox, outages, outbox
from bot_platform.flows.outage import QUIET_MS
from bot_platform.infra.clock import current
from bot_platform.infra.database import Database

PARTY = "stripe:webhook"


@dataclass(slots=True)
class Deliveries:
    """Deliveries to this process: the time of the last genuine one, and how many were refused."""

    last_at: float = 0  # unix seconds; 0 for never
    refused: int = 0


async def last_delivery() -> float:
    """Return when a webhook last brought an event, to any replica (unix seconds); 0 for never."""
    at: datetime | None = await inbox.last_delivery()
    return at.timestamp() if at else 0


async def report(database: Database, operators: Sequence[int], refused: int) -> None:
    """Alert the operators, unless they know it; `refused` deliveries were answered 400 by this process."""
    now = int(current().time())
    if await outages.find_start(PARTY):
        return

    async def story() -> None:
        if await outages.begin(PARTY, now, QUIET_MS):
            key = f"{PARTY}:{now}"
            await outbox.post_to_each(operators, key, PARTY, "operator-webhooks-late", refused=refused)

    await database.transact(story)


async def report_end(database: Database, operators: Sequence[int], delivered_at: float) -> None:
    """Tell the operators that a webhook arrived after they were alerted."""
    since = await outages.find_start(PARTY)
    if since is None or delivered_at <= since:
        return

    async def story() -> None:
        if began := await outages.end(PARTY):
            key = f"{PARTY}:{began}:over"
            await outbox.post_to_each(operators, key, PARTY, "operator-webhooks-late-over")

    await database.transact(story)
