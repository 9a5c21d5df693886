"""An outage is noted once, however many replicas see it, and not again while the alert is recent."""

from functools import partial

from bot_platform.domain import outages
from bot_platform.infra.clock import use
from bot_platform.infra.database import Database
from bot_platform.sandbox.movable_clock import MovableClock


async def begin(database: Database, since: int) -> bool:
    return await database.transact(partial(outages.begin, "stripe", since, 60_000), notify=False)


async def end(database: Database) -> int | None:
    return await database.transact(outages.end, "stripe", notify=False)


async def test_one_outage_begins_once_and_ends_once(database: Database) -> None:
    assert await outages.find_start("stripe") is None
    assert [await begin(database, 1_000), await begin(database, 1_001)] == [True, False]
    assert await outages.find_start("stripe") == 1_000
    assert [await end(database), await end(database)] == [1_000, None]


async def test_the_next_outage_is_recorded_after_the_quiet_time(database: Database) -> None:
    clock = MovableClock()
    use(clock)
    assert await begin(database, 1_000)
    await end(database)
    assert not await begin(database, 1_020)
    clock.move(61)
    assert await begin(database, 1_061)
