"""Stories lock rows in one order: the suite's recorder notices others, and those that were seen are gone."""

import asyncio

import pytest

from bot_platform.domain import outbox
from bot_platform.domain.jobs import JobState
from bot_platform.domain.outbox import Notice
from bot_platform.flows import deliver, job_retention, run_job
from bot_platform.flows.arrive import come_back
from bot_platform.flows.grant import grant
from bot_platform.infra import leases
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from tests.flows.test_order_work import ordered, states
from tests.flows.test_run_job import claimed, finish
from tests.lock_order import GUARD, Lock, Orders, locks_of, problems
from tests.makers import context, person


def found(**stories: list[str]) -> list[str]:
    """Find the inversions of stories, each given as the kinds of rows that it locks."""
    orders = Orders()
    for story, kinds in stories.items():
        orders.add(story, [Lock(kind, (str(n),)) for n, kind in enumerate(kinds)])
    return orders.inversions()


def test_two_orders_are_an_inversion_unless_both_hold_the_account() -> None:
    assert found(one=["users", "notice"], other=["notice", "users"])
    assert found(one=["a", "b"], other=["b", "c"], third=["c", "a"])
    assert found(one=[GUARD, "notice", "job"], other=["job", "notice"])
    assert not found(one=[GUARD, "notice", "job"], other=[GUARD, "job", "notice"])
    assert not found(one=["a", "b", "c"], other=["a", "c"], third=["b", "c"])
    assert not found(one=[GUARD, "job", GUARD], other=[GUARD, "job"])


def test_a_lock_that_does_not_wait_closes_no_cycle() -> None:
    orders = Orders()
    orders.add("one", [Lock("a"), Lock("b", waits=False)])
    orders.add("other", [Lock("b"), Lock("a")])
    assert orders.inversions() == []


def test_statements_are_read() -> None:
    def read(sql: str, rows: int = 1, *values: object) -> list[tuple[str, bool, bool]]:
        return [(one.what, one.waits, one.several) for one in locks_of(sql, values, rows)]

    assert read('UPDATE "notice" SET "state"=$1 WHERE "id"=$2', 1, "sent", 7) == [("notice", True, False)]
    assert read('DELETE FROM "event" WHERE "id" IN ($1,$2)', 2, 1, 2) == [("event", True, True)]
    assert read("UPDATE job SET x = 1 WHERE id IN (SELECT id FROM job FOR UPDATE SKIP LOCKED)", 3) == [
        ("job", False, True)
    ]
    assert read('UPDATE "notice" SET "state"=$1 WHERE "id"=$2', 0, "sent", 7) == []
    assert read('SELECT * FROM "notice"', 5) == []
    assert (
        read("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", 1, "pi_1")[0][0]
        == "the lock of a payment"
    )


async def test_the_stories_that_were_seen_to_deadlock_keep_one_order(database: Database) -> None:
    work, user = context(database), await person(database, credits_=100)
    for key in ("a", "b", "c"):
        await ordered(work, user, key, 60)
    job = await claimed(work)
    await run_job.show(work, job, "work-thinking")
    await finish(work, job, 50)  # wakes nothing yet
    await grant(database, user, 500, "more", "more")  # wakes the two that wait, with their messages
    await database.transact(outbox.post, "n", user.telegram_id, "s", "help")
    await deliver.blocked(database, await Notice.get(key="n"))
    await come_back(database, user)
    await Notice.all().update(state=outbox.NoticeState.SENT)
    await job_retention.start_anew(work, user)
    await job_retention.forget(work, user)
    assert await states(job) == [JobState.DONE]
    assert problems() == []


async def test_a_renewal_waits_for_no_row_that_a_story_has_locked(postgres_url: str) -> None:
    database = Database(postgres_url)
    await database.open()
    for key in ("a", "b"):
        await database.transact(outbox.post, key, 1, "s", "help")
    await query("UPDATE notice SET lease_until = 1")
    first, second = [row.id for row in await Notice.all().order_by("id")]
    locked, renewed = asyncio.Event(), asyncio.Event()

    async def story() -> None:
        await Notice.filter(id=second).update(error="locked")
        locked.set()
        await renewed.wait()

    running = asyncio.create_task(database.transact(story))
    await locked.wait()
    await database.transact(leases.renew, Notice, [first, second], 1000, notify=False)
    renewed.set()
    await running
    until = {row.id: row.lease_until for row in await Notice.all()}
    await database.close()
    assert until[first] > 1
    assert until[second] == 1


@pytest.mark.parametrize("case", ["no rows", "released"])
async def test_a_renewal_leaves_what_was_released(database: Database, case: str) -> None:
    await database.transact(outbox.post, "a", 1, "s", "help")
    await database.transact(leases.renew, Notice, [] if case == "no rows" else [1], 1000)
    assert (await Notice.get()).lease_until == 0
