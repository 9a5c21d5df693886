"""Periodic jobs: one replica at a time runs a job when it is due, and stores how far it came."""

from collections.abc import Awaitable, Callable
from functools import partial

from bot_platform.domain import schedules
from bot_platform.infra.database import Database


async def run_if_due(
    database: Database, name: str, look: Callable[[int], Awaitable[int]], *, every: float, early: bool = False
) -> bool:
    """Run the job if it is due (or `early`) and no other replica runs it; return whether it ran.

    `look` gets the mark of the last run (0 the first time) and returns the new one. `every` is in seconds.
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
