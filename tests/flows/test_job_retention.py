"""What waits too long expires and says so; texts go in time or at a wish, and the books stay."""

from datetime import timedelta

import pytest

from bot_platform.domain import ledger
from bot_platform.domain.errors import NoSuchJob
from bot_platform.domain.jobs import Job, JobState
from bot_platform.domain.outbox import Notice
from bot_platform.domain.outbox import NoticeState as Said
from bot_platform.flows import job_retention, order_work, run_job
from bot_platform.flows.grant import grant
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from tests.flows.test_order_work import ordered, sound, states
from tests.flows.test_run_job import claimed, finish
from tests.makers import balance, context, person


async def test_work_that_waited_too_long_expires_and_its_person_is_told(database: Database) -> None:
    who, at = await person(database, credits_=20), context(database)
    old = await ordered(at, who, "a", 60)
    young = await ordered(at, who, "b", 20 + 1)
    assert await job_retention.expire(at) == 0
    await Notice.filter(key="job:1").update(message_id=9)
    await query("UPDATE job SET expires_at = 1 WHERE id = ?", old.id)
    assert await job_retention.expire(at) == 1
    assert await states(old, young) == [JobState.EXPIRED, JobState.PARKED]
    told = await Notice.get(text="work-expired")
    assert (told.key, told.message_id) == ("job:1", None), "it is said anew, at the end of the chat"
    assert (await Notice.get(message_id=9)).text == "work-below"
    assert await sound(database)


async def test_what_expires_makes_room_for_the_next(database: Database) -> None:
    who, at = await person(database), context(database)
    old = await ordered(at, who, "a", 60)
    young = await ordered(at, who, "b", 20)
    await grant(database, who, 30, "because", "g")
    await query("UPDATE job SET expires_at = 1 WHERE id = ?", old.id)
    await job_retention.expire(at)
    assert await states(old, young) == [JobState.EXPIRED, JobState.QUEUED]


async def test_credits_that_come_first_save_what_was_about_to_expire(database: Database) -> None:
    who, at = await person(database), context(database)
    job = await ordered(at, who, "a", 60)
    await query("UPDATE job SET expires_at = 1")
    await grant(database, who, 60, "because", "g")
    assert await job_retention.expire(at) == 0
    assert await states(job) == [JobState.QUEUED]


async def test_texts_go_at_their_persons_wish_and_the_books_stay(database: Database) -> None:
    who, at = await person(database, credits_=100), context(database)
    done = await ordered(at, who, "a", 50)
    await finish(at, await claimed(at), 10, "A secret answer.")
    running = await ordered(at, who, "b", 50)
    await Notice.all().update(state=Said.SENT)
    job = await claimed(at)
    assert await job_retention.forget(at, who) == 1
    erased = await Job.get(id=done.id)
    assert (erased.request, erased.result, erased.has_texts) == (None, None, False)
    assert (erased.charged, erased.state) == (10, JobState.DONE)
    assert "secret" not in str([n.text_values for n in await Notice.all()])
    assert (await Job.get(id=running.id)).request is not None, "it is still needed"
    await finish(at, job, 10, "Another secret.")
    assert await job_retention.forget_old(at) == 0, "its person has not been sent it yet"
    await Notice.all().update(state=Said.SENT)
    assert await job_retention.forget_old(at) == 1
    assert await Job.filter(has_texts=True).count() == 0
    assert await ledger.find_entry("job:1:1:charge")
    assert await balance(who) == 80
    assert await sound(database)


async def test_texts_go_when_they_are_old(database: Database) -> None:
    who, at = await person(database, credits_=100), context(database, keep_texts=timedelta(days=3))
    await ordered(at, who, "a", 50)
    await finish(at, await claimed(at), 10)
    await Notice.all().update(state=Said.SENT)
    assert await job_retention.forget_old(at) == 0
    job = await Job.get(id=1)
    assert job.ended_at
    await Job.filter(id=1).update(ended_at=job.ended_at - timedelta(days=4))
    assert await job_retention.forget_old(at) == 1


async def test_finished_files_can_be_had_while_the_rest_waits_and_after_a_cancel(database: Database) -> None:
    who, other, at = await person(database, 1, 30), await person(database, 2), context(database)
    job = await ordered(at, who, "a", 90, needs=30)
    with pytest.raises(NoSuchJob):
        await job_retention.send_files(at, who, job.id, "tg:1")
    running = await claimed(at)
    await run_job.checkpoint(at, running, {"files": {"a.py": "1"}}, cost=30, most=60, needs=40)
    await job_retention.send_files(at, who, job.id, "tg:2")
    await job_retention.send_files(at, who, job.id, "tg:2")
    await order_work.cancel(at, who, job.id)
    await job_retention.send_files(at, who, job.id, "tg:3")
    assert await Notice.filter(text="work-files").count() == 2
    with pytest.raises(NoSuchJob):
        await job_retention.send_files(at, other, job.id, "tg:4")
