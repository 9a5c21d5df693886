"""Old messages that explain no money are deleted, once they have ended; all others stay."""

from datetime import timedelta
from functools import partial

import pytest

from bot_platform.domain import outbox
from bot_platform.domain.broadcasts import Broadcast, BroadcastState
from bot_platform.domain.outbox import BROADCAST, Notice, NoticeState
from bot_platform.flows import broadcast, notice_retention, updates
from bot_platform.infra.clock import now
from bot_platform.infra.database import Database
from bot_platform.runtime import workers
from tests.makers import context

KEEP = timedelta(days=30)
STAY = (  # key and subject
    ("purchase:1:receipt", "purchase:1"),
    ("purchase:1:link:1", "purchase:1:link"),
    ("job:3", "job:3"),
    ("grant:7", "account:1"),
    ("support:tg:9", "user:1"),
    ("say:tg:5", "say:tg:5"),
    ("audit:1:abc", "audit"),
)
GO = (
    ("job:3:1:2", "job:3:more"),
    ("job:3:1:1:moved", "job:3:more"),
    ("job:3:files:tg:8", "job:3:more"),
    ("tg:4:unread", "chat:1"),
    ("broadcast:1:7", "broadcast:1"),
)


async def write(database: Database, *notices: tuple[str, str], rank: int = 0) -> None:
    for n, (key, subject) in enumerate(notices):
        await database.transact(partial(outbox.post, key, 100 + n, subject, "help", rank=rank))


async def age(days: float, **state: object) -> None:
    await Notice.all().update(created_at=now() - timedelta(days=days), **state)


async def keys() -> set[str]:
    return {row.key for row in await Notice.all()}


@pytest.fixture
async def said(database: Database) -> Broadcast:
    """Keep a broadcast that ended long ago."""
    broadcast = Broadcast(id=1, request_key="k", by="1", text="Hi", people=3, state=BroadcastState.DONE)
    broadcast.ended_at = now() - timedelta(days=40)
    await database.transact(broadcast.save)
    return broadcast


@pytest.mark.usefixtures("said")
async def test_old_messages_without_money_are_deleted_and_all_others_stay(database: Database) -> None:
    await write(database, *STAY, *GO)
    await age(31, state=NoticeState.SENT)
    last, deleted = await notice_retention.delete_old(database, KEEP, 0)
    assert deleted == len(GO)
    assert await keys() == {key for key, _ in STAY}
    assert await notice_retention.delete_old(database, KEEP, last) == (last, 0)


@pytest.mark.usefixtures("said")
async def test_messages_that_wait_or_are_young_stay(database: Database) -> None:
    await write(database, *GO)
    await age(29, state=NoticeState.SENT)
    assert await notice_retention.delete_old(database, KEEP, 0) == (0, 0)
    await age(31, state=NoticeState.PENDING)
    _, deleted = await notice_retention.delete_old(database, KEEP, 0)
    assert deleted == 0
    assert await keys() == {key for key, _ in GO}


async def test_a_key_is_kept_as_long_as_its_update_may_come_again(database: Database) -> None:
    await write(database, ("tg:4:unread", "chat:1"))
    await age(updates.RETENTION.days + 0.5, state=NoticeState.SENT)
    await notice_retention.delete_old(database, timedelta(0), 0)
    assert not await database.transact(outbox.post, "tg:4:unread", 100, "chat:1", "help")


async def test_the_progress_of_a_broadcast_outlives_its_messages(database: Database, said: Broadcast) -> None:
    await write(database, *((f"broadcast:1:{n}", said.subject) for n in range(3)), rank=BROADCAST)
    await age(41, state=NoticeState.SENT)
    await Notice.filter(key="broadcast:1:2").update(state=NoticeState.DEAD, error=outbox.BLOCKED)
    before = await broadcast.progress(said)
    assert (before["sent"], before["unreached"], before["left"]) == (2, 1, 0)
    await notice_retention.delete_old(database, KEEP, 0)
    assert await keys() == set()
    assert await broadcast.progress(await Broadcast.get(id=said.id)) == before


async def test_messages_of_a_broadcast_that_runs_wait_for_its_end(
    database: Database, said: Broadcast
) -> None:
    await Broadcast.filter(id=said.id).update(state=BroadcastState.RUNNING, ended_at=None)
    await write(database, *GO)
    await age(41, state=NoticeState.SENT)
    last, deleted = await notice_retention.delete_old(database, KEEP, 0)
    assert deleted == len(GO) - 1
    await Broadcast.filter(id=said.id).update(state=BroadcastState.DONE, ended_at=now() - KEEP * 1.1)
    assert (await notice_retention.delete_old(database, KEEP, last))[1] == 1


async def test_many_old_messages_are_deleted_in_pages_once_a_day(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notice_retention, "PAGE_SIZE", 2)
    cleanup = workers.Cleanup(context(database, keep_texts=KEEP))
    await write(database, *((f"tg:{n}", "chat:1") for n in range(5)), ("purchase:1:receipt", "purchase:1"))
    await age(31, state=NoticeState.SENT)
    await cleanup.run()
    assert await keys() == {"purchase:1:receipt"}
    await write(database, ("tg:6", "chat:1"))
    await age(31, state=NoticeState.SENT)
    await cleanup.run()
    assert await keys() == {"purchase:1:receipt", "tg:6"}
