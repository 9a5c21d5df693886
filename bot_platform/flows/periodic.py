"""A round is made by one replica at a time, when it is due, and remembers how far it came."""

from collections.abc import Awaitable, Callable
from functools import partial

from bot_platform.domain import schedules
from bot_platform.infra.database import Database


async def run_if_due(
    database: Database, name: str, look: Callable[[int], Awaitable[int]], *, every: float, early: bool = False
) -> bool:
    """Make the round if it is due (or `early`) and nobody else does; False when it was left alone.

    `look` gets the mark of the last round, 0 the first time, and gives the new one. `every` in seconds.
    """
    mark = await database.transact(partial(schedules.begin, name, early=early), notify=False)
    if mark is None:
        return False
    ended = False
    try:
        mark = await look(mark)
        ended = True
    finally:
        if not ended:
            await database.transact(schedules.give_up, name, notify=False)
    await database.transact(schedules.end, name, mark, int(every * 1000), notify=False)
    return True
