"""The backlog, as `/metrics` and operators see it."""

from datetime import timedelta

import pytest

from bot_platform.domain import inbox, jobs, outbox, outbox_leases
from bot_platform.domain.backlog import backlog
from bot_platform.domain.outbox import Notice
from bot_platform.infra.clock import now
from bot_platform.infra.database import Database
from tests.makers import person


@pytest.mark.usefixtures("database")
async def test_an_empty_database_has_no_backlog() -> None:
    waits = await backlog()
    assert (sum(waits.jobs.values()), waits.messages, waits.oldest_message, waits.failed_events) == (
        0,
        0,
        0,
        0,
    )


async def test_waiting_rows_are_counted_and_done_ones_are_not(database: Database) -> None:
    user = await person(database)

    async def story() -> None:
        for n in range(3):
            job = await jobs.submit(user.id, f"order:{n}", "ask", {}, most=10, needs=10)
        await jobs.queue(job)
        for state in (inbox.EventState.FAILED, inbox.EventState.HANDLED):
            event = await inbox.receive(f"stripe:evt_{state}", "charge.refunded", {})
            assert event
            await inbox.finish(event, state)
        await outbox.post("new", 77, "a", "welcome")
        await outbox.post("sent", 77, "b", "welcome")

    await database.transact(story)
    sent = await Notice.get(key="sent")
    await database.transact(outbox_leases.mark_sent, sent, 5)
    await Notice.filter(key="new").update(created_at=now() - timedelta(seconds=90))
    waits = await backlog()
    assert waits.jobs == {"queued": 1, "parked": 2, "running": 0}
    assert (waits.messages, waits.failed_events) == (1, 1)
    assert 90 <= waits.oldest_message < 150


async def test_a_waiting_edit_does_not_age_its_message(database: Database) -> None:
    async def story() -> None:
        await outbox.post("sent", 77, "b", "welcome")

    await database.transact(story)
    await database.transact(outbox_leases.mark_sent, await Notice.get(key="sent"), 5)
    await Notice.all().update(created_at=now() - timedelta(hours=1))
    await database.transact(outbox.rewrite, "b", "server-error")
    waits = await backlog()
    assert (waits.messages, waits.oldest_message) == (1, 0)
