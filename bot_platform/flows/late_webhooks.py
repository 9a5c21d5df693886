"""Tells the operators once that webhooks do not arrive, and once that they arrive again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot_platform.domain import inbox, outages
from bot_platform.flows import outage
from bot_platform.flows.outage import Alert
from bot_platform.infra.clock import unix_time
from bot_platform.infra.database import Database

WEBHOOKS = Alert("stripe:webhook", "operator-webhooks-late", "operator-webhooks-late-over")


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
    await outage.report(database, operators, WEBHOOKS, refused=refused)


async def report_end(database: Database, operators: Sequence[int], delivered_at: float) -> None:
    """Tell the operators that a webhook arrived after they were alerted."""
    since = await outages.find_start(WEBHOOKS.party)
    # After the clock was set back the alert seems to be from the future, and any webhook is later.
    if since is not None and (delivered_at > since or since > unix_time()):
        await outage.report_end(database, operators, WEBHOOKS)
