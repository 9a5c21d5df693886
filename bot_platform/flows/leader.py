"""Which process of a database does what only one may do: it holds a lease, and the others stand by."""

from bot_platform.domain import schedules
from bot_platform.infra.database import Database


async def acquire(database: Database, name: str, holder: int, seconds: float) -> bool:
    """Take or keep a part for so long; False while another holder has it."""
    return await database.transact(schedules.hold, name, holder, int(seconds * 1000), notify=False)


async def holder(database: Database, name: str) -> int | None:
    """Tell who has a part now."""
    return await database.transact(schedules.holder, name, notify=False)
