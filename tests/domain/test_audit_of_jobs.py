# ruff: noqa: S608 -- a test writes the SQL it spoils rows with
"""The audit finds every row of paid work that breaks an invariant, names it, and reports no correct row."""

import asyncio
from dataclasses import dataclass

import pytest

from bot_platform.domain import jobs, ledger
from bot_platform.domain.jobs import Job, JobState
from bot_platform.domain.ledger import Account
from bot_platform.domain.outbox import Notice
from bot_platform.domain.users import User
from bot_platform.flows import job_retention, order_work, run_job
from bot_platform.flows.audit import audit_books
from bot_platform.flows.context import WorkContext
from bot_platform.flows.grant import grant
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from tests.makers import balance, context, person


@dataclass
class Work:
    """Ann's work is done, dropped, failed, overdue, in hand and in line; the rest of it waits for credits."""

    context: WorkContext
    ann: User
    other: User


async def ordered(at: WorkContext, user: User, name: str, needs: int) -> Job:
    return await order_work.order(at, user, "ask", {"text": name}, name, most=needs, needs=needs)


async def claimed(at: WorkContext, user: User, name: str) -> Job:
    """Order a job that can start at once, and claim it."""
    await ordered(at, user, name, 100)
    (job,) = await run_job.claim(at, 1)
    assert job.request_key == name
    return job


async def real_work(database: Database) -> Work:
    """Make every kind of row that paid work has; 8.30 credits are available, which only `next` could use."""
    at = context(database, jobs_per_user=1)
    ann, other = [await person(database, telegram_id, 1_000) for telegram_id in (1, 2)]
    await run_job.finish(
        at, await claimed(at, ann, "done"), JobState.DONE, None, cost=60, text="", answer="Like this."
    )
    failed = await claimed(at, ann, "failed")
    await run_job.finish(at, failed, JobState.FAILED, None, cost=0, text="work-failed")
    await order_work.cancel(at, ann, (await ordered(at, ann, "dropped", 100)).id)
    overdue = await ordered(at, ann, "overdue", 5_000)
    await Job.filter(id=overdue.id).update(expires_at=1)
    await job_retention.expire(at)
    running = await claimed(at, ann, "running")
    assert await run_job.checkpoint(at, running, {"half": 1}, cost=10, most=100, needs=100)
    await ordered(at, ann, "queued", 100)
    await ordered(at, ann, "first", 5_000)
    await ordered(at, ann, "next", 800)
    await grant(database, ann, 100, "because", "some")
    assert await balance(ann) == 830
    return Work(at, ann, other)


async def proven(database: Database) -> set[tuple[str, str, int]]:
    """Audit the books; return what is broken."""
    return {(b.invariant, b.table, b.id) for b in await audit_books(database, (), lambda _: None)}


async def unlock(database: Database) -> None:
    """Remove what protects entries from being changed."""
    if database.name == "SQLite":
        await query("DROP TRIGGER entry_no_update")
    else:
        await query("ALTER TABLE entry DISABLE TRIGGER ALL")


# Rows by the names that the table below gives them.
NAMES = ("done", "failed", "dropped", "overdue", "running", "queued", "first", "next")
ROWS = {name: f"(SELECT id FROM job WHERE request_key = '{name}')" for name in NAMES}
ROWS |= {
    f"hold_of_{name}": f"(SELECT MAX(id) FROM hold WHERE job_id = {ROWS[name]})"
    for name in ("done", "failed", "running", "queued")
}
ROWS |= {
    name: f"(SELECT a.id FROM account a JOIN users u ON u.id = a.user_id WHERE u.telegram_id = {n})"
    for n, name in enumerate(("ann", "other"), start=1)
}
ROWS["entry"] = f"(SELECT id FROM entry WHERE job_id = {ROWS['done']})"
ROWS["notice"] = f"(SELECT id FROM notice WHERE key = 'job:' || {ROWS['done']})"

