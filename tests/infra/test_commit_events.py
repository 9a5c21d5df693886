"""Events of a transaction are reported after its commit, and never after a rollback."""

import asyncpg
import pytest

from bot_platform.infra import commit_events
from bot_platform.infra.commit_events import CommitEvent
from bot_platform.infra.database import Database


@pytest.fixture
def heard(database: Database) -> list[CommitEvent]:
    heard: list[CommitEvent] = []
    database.on_commit_event.append(heard.append)
    return heard


async def test_committed_events_are_reported_once_in_order(
    database: Database, heard: list[CommitEvent]
) -> None:
    async def story() -> str:
        commit_events.record("sale", provider="mock")
        commit_events.record("credits", 500, kind="purchase")
        return "done"

    assert await database.transact(story) == "done"
    assert heard == [
        CommitEvent("sale", 1.0, {"provider": "mock"}),
        CommitEvent("credits", 500, {"kind": "purchase"}),
    ]


async def test_events_of_a_rollback_are_not_reported(database: Database, heard: list[CommitEvent]) -> None:
    async def story() -> None:
        commit_events.record("sale")
        raise LookupError

    with pytest.raises(LookupError):
        await database.transact(story)
    assert heard == []


async def test_a_repeated_transaction_reports_its_events_once(
    database: Database, heard: list[CommitEvent]
) -> None:
    tries = 0

    async def story() -> None:
        nonlocal tries
        tries += 1
        commit_events.record("sale", tries)
        if tries < 3:
            raise asyncpg.DeadlockDetectedError

    await database.transact(story, notify=False)
    assert heard == [CommitEvent("sale", 3)]


async def test_an_event_outside_of_a_transaction_is_dropped(
    database: Database, heard: list[CommitEvent]
) -> None:
    commit_events.record("sale")

    async def nothing() -> None:
        pass

    await database.transact(nothing)
    assert heard == []
