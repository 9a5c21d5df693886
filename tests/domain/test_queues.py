"""Queues at size: a claim reads as much whether few rows have ended or wait, or many."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

import pytest

from bot_platform.domain import inbox, job_leases, jobs, outbox, outbox_leases, refunds
from bot_platform.domain.inbox import EVENTS, UPDATES, Event, EventState
from bot_platform.domain.jobs import Job, JobState
from bot_platform.domain.outbox import QUEUE, Notice
from bot_platform.domain.users import User
from bot_platform.infra.database import Database
from bot_platform.infra.queues import Queue, any_behind
from bot_platform.infra.sql import DbClock, query
from tests.costs import Cost, copy_row, counted, writes_nothing
from tests.flows.test_order_work import ordered
from tests.makers import FreshDatabase, context, person

Fill = Callable[[Database, int], Awaitable[None]]
Step = Callable[[Any], Awaitable[object]]
SMALL, LARGE = 300, 5_000
CHAT, OTHER_CHAT = 1, 2
EACH = 10  # jobs of a user


async def fill_notices(database: Database, size: int) -> None:
    """Write as many sent notices, and as many that wait in one chat; a last one waits in another."""

    async def story() -> None:
        await outbox.post("first", CHAT, "about", "help")
        first = await Notice.get(key="first")
        await copy_row(Notice, first.id, size, key="'sent ' || n", chat_id="n", state="'sent'")
        await copy_row(Notice, first.id, size, key="'waits ' || n")
        await outbox.post("other", OTHER_CHAT, "about", "help")

    await database.transact(story)


async def fill_many_chats(database: Database, size: int) -> None:
    """Write notices of which each waits in a chat of its own."""

    async def story() -> None:
        await outbox.post("first", CHAT, "about", "help")
        first = await Notice.get(key="first")
        await copy_row(Notice, first.id, size, key="'waits ' || n", chat_id="10 + n")

    await database.transact(story)


async def fill_updates(database: Database, size: int) -> None:
    async def story() -> None:
        await inbox.receive("first", "telegram", {}, CHAT)
        first = await Event.get(key="first")
        await copy_row(Event, first.id, size, key="'handled ' || n", lane="n", state="'handled'")
        await copy_row(Event, first.id, size, key="'waits ' || n")
        await inbox.receive("other", "telegram", {}, OTHER_CHAT)

    await database.transact(story)


async def fill_events(database: Database, size: int) -> None:
    async def story() -> None:
        await inbox.receive("first", "charge.refunded", {})
        first = await Event.get(key="first")
        await copy_row(Event, first.id, size, key="'handled ' || n", state="'handled'")
        await copy_row(Event, first.id, size, key="'update ' || n", lane="n")
        await copy_row(Event, first.id, size, key="'waits ' || n")

    await database.transact(story)


async def fill_jobs(database: Database, size: int) -> None:
    user = await person(database, 1, 100)
    job = await ordered(context(database), user, "first", 10)

    async def story() -> None:
        await copy_row(User, user.id, size // EACH, id="n", telegram_id="1000 + n")
        await copy_row(Job, job.id, size, request_key="'done ' || n", state="'done'")
        await copy_row(Job, job.id, size, request_key="'waits ' || n", user_id=f"1 + n % {size // EACH}")

    await database.transact(story)


async def look(any_to_claim: Callable[[], Awaitable[bool]], _: object) -> None:
    assert await any_to_claim()


async def claim_notices(_: object) -> Sequence[Notice]:
    return await outbox_leases.claim(256)


async def send(rows: Sequence[Notice]) -> None:
    for row in rows:
        await outbox_leases.mark_sent(row, row.id)


async def claim_events(queue: Queue, _: object) -> Sequence[Event]:
    return await inbox.claim(queue, 10)


async def handle(rows: Sequence[Event]) -> None:
    for row in rows:
        await inbox.finish(row, EventState.HANDLED)


async def claim_jobs(_: object) -> Sequence[Job]:
    return await job_leases.claim(8, for_one=2, in_all=8)


async def end(rows: Sequence[Job]) -> None:
    for row in rows:
        await jobs.end(row, JobState.DONE)


LOOK_AT_NOTICES = partial(look, outbox_leases.any_to_claim)
LOOK_AT_UPDATES = partial(look, partial(inbox.any_to_claim, UPDATES))
LOOK_AT_EVENTS = partial(look, partial(inbox.any_to_claim, EVENTS))
CASES: Mapping[str, tuple[Fill, Step, Step, Step]] = {
    "notice": (fill_notices, LOOK_AT_NOTICES, claim_notices, send),
    "many chats": (fill_many_chats, LOOK_AT_NOTICES, claim_notices, send),
    "updates": (fill_updates, LOOK_AT_UPDATES, partial(claim_events, UPDATES), handle),
    "events": (fill_events, LOOK_AT_EVENTS, partial(claim_events, EVENTS), handle),
    "job": (fill_jobs, partial(look, job_leases.any_to_claim), claim_jobs, end),
}
TABLES = {"many chats": "notice", "updates": "event", "events": "event"}


@pytest.mark.parametrize("name", CASES)
async def test_a_claim_reads_as_much_in_a_large_queue_as_in_a_small_one(
    fresh_database: FreshDatabase, name: str
) -> None:
    fill, *steps = CASES[name]
    costs = []
    for size in (SMALL, LARGE):
        async with fresh_database() as url:
            database = Database(url)
            await database.open()
            await fill(database, size)
            for _ in range(3):  # what waits behind is marked once
                await measured(database, name, *steps)
                await query("UPDATE notice SET tried_at = 0 WHERE tried_at > 0")
            costs.append(await measured(database, name, *steps))
            await database.close()
    small, large = costs
    assert large.scans == []
    assert large.reads <= 1.5 * small.reads, (small, large)


async def measured(database: Database, name: str, *steps: Step) -> Cost:
    """Run each step in a transaction of its own; a step gets what the one before it has returned."""
    cost = Cost()
    given: object = None

    async def story(step: Step, given: object) -> object:
        async with counted(database, TABLES.get(name, name), cost):
            return await step(given)

    for step in steps:
        given = await database.transact(story, step, given, notify=False)
    return cost


OLD_STATISTICS = ("nothing waits", "everything waits")


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("believed", OLD_STATISTICS)
async def test_old_statistics_do_not_mislead_a_claim(postgres_url: str, name: str, believed: str) -> None:
    fill, *steps = CASES[name]
    database, table = Database(postgres_url), TABLES.get(name, name)
    await database.open()
    await fill(database, LARGE)
    await query(f"CREATE TABLE true_states AS SELECT id, state FROM {table}")  # noqa: S608 -- names of tests
    there = " AND state IN ('sent', 'handled', 'done')" if believed == "everything waits" else ""
    state = {"notice": "pending", "event": "received", "job": "queued"}[table] if there else "ended"
    await query(f"UPDATE {table} SET state = ? WHERE TRUE{there}", state)  # noqa: S608 -- as above
    await query(f"ANALYZE {table}")
    await query(f"UPDATE {table} SET state = s.state FROM true_states s WHERE s.id = {table}.id")  # noqa: S608 -- as above
    await measured(database, name, *steps)  # what waits behind is marked once
    await query("UPDATE notice SET tried_at = 0 WHERE tried_at > 0")
    cost = await measured(database, name, *steps)
    await database.close()
    assert cost.scans == []
    assert cost.reads < LARGE / 4


async def test_looks_of_idle_loops_write_nothing(database: Database) -> None:
    looks = (
        outbox_leases.any_to_claim,
        job_leases.any_to_claim,
        refunds.any_to_claim,
        partial(inbox.any_to_claim, UPDATES),
        partial(inbox.any_to_claim, EVENTS),
        partial(any_behind, QUEUE),
        partial(any_behind, UPDATES),
    )
    for one in looks:
        assert not await writes_nothing(database, one)


async def test_a_chat_in_hand_with_many_waiting_notices_costs_other_chats_nothing(database: Database) -> None:
    # As graphile/worker#240: a claim read every waiting row of a queue that another worker had.
    await fill_notices(database, LARGE)
    in_hand = await database.transact(outbox_leases.claim, 1, notify=False)
    assert [row.chat_id for row in in_hand] == [CHAT]
    while await database.transact(partial(any_unmarked, CHAT), notify=False):
        await database.transact(outbox_leases.claim, 1, notify=False)
        await query("UPDATE notice SET lease_until = 0, tried_at = 0 WHERE chat_id = ?", OTHER_CHAT)
    claimed: list[int] = []

    async def claim(_: object) -> None:
        claimed.extend(row.chat_id for row in await outbox_leases.claim(256))

    cost = await measured(database, "notice", claim)
    assert claimed == [OTHER_CHAT]
    assert cost.scans == []
    assert cost.reads < LARGE / 20


async def any_unmarked(chat: int) -> bool:
    return await Notice.filter(chat_id=chat, state="pending", behind=False, lease_until=0).exists()


async def test_a_user_whose_jobs_fill_the_front_of_the_queue_holds_up_no_other(database: Database) -> None:
    # As timgit/pg-boss#756: workers looked at the first rows only, all of a group that was at its limit.
    one, other, work = await person(database, 1, 1000), await person(database, 2, 100), context(database)
    for n in range(40):
        await ordered(work, one, f"one {n}", 10)
    last = await ordered(work, other, "other", 10)
    claim = partial(job_leases.claim, 8, for_one=2, in_all=8)
    claimed = [job.id for job in await database.transact(claim, notify=False)]
    assert last.id in claimed
    assert len(claimed) == 3
    assert await database.transact(claim, notify=False) == []


async def test_a_last_chat_is_found_behind_thousands_that_cannot_be_claimed_now(database: Database) -> None:
    # As yiisoft/yii2-queue#280: what is delayed stands before what is due.
    await fill_many_chats(database, SMALL)
    await Notice.all().update(next_at=DbClock(600_000))
    await database.transact(partial(outbox.post, "due", OTHER_CHAT, "about", "help"))
    claimed = await database.transact(outbox_leases.claim, 1, notify=False)
    assert [row.key for row in claimed] == ["due"]
