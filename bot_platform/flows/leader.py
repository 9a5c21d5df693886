"""Leader election: one process of a database holds a lease on a task, and the others wait for it."""

from bot_platform.domain import schedules
from bot_platform.infra.database import Database


async def acquire(database: Database, name: str, holder: int, seconds: float) -> bool:
    """Acquire or renew the lease for `seconds`; return False while another holder has it."""
    return await database.transact(schedules.hold, name, holder, int(seconds * 1000), notify=False)


async def holder(database: Database, name: str) -> int | None:
    """Return the current holder, or None."""
    return await database.transact(schedules.holder, name, notify=False)
