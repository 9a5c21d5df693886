"""Elects the one process of a database that may do something: it holds a lease, and the others stand by."""

from bot_platform.domain import leases
from bot_platform.infra.database import Database


async def acquire(database: Database, name: str, holder: int, seconds: float) -> bool:
    """Take or extend the lease for a number of seconds; False while another holder has it."""
    return await database.transact(leases.acquire, name, holder, int(seconds * 1000), notify=False)


async def holder(database: Database, name: str) -> int | None:
    """Return the number of the process that has the lease now; None when none has it."""
    return await database.transact(leases.find_holder, name, notify=False)
