"""Runs periodic work when it is due, in one replica at a time, and stores how far it came."""

from collections.abc import Awaitable, Callable
from functools import partial

from bot_platform.domain import schedules
from bot_platform.infra.database import Database


async def run_if_due(
    database: Database,
    name: str,
    work: Callable[[int], Awaitable[int]],
    *,
    every: float,
    retry: float = 0.0,
    early: bool = False,
) -> bool:
    """Run the work if it is due (or `early`); False when it is not, or when another replica runs it.

    `work` gets the position that the last run returned, 0 the first time. `every` is in seconds, as
    `retry`, after which work that failed is due again.
    """
    every_ms = int(every * 1000)
    position = await database.transact(partial(schedules.claim, name, every_ms, early=early), notify=False)
    if position is None:
        return False
    ended = False
    try:
        position = await work(position)
        ended = True
    finally:
        if not ended:
            await database.transact(schedules.release, name, int(retry * 1000), notify=False)
    await database.transact(schedules.finish, name, position, every_ms, notify=False)
    return True
