"""Runs periodic work when it is due, in one replica at a time, and stores how far it came."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from bot_platform.domain import schedules
from bot_platform.infra import clock
from bot_platform.infra.database import Database
from bot_platform.infra.worker import run_forever

RENEW_SECONDS = schedules.LEASE_MS / 3 / 1000  # a lease outlives two failed renewals


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
    `retry`, after which work that failed is due again. The lease is renewed while it runs. A replica that
    loses the database for longer than the lease may run it beside another one, so the work must allow that.
    """
    every_ms = int(every * 1000)
    if not await schedules.may_be_claimed(name, every_ms, early=early):
        return False  # nearly every look ends here
    position = await database.transact(partial(schedules.claim, name, every_ms, early=early), notify=False)
    if position is None:
        return False
    ended = False
    renewing = asyncio.create_task(_renew(database, name))
    try:
        position = await work(position)
        ended = True
    finally:
        renewing.cancel()
        if not ended:
            await database.transact(schedules.release, name, int(retry * 1000), notify=False)
    await database.transact(schedules.finish, name, position, every_ms, notify=False)
    return True


async def _renew(database: Database, name: str) -> None:
    """Renew the lease again and again until cancelled."""
    await clock.current().sleep(RENEW_SECONDS)
    renew = partial(database.transact, schedules.renew, name, notify=False)
    await run_forever(renew, name=f"{name}.lease", every=RENEW_SECONDS)
