"""Provider events in the inbox: found by any of their ids, claimed once, tried again later."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest

from bot_platform.domain import inbox
from bot_platform.domain.inbox import Event, EventState
from bot_platform.infra.clock import now
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query


async def keep(database: Database, *names: str, lane: int | None = None) -> None:
    async def story() -> None:
        for name in names:
            await inbox.receive(f"stripe:{name}", "charge.refunded", {"id": name}, lane)

    await database.transact(story)


async def claimed(database: Database, limit: int = 10) -> list[str]:
    return [row.key for row in await database.transact(inbox.claim, inbox.EVENTS, limit, notify=False)]


async def test_an_event_is_claimed_once_and_updates_never(database: Database) -> None:
    await keep(database, "evt_1", "evt_2")
    await keep(database, "update", lane=7)
    both = await asyncio.gather(*(claimed(database) for _ in range(4)))
    assert sorted(key for keys in both for key in keys) == ["stripe:evt_1", "stripe:evt_2"]


async def test_an_expired_lease_is_claimed_again_and_counted_as_an_attempt(database: Database) -> None:
    await keep(database, "evt_1")
    assert await claimed(database)
    assert not await claimed(database)
    await query("UPDATE event SET lease_until = 1")
    assert await claimed(database)
    assert (await Event.get()).attempts == 2


async def test_a_late_renewal_does_not_hold_a_released_event(
    database: Database,
) -> None:
    await keep(database, "evt_1")
    (row,) = await database.transact(inbox.claim, inbox.EVENTS, 1, notify=False)
    await database.transact(inbox.reschedule, row, 0, notify=False)
    await database.transact(inbox.renew, [row.id], notify=False)
    assert await claimed(database)


async def test_a_rescheduled_event_waits_and_keeps_its_error(database: Database) -> None:
    await keep(database, "evt_1")
    (row,) = await database.transact(inbox.claim, inbox.EVENTS, 1, notify=False)
    await database.transact(inbox.reschedule, row, 60_000, "over a stone", notify=False)
    assert not await claimed(database)
    assert (await Event.get()).error == "over a stone"


async def test_old_handled_updates_are_deleted_and_events_about_money_are_not(database: Database) -> None:
    await keep(database, "evt_1")
    await keep(database, "one", "two", "failed", "waits", "late", lane=7)
    for name, state in {"evt_1": "handled", "one": "handled", "two": "handled", "failed": "failed"}.items():
        row = await Event.get(key=f"stripe:{name}")
        await database.transact(partial(inbox.finish, row, EventState(state), erase=True), notify=False)
    start, limit = now() - timedelta(days=1), now() + timedelta(seconds=1)
    await Event.filter(key="stripe:late").update(state=EventState.HANDLED, handled_at=limit)
    assert not await database.transact(inbox.drop_updates, limit, limit, 2, notify=False)
    dropped = [await database.transact(inbox.drop_updates, start, limit, 2, notify=False) for _ in range(3)]
    assert dropped == [2, 1, 0]
    left = [row.key for row in await Event.all().order_by("id")]
    assert left == ["stripe:evt_1", "stripe:waits", "stripe:late"]


async def test_an_event_is_found_by_its_key_its_own_id_and_our_number(database: Database) -> None:
    await keep(database, "evt_1", "evt_2")
    row = await Event.get(key="stripe:evt_2")
    for name in ("stripe:evt_2", "evt_2", str(row.id), f"0{row.id}"):
        found = await inbox.look_up(name)
        assert found
        assert found.id == row.id


@pytest.mark.parametrize("name", ["", "evt_404", "404", "-1", "9" * 30, "¹", "stripe:"])
async def test_an_unknown_name_finds_nothing(database: Database, name: str) -> None:
    await keep(database, "evt_1")
    assert await inbox.look_up(name) is None


@pytest.mark.usefixtures("database")
async def test_a_too_long_name_finds_nothing() -> None:
    assert await inbox.look_up("x" * 300) is None


async def test_an_update_of_telegram_is_not_shown_among_events(database: Database) -> None:
    await keep(database, "update", lane=7)
    row = await Event.get()
    assert await inbox.look_up(str(row.id)) is None
    assert not await inbox.list_provider_events(None, 10)


async def test_events_are_listed_newest_first_up_to_the_limit(database: Database) -> None:
    await keep(database, *(f"evt_{n}" for n in range(5)))
    await Event.filter(key="stripe:evt_3").update(state=EventState.FAILED)
    assert [row.key[-1] for row in await inbox.list_provider_events(None, 3)] == ["4", "3", "2"]
    assert [row.key[-1] for row in await inbox.list_provider_events(EventState.FAILED, 3)] == ["3"]


async def test_a_replay_resets_attempts_errors_and_pauses(database: Database) -> None:
    await keep(database, "evt_1")
    (row,) = await database.transact(inbox.claim, inbox.EVENTS, 1, notify=False)
    await database.transact(inbox.finish, row, EventState.FAILED, "over a stone", notify=False)
    await database.transact(inbox.replay, row)
    again = await Event.get()
    assert (again.state, again.error, again.attempts, again.handled_at) == (
        EventState.RECEIVED,
        None,
        0,
        None,
    )
    assert await claimed(database) == ["stripe:evt_1"]
