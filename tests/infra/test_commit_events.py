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


async def test_what_was_committed_is_told_once_in_order(database: Database, heard: list[CommitEvent]) -> None:
    async def story() -> str:
        commit_events.record("sale", provider="mock")
        commit_events.record("credits", 500, kind="purchase")
        return "done"

    assert await database.transact(story) == "done"
    assert heard == [
        CommitEvent("sale", 1.0, {"provider": "mock"}),
        CommitEvent("credits", 500, {"kind": "purchase"}),
    ]


async def test_what_was_rolled_back_is_not_told(database: Database, heard: list[CommitEvent]) -> None:
    async def story() -> None:
        commit_events.record("sale")
        raise LookupError

    with pytest.raises(LookupError):
        await database.transact(story)
    assert heard == []


async def test_a_story_that_ran_again_is_told_once(database: Database, heard: list[CommitEvent]) -> None:
    tries = 0

    async def story() -> None:
        nonlocal tries
        tries += 1
        commit_events.record("sale", tries)
        if tries < 3:
            raise asyncpg.DeadlockDetectedError

    await database.transact(story, notify=False)
    assert heard == [CommitEvent("sale", 3)]


async def test_outside_of_a_transaction_nobody_listens(database: Database, heard: list[CommitEvent]) -> None:
    commit_events.record("sale")

    async def nothing() -> None:
        pass

    await database.transact(nothing)
    assert heard == []
