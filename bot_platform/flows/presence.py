"""Which process of a database does what only one may do: it holds a lease, and the others stand by."""

from bot_platform.database import Database
from bot_platform.domain import rounds


async def hold(database: Database, name: str, holder: int, seconds: float) -> bool:
    """Take or keep a part for so long; False while another holder has it."""
    return await database.quietly(rounds.hold, name, holder, int(seconds * 1000))


async def holder(database: Database, name: str) -> int | None:
    """Tell who has a part now."""
    return await database.quietly(rounds.holder, name)