# What is done to which row (no words: it is removed), and what the audit must name for it.
SPOILED = {
    "hold released under running work": ("hold_of_running", "state = 'released'", "I6 job running"),
    "hold captured under queued work": ("hold_of_queued", "state = 'captured'", "I6 job queued"),
    "hold of queued work gone": ("hold_of_queued", "", "I6 job queued"),
    "hold of somebody else": ("hold_of_running", "account_id = {other}", "I6 job running"),
    "queued without a hold": ("first", "state = 'queued'", "I6 job first"),
    "parked with an open hold": ("queued", "state = 'parked'", "I6 job queued"),
    "ended with an open hold": ("running", "state = 'cancelled'", "I6 job running"),
    "two open holds": ("hold_of_queued", "job_id = {running}", "I6 job running"),
    "open hold of ended work": ("queued", "state = 'failed'", "I6 hold hold_of_queued"),
    "ended hold open again": ("hold_of_failed", "state = 'held'", "I6 hold hold_of_failed"),
    "open hold of another step": ("running", "step = step + 1", "I6 hold hold_of_running"),
    "open hold of an earlier step": ("running", "step = step - 1", "I6 hold hold_of_running"),
    "open hold of other work": ("hold_of_running", "job_id = {queued}", "I6 hold hold_of_running"),
    "open hold of no work": ("hold_of_running", "job_id = NULL", "I6 hold hold_of_running"),
    "open hold by another name": ("hold_of_running", "cause = 'work:1'", "I6 hold hold_of_running"),
    "work gone from under its hold": ("running", "", "I6 hold hold_of_running"),
    "first waits for what is there": ("first", "needs = 830", "I7 account ann"),
    "first gone, nobody woke the next": ("first", "state = 'cancelled'", "I7 account ann"),
    "next put first, and not woken": ("next", "rank = -1", "I7 account ann"),
    "answer removed": ("notice", "", "I8 job done"),
    "answer never said": ("notice", "text = 'work-progress'", "I8 job done"),
    "done without an answer": ("dropped", "state = 'done'", "I8 job dropped"),
    "charged too much": ("done", "charged = charged + 1", "I4 job done"),
    "charged too little": ("running", "charged = 0", "I4 job running"),
    "charge of no work": ("entry", "job_id = NULL", "I4 job done"),
    "charge of other work": ("entry", "job_id = {failed}", "I4 job failed"),
    "charge told as a grant": ("entry", "kind = 'grant'", "I4 job done"),
}


async def spoil(row: str, change: str) -> str:
    """Change or delete a row; return its table, of which `kept` is a copy."""
    table = "hold" if row.startswith("hold_of") else row if row in {"notice", "entry"} else "job"
    await query(f'CREATE TABLE kept AS SELECT * FROM "{table}"')
    does = f'UPDATE "{table}" SET {change}' if change else f'DELETE FROM "{table}"'
    await query(f"{does} WHERE id = {{{row}}}".format(**ROWS))
    return table


async def id_of(row: str) -> int:
    (found,) = await query(f"SELECT {ROWS[row]} AS id")
    return int(found["id"])


async def mend(table: str) -> None:
    """Restore a table from its copy; entries are changed back, because none may be deleted."""
    if table != "entry":
        await query(f'DELETE FROM "{table}"')
        await query(f'INSERT INTO "{table}" SELECT * FROM kept')
        return
    for row in await query("SELECT id, kind, job_id FROM kept"):
        await query(
            "UPDATE entry SET kind = ?, job_id = ? WHERE id = ?", row["kind"], row["job_id"], row["id"]
        )


async def says(name: str) -> str:
    job = await Job.get(request_key=name)
    return (await Notice.get(key=job.subject)).text


