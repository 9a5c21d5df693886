"""Parked jobs expire with a notice; texts are erased in time or on request, and the ledger stays."""

from datetime import timedelta

import pytest

from bot_platform.domain import ledger
from bot_platform.domain.errors import NoSuchJob
from bot_platform.domain.jobs import Job, JobState
from bot_platform.domain.outbox import Notice, NoticeState
from bot_platform.flows import job_retention, order_work, run_job
from bot_platform.flows.grant import grant
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from tests.flows.test_order_work import ordered, sound, states
from tests.flows.test_run_job import claimed, finish
from tests.makers import balance, context, person


async def test_a_job_that_waited_too_long_expires_and_its_user_is_notified(database: Database) -> None:
    user, work = await person(database, credits_=20), context(database)
    old = await ordered(work, user, "a", 60)
    young = await ordered(work, user, "b", 20 + 1)
    assert await job_retention.expire(work) == 0
    await Notice.filter(key="job:1").update(message_id=9)
    await query("UPDATE job SET expires_at = 1 WHERE id = ?", old.id)
    assert await job_retention.expire(work) == 1
    assert await states(old, young) == [JobState.EXPIRED, JobState.PARKED]
    notice = await Notice.get(text="work-expired")
    assert (notice.key, notice.message_id) == ("job:1", None), (
        "the message is sent again at the end of the chat"
    )
    assert (await Notice.get(message_id=9)).text == "work-below"
    assert await sound(database)


async def test_an_expired_job_makes_room_for_the_next(database: Database) -> None:
    user, work = await person(database), context(database)
    old = await ordered(work, user, "a", 60)
    young = await ordered(work, user, "b", 20)
    await grant(database, user, 30, "because", "g")
    await query("UPDATE job SET expires_at = 1 WHERE id = ?", old.id)
    await job_retention.expire(work)
    assert await states(old, young) == [JobState.EXPIRED, JobState.QUEUED]


async def test_credits_that_come_first_save_a_job_from_its_expiry(database: Database) -> None:
    user, work = await person(database), context(database)
    job = await ordered(work, user, "a", 60)
    await query("UPDATE job SET expires_at = 1")
    await grant(database, user, 60, "because", "g")
    assert await job_retention.expire(work) == 0
    assert await states(job) == [JobState.QUEUED]


async def test_texts_are_erased_on_request_and_the_ledger_stays(database: Database) -> None:
    user, work = await person(database, credits_=100), context(database)
    done = await ordered(work, user, "a", 50)
    await finish(work, await claimed(work), 10, "A secret answer.")
    running = await ordered(work, user, "b", 50)
    await Notice.all().update(state=NoticeState.SENT)
    job = await claimed(work)
    assert await job_retention.forget(work, user) == 1
    erased = await Job.get(id=done.id)
    assert (erased.request, erased.result, erased.has_texts) == (None, None, False)
    assert (erased.charged, erased.state) == (10, JobState.DONE)
    assert "secret" not in str([n.text_values for n in await Notice.all()])
    assert (await Job.get(id=running.id)).request is not None, "it is still needed"
    await finish(work, job, 10, "Another secret.")
    assert await job_retention.forget_old(work) == 0, "the answer is not sent yet"
    await Notice.all().update(state=NoticeState.SENT)
    assert await job_retention.forget_old(work) == 1
    assert await Job.filter(has_texts=True).count() == 0
    assert await ledger.find_entry("job:1:1:charge")
    assert await balance(user) == 80
    assert await sound(database)


async def test_old_texts_are_erased(database: Database) -> None:
    user, work = await person(database, credits_=100), context(database, keep_texts=timedelta(days=3))
    await ordered(work, user, "a", 50)
    await finish(work, await claimed(work), 10)
    await Notice.all().update(state=NoticeState.SENT)
    assert await job_retention.forget_old(work) == 0
    job = await Job.get(id=1)
    assert job.ended_at
    await Job.filter(id=1).update(ended_at=job.ended_at - timedelta(days=4))
    assert await job_retention.forget_old(work) == 1


async def test_finished_files_are_sent_on_request_while_the_job_waits_and_after_a_cancel(
    database: Database,
) -> None:
    user, other, work = await person(database, 1, 30), await person(database, 2), context(database)
    job = await ordered(work, user, "a", 90, needs=30)
    with pytest.raises(NoSuchJob):
        await job_retention.send_files(work, user, job.id, "tg:1")
    running = await claimed(work)
    await run_job.checkpoint(work, running, {"files": {"a.py": "1"}}, cost=30, most=60, needs=40)
    await job_retention.send_files(work, user, job.id, "tg:2")
    await job_retention.send_files(work, user, job.id, "tg:2")
    await order_work.cancel(work, user, job.id)
    await job_retention.send_files(work, user, job.id, "tg:3")
    assert await Notice.filter(text="work-files").count() == 2
    with pytest.raises(NoSuchJob):
        await job_retention.send_files(work, other, job.id, "tg:4")
