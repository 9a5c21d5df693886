"""Claimed jobs are charged once for each hold, never above it, and only by the worker with the lease."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from bot_platform.domain import jobs, ledger
from bot_platform.domain.jobs import Job, JobState
from bot_platform.domain.outbox import Notice, NoticeState
from bot_platform.flows import job_retention, run_job
from bot_platform.flows.context import MAX_ANSWER_MESSAGES, WorkContext
from bot_platform.flows.grant import grant
from bot_platform.flows.run_job import LeaseLost
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from bot_platform.telegram.markdown import MAX_PAGE_UNITS, pages
from bot_platform.telegram.notices import compose
from bot_platform.telegram.texts import Texts
from tests.flows.test_order_work import ordered, sound, states
from tests.makers import PRICES, balance, context, person


async def claimed(work: WorkContext) -> Job:
    """Claim the next job."""
    (job,) = await run_job.claim(work, 1)
    return job


async def finish(work: WorkContext, job: Job, cost: int, answer: str = "An answer.") -> None:
    """End a job with an answer."""
    result = {"text": answer}
    await run_job.finish(work, job, JobState.DONE, result, cost=cost, text="work-done", answer=answer)


async def test_the_real_cost_is_charged_and_the_rest_is_released(database: Database) -> None:
    user, work = await person(database, credits_=100), context(database)
    job = await ordered(work, user, "a", 60)
    await finish(work, await claimed(work), 25)
    assert (await balance(user), await states(job)) == (75, [JobState.DONE])
    charge = await ledger.find_entry("job:1:1:charge")
    assert charge
    assert (charge.amount, charge.job_id, charge.note) == (-25, job.id, "ask")
    notice = await Notice.get(key="job:1")
    assert (notice.text, notice.text_values["charged"]) == ("answer", 25)
    assert await sound(database)


async def test_a_charge_is_never_above_its_hold(database: Database) -> None:
    user, work = await person(database, credits_=100), context(database)
    await ordered(work, user, "a", 60)
    await finish(work, await claimed(work), 99)
    assert await balance(user) == 40
    assert await sound(database)


async def test_released_credits_start_a_parked_job(database: Database) -> None:
    user, work = await person(database, credits_=60), context(database)
    await ordered(work, user, "a", 60)
    waiting = await ordered(work, user, "b", 30)
    await finish(work, await claimed(work), 25)
    assert await states(waiting) == [JobState.QUEUED]
    assert await sound(database)


async def test_failed_work_is_free(database: Database) -> None:
    user, work = await person(database, credits_=60), context(database)
    await ordered(work, user, "a", 60)
    await run_job.finish(work, await claimed(work), JobState.FAILED, None, cost=0, text="work-failed")
    assert await balance(user) == 60
    assert (await Notice.get(key="job:1")).text == "work-failed"
    assert await sound(database)


async def test_values_of_a_kind_s_text_replace_none_of_the_platform_s(database: Database) -> None:
    user, work = await person(database, credits_=60), context(database)
    job = await ordered(work, user, "a", 60)
    values = {"cost": 3, "text": "x", "subject": "y", "job": 99, "charged": 77, "available": 5, "done": 2}
    await run_job.finish(
        work, await claimed(work), JobState.FAILED, None, cost=0, text="work-failed", values=values
    )
    notice = await Notice.get(key="job:1")
    own = {"job": job.id, "charged": 0, "available": 60}
    assert notice.text_values.items() >= (values | own).items()


async def test_a_checkpoint_charges_its_step_and_holds_the_next(database: Database) -> None:
    user, work = await person(database, credits_=100), context(database)
    await ordered(work, user, "a", 90, needs=30)
    job = await claimed(work)
    assert await run_job.checkpoint(work, job, {"files": {"a": "1"}}, cost=20, most=60, needs=40)
    assert await balance(user) == 100 - 20 - 40
    now = await Job.get(id=job.id)
    assert (now.state, now.step, now.charged, now.kept) == (JobState.RUNNING, 2, 20, {"files": {"a": "1"}})
    assert await sound(database)
    await finish(work, job, 10)
    assert await balance(user) == 70
    assert await sound(database)


async def test_a_checkpoint_that_the_credits_do_not_cover_parks_the_job_until_they_do(
    database: Database,
) -> None:
    user, work = await person(database, credits_=30), context(database)
    job = await ordered(work, user, "a", 90, needs=30)
    await Notice.all().update(message_id=9)
    running = await claimed(work)
    assert not await run_job.checkpoint(work, running, {"at": 1}, cost=30, most=60, needs=40)
    assert await states(job) == [JobState.PARKED]
    assert await sound(database)
    paused = await Notice.get(key="job:1")
    assert (paused.text, paused.text_values["missing"]) == ("work-waits", 40)
    assert paused.message_id is None, "the message is sent again at the end of the chat"
    assert (await Notice.get(key="job:1:1:moved")).message_id == 9
    with pytest.raises(LeaseLost):
        await finish(work, running, 1)
    await grant(database, user, 60, "because", "g")
    again = await claimed(work)
    assert (again.kept, again.step, again.fence) == ({"at": 1}, 2, 2)
    await finish(work, again, 40)
    assert await balance(user) == 20
    assert await sound(database)


async def test_a_worker_whose_lease_has_ended_can_change_nothing(database: Database) -> None:
    user, work = await person(database, credits_=60), context(database)
    await ordered(work, user, "a", 60)
    late = await claimed(work)
    await query("UPDATE job SET lease_until = 1")
    mine = await claimed(work)
    assert (mine.id, mine.fence) == (late.id, late.fence + 1)
    for act in (
        finish(work, late, 60),
        run_job.checkpoint(work, late, {}, cost=60, most=1, needs=1),
        run_job.show(work, late, "work-stopping"),
        run_job.set_progress(work, late, 1, 2, "x"),
    ):
        with pytest.raises(LeaseLost):
            await act
    await run_job.release(work, late)
    await run_job.renew(work, {late.id: late.fence})
    assert (await Job.get(id=mine.id)).state is JobState.RUNNING
    await finish(work, mine, 10)
    assert await balance(user) == 50
    assert await sound(database)


async def test_a_renewed_lease_keeps_other_workers_away(database: Database) -> None:
    user, work = await person(database, credits_=60), context(database)
    await ordered(work, user, "a", 60)
    job = await claimed(work)
    await query("UPDATE job SET lease_until = lease_until - 9000")
    await run_job.renew(work, {job.id: job.fence})
    assert (await Job.get(id=job.id)).lease_until >= job.lease_until
    assert await run_job.claim(work, 1) == []


async def test_a_released_job_is_claimed_at_once_and_its_attempt_is_not_counted(database: Database) -> None:
    user, work = await person(database, credits_=60), context(database)
    await ordered(work, user, "a", 60)
    await run_job.release(work, await claimed(work))
    assert (await claimed(work)).attempts == 1
    assert await sound(database)


async def test_a_kind_that_only_newer_workers_know_is_left_to_them_for_a_while(database: Database) -> None:
    user, work = await person(database, credits_=100), context(database)
    await ordered(work, user, "a", 10)
    for older in ({"draw"}, set[str](), {"'; DROP TABLE job; --"}):
        assert await run_job.claim(work, 10, older) == []
    (job,) = await run_job.claim(work, 10, {"ask", "draw"})
    await finish(work, job, 1)
    await ordered(work, user, "b", 10)
    await query("UPDATE job SET queued_at = queued_at - 601000 WHERE state = 'queued'")
    (left,) = await run_job.claim(
        work, 10, {"draw"}
    )  # no worker knows it any more: the job ends with a message
    assert left.kind == "ask"


async def test_neither_one_user_nor_all_together_run_more_jobs_than_allowed(database: Database) -> None:
    one, two = await person(database, 1, 100), await person(database, 2, 100)
    work = context(database, jobs_per_user=2, jobs_at_once=3)
    for number in range(4):
        await ordered(work, one, f"one {number}", 10)
        await ordered(work, two, f"two {number}", 10)
    running = await run_job.claim(work, 10)
    assert len(running) == 3
    assert await run_job.claim(work, 10) == []
    await finish(work, running[0], 1)
    (more,) = await run_job.claim(work, 10)
    per_user = [job.user_id for job in [*running[1:], more]]
    assert max(per_user.count(user.id) for user in (one, two)) == 2


async def test_a_long_answer_is_several_messages_in_order_and_the_last_shows_the_cost(
    database: Database,
) -> None:
    user, work = await person(database, credits_=60), context(database)
    await ordered(work, user, "a", 60)
    await finish(
        work, await claimed(work), 10, "\n\n".join(f"Paragraph {n}. " + "word " * 100 for n in range(20))
    )
    notices = await Notice.filter(text="answer").order_by("id")
    assert len(notices) == 3
    assert [n.text_values["says"] for n in notices] == ["", "", "work-done"]
    assert "Paragraph 0." in notices[0].text_values["page"]["text"]
    assert "Paragraph 19." in notices[2].text_values["page"]["text"]
    assert await sound(database)


@pytest.mark.parametrize("kind", ["many pages", "more than is rendered"])
async def test_an_answer_is_ten_messages_at_most_and_the_last_of_them_is_a_file_with_all_of_it(
    database: Database, kind: str
) -> None:
    user, work = await person(database, credits_=100), context(database)
    answer = " ".join(f"word{n}" for n in range(4500)) if kind == "many pages" else "**" * 40_000 + " end"
    await ordered(work, user, "a", 60)
    await finish(work, await claimed(work), 10, answer)
    notices = await Notice.filter(subject__in=["job:1", "job:1:more"]).order_by("id")
    assert len(notices) <= MAX_ANSWER_MESSAGES == 10
    *pages, file = notices
    assert [page.text for page in pages] == ["answer"] * len(pages)
    assert [page.text_values["says"] for page in pages] == ["", *[""] * (len(pages) - 2), "work-done"][
        -len(pages) :
    ]
    assert (file.text, file.text_values["whole"]) == ("work-whole-answer", answer)
    sent = await compose(file, Texts(), "en", PRICES, local_links=True)
    assert sent.file
    assert (sent.file.filename, sent.file.data.decode()) == ("ask.md", answer)
    await Notice.all().update(state=NoticeState.SENT)
    await job_retention.forget(work, user)
    assert {(one.text, str(one.text_values)) for one in await Notice.all()} == {("work-forgotten", "{}")}
    assert await sound(database)


async def test_ten_messages_need_no_file(database: Database) -> None:
    user, work = await person(database, credits_=100), context(database)
    await ordered(work, user, "a", 60)
    await finish(work, await claimed(work), 10, "x" * (10 * MAX_PAGE_UNITS))
    notices = await Notice.filter(subject__in=["job:1", "job:1:more"]).order_by("id")
    assert [one.text for one in notices] == ["answer"] * 10


async def test_an_answer_is_rendered_beside_the_loop_one_at_a_time(database: Database) -> None:
    here, inside, at_once = threading.get_ident(), [0], []

    def slow(markdown: str) -> Sequence[Mapping[str, Any]]:
        inside[0] += 1
        at_once.append((inside[0], threading.get_ident() == here))
        found = pages(markdown)
        inside[0] -= 1
        return found

    work = context(database, pages=slow)
    await asyncio.gather(*(work.render("> - " * 100) for _ in range(8)))
    assert at_once == [(1, False)] * 8


async def test_a_low_balance_is_notified_once_for_each_time_it_falls_below_the_limit(
    database: Database,
) -> None:
    user, work = await person(database, credits_=100), context(database, low_balance=80)
    for number in range(3):
        await ordered(work, user, f"{number}", 20)
        await finish(work, await claimed(work), 15)
    assert await Notice.filter(text="low-balance").count() == 1
    await grant(database, user, 50, "because", "g")
    await ordered(work, user, "again", 60)
    await finish(work, await claimed(work), 60)
    assert await Notice.filter(text="low-balance").count() == 2


async def test_a_limit_of_zero_never_notifies_of_a_low_balance_even_with_a_debt(database: Database) -> None:
    user, work = await person(database, credits_=100), context(database, low_balance=0)
    await ordered(work, user, "a", 20)
    job = await claimed(work)

    async def take_back() -> None:
        await ledger.post(await ledger.lock(user.id), ledger.EntryKind.REVERSAL, -100, "reverse:1:1")

    await database.transact(take_back)
    await finish(work, job, 15)
    assert (await ledger.find_account(user.id)).balance == -15
    assert not await Notice.filter(text="low-balance").exists()


async def test_a_stop_takes_effect_at_the_next_checkpoint(database: Database) -> None:
    user, work = await person(database, credits_=90), context(database)
    await ordered(work, user, "a", 90, needs=30)
    job = await claimed(work)
    await database.transact(jobs.ask_to_stop, job)
    assert not await run_job.checkpoint(work, job, {"at": 1}, cost=30, most=60, needs=40)
    assert (await states(job), await balance(user)) == ([JobState.CANCELLED], 60)
    assert await sound(database)