@pytest.mark.parametrize("spoiled", SPOILED)
async def test_a_wrong_row_of_a_job_is_named_and_its_account_works_again_after_the_repair(
    database: Database, spoiled: str
) -> None:
    spoiled_row, change, names = SPOILED[spoiled]
    invariant, table, row = names.split()
    work = await real_work(database)
    assert await proven(database) == set()
    id_ = await id_of(row)
    await unlock(database)
    changed = await spoil(spoiled_row, change)

    broken = await audit_books(database, (), lambda _: None)
    named = [b for b in broken if (b.invariant, b.table, b.id) == (invariant, table, id_)]
    assert [b.account for b in named] == [await id_of("ann")]
    assert (await ledger.find_account(work.ann.id)).broken
    await grant(database, work.ann, 10_000, "because", "much")
    late = await ordered(work.context, work.ann, "late", 100)
    assert (late.state, await says("late")) == (JobState.PARKED, "work-waits-broken")
    await Job.filter(id=late.id).delete()
    await Notice.filter(key=late.subject).delete()

    await mend(changed)
    assert {job.request_key for job in await jobs.waiting(work.ann.id)} == {"first", "next"}
    await proven(database)
    assert await proven(database) == set()
    assert not (await ledger.find_account(work.ann.id)).broken
    assert await jobs.waiting(work.ann.id) == []
    assert [await says(name) for name in ("first", "next")] == ["work-woken"] * 2


@pytest.mark.parametrize("mark", ["frozen", "broken"])
async def test_jobs_of_a_frozen_or_broken_account_may_wait_with_enough_credits(
    database: Database, mark: str
) -> None:
    work = await real_work(database)
    account = await id_of("ann")
    await Account.filter(id=account).update(**{mark: True})
    await grant(database, work.ann, 10_000, "because", "much")
    assert await says("first") == f"work-waits-{mark}"
    assert len(await jobs.waiting(work.ann.id)) == 2
    assert await proven(database) == ({("I5", "account", account)} if mark == "frozen" else set())


async def test_jobs_wait_behind_a_first_one_that_needs_more_credits(database: Database) -> None:
    work = await real_work(database)
    assert [job.needs > await balance(work.ann) for job in await jobs.waiting(work.ann.id)] == [True, False]
    assert await proven(database) == set()


async def test_a_missed_wake_is_named_once_and_done_by_the_next_audit(
    database: Database,
) -> None:
    work = await real_work(database)
    await query("UPDATE job SET rank = -1 WHERE request_key = 'next'")
    assert await proven(database) == {("I7", "account", await id_of("ann"))}
    assert await proven(database) == set()
    assert (await Job.get(request_key="next")).state is JobState.QUEUED
    assert [job.request_key for job in await jobs.waiting(work.ann.id)] == ["first"]


async def test_a_forgotten_job_counts_as_reported(database: Database) -> None:
    work = await real_work(database)
    await query("UPDATE notice SET state = 'sent'")
    await job_retention.forget(work.context, work.ann)
    assert await says("done") == "work-forgotten"
    assert await proven(database) == set()


async def test_a_job_of_many_steps_is_in_order_after_each(database: Database) -> None:
    at = context(database)
    user = await person(database, credits_=300)
    job = await claimed(at, user, "long")
    for n, goes_on in enumerate([True, True, False], start=1):
        assert (
            await run_job.checkpoint(at, job, {"n": n}, cost=60 + 40 * (n > 1), most=100, needs=100)
            is goes_on
        )
        assert await proven(database) == set()
    assert (job.charged, await balance(user)) == (260, 40)


async def test_an_order_concurrent_with_its_credits_never_stays_parked(database: Database) -> None:
    at = context(database)
    people = [await person(database, telegram_id) for telegram_id in range(1, 61)]

    async def race(user: User) -> None:
        await asyncio.gather(
            ordered(at, user, f"race:{user.id}", 100), grant(database, user, 100, "so", f"g:{user.id}")
        )

    await asyncio.gather(*(race(user) for user in people))
    assert await proven(database) == set()
    assert await Job.filter(state=JobState.QUEUED).count() == len(people)
