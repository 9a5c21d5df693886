"""Removes marks from rows that stand behind no other, which a replica of the version before may leave."""

from collections.abc import Sequence

from bot_platform.domain import inbox, outbox
from bot_platform.infra import queues
from bot_platform.infra.database import Database
from bot_platform.infra.queues import Queue

MARKED: Sequence[Queue] = (outbox.QUEUE, inbox.UPDATES)


async def any_behind(database: Database) -> bool:
    """Whether any row is marked; called often, so it takes no lock and writes nothing."""
    return await database.transact(_any_behind, notify=False)


async def unmark_firsts(database: Database) -> int:
    """Unmark the first row of each lane, and return how many were marked: nearly always none."""
    return sum([await database.transact(queues.unmark_firsts, queue) for queue in MARKED])


async def _any_behind() -> bool:
    for queue in MARKED:
        if await queues.any_behind(queue):
            return True
    return False
