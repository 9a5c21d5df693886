"""Claimed work is charged once for each hold, at most what was held, and only by whoever has its lease."""

import pytest

from bot_platform.domain import jobs, ledger
from bot_platform.domain.jobs import Job, JobState
from bot_platform.domain.outbox import Notice
from bot_platform.flows import run_job
from bot_platform.flows.context import WorkContext
from bot_platform.flows.grant import grant
from bot_platform.flows.run_job import LeaseLost
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from tests.flows.test_order_work import ordered, sound, states
from tests.makers import balance, context, person


async def claimed(at: WorkContext) -> Job:
    """Claim the next job."""
    (job,) = await run_job.claim(at, 1)
    return job


async def finish(at: WorkContext, job: Job, cost: int, answer: str = "An answer.") -> None:
    """End a job with an answer."""
    result = {"text": answer}
    await run_job.finish(at, job, JobState.DONE, result, cost=cost, text="work-done", answer=answer)


async def test_the_real_cost_is_charged_and_the_rest_is_free_again(database: Database) -> None:
    who, at = await person(database, credits_=100), context(database)
    job = await ordered(at, who, "a", 60)
    await finish(at, await claimed(at), 25)
    assert (await balance(who), await states(job)) == (75, [JobState.DONE])
    charge = await ledger.find_entry("job:1:1:charge")
    assert charge
    assert (charge.amount, charge.job_id, charge.note) == (-25, job.id, "ask")
    told = await Notice.get(key="job:1")
    assert (told.text, told.text_values["charged"]) == ("answer", 25)
    assert await sound(database)


async def test_more_than_was_held_is_never_charged(database: Database) -> None:
    who, at = await person(database, credits_=100), context(database)
    await ordered(at, who, "a", 60)
    await finish(at, await claimed(at), 99)
    assert await balance(who) == 40
    assert await sound(database)


async def test_what_is_freed_starts_what_waits(database: Database) -> None:
    who, at = await person(database, credits_=60), context(database)
    await ordered(at, who, "a", 60)
    waiting = await ordered(at, who, "b", 30)
    await finish(at, await claimed(at), 25)
    assert await states(waiting) == [JobState.QUEUED]
    assert await sound(database)


async def test_work_that_failed_is_charged_nothing(database: Database) -> None:
    who, at = await person(database, credits_=60), context(database)
    await ordered(at, who, "a", 60)
    await run_job.finish(at, await claimed(at), JobState.FAILED, None, cost=0, text="work-failed")
    assert await balance(who) == 60
    assert (await Notice.get(key="job:1")).text == "work-failed"
    assert await sound(database)


async def test_a_checkpoint_charges_its_step_and_holds_the_next(database: Database) -> None:
    who, at = await person(database, credits_=100), context(database)
    await ordered(at, who, "a", 90, needs=30)
    job = await claimed(at)
    assert await run_job.checkpoint(at, job, {"files": {"a": "1"}}, cost=20, most=60, needs=40)
    assert await balance(who) == 100 - 20 - 40
    now = await Job.get(id=job.id)
    assert (now.state, now.step, now.charged, now.kept) == (JobState.RUNNING, 2, 20, {"files": {"a": "1"}})
    assert await sound(database)
    await finish(at, job, 10)
    assert await balance(who) == 70
    assert await sound(database)


async def test_a_checkpoint_that_the_credits_do_not_cover_parks_and_goes_on_later(database: Database) -> None:
    who, at = await person(database, credits_=30), context(database)
    job = await ordered(at, who, "a", 90, needs=30)
    await Notice.all().update(message_id=9)
    running = await claimed(at)
    assert not await run_job.checkpoint(at, running, {"at": 1}, cost=30, most=60, needs=40)
    assert await states(job) == [JobState.PARKED]
    assert await sound(database)
    paused = await Notice.get(key="job:1")
    assert (paused.text, paused.text_values["missing"]) == ("work-waits", 60)
    assert paused.message_id is None, "it is said anew, at the end of the chat"
    assert (await Notice.get(key="job:1:1:moved")).message_id == 9
    with pytest.raises(LeaseLost):
        await finish(at, running, 1)
    await grant(database, who, 60, "because", "g")
    again = await claimed(at)
    assert (again.kept, again.step, again.fence) == ({"at": 1}, 2, 2)
    await finish(at, again, 40)
    assert await balance(who) == 20
    assert await sound(database)


async def test_a_lease_that_ran_out_is_another_workers(database: Database) -> None:
    who, at = await person(database, credits_=60), context(database)
    await ordered(at, who, "a", 60)
    late = await claimed(at)
    await query("UPDATE job SET lease_until = 1")
    mine = await claimed(at)
    assert (mine.id, mine.fence) == (late.id, late.fence + 1)
    for act in (
        finish(at, late, 60),
        run_job.checkpoint(at, late, {}, cost=60, most=1, needs=1),
        run_job.show(at, late, "work-stopping"),
        run_job.set_progress(at, late, 1, 2, "x"),
    ):
        with pytest.raises(LeaseLost):
            await act
    await run_job.release(at, late)
    await run_job.renew(at, {late.id: late.fence})
    assert (await Job.get(id=mine.id)).state is JobState.RUNNING
    await finish(at, mine, 10)
    assert await balance(who) == 50
    assert await sound(database)


async def test_a_renewed_lease_is_kept(database: Database) -> None:
    who, at = await person(database, credits_=60), context(database)
    await ordered(at, who, "a", 60)
    job = await claimed(at)
    await query("UPDATE job SET lease_until = lease_until - 9000")
    await run_job.renew(at, {job.id: job.fence})
    assert (await Job.get(id=job.id)).lease_until >= job.lease_until
    assert await run_job.claim(at, 1) == []


async def test_what_is_given_back_is_claimed_at_once_and_was_no_try(database: Database) -> None:
    who, at = await person(database, credits_=60), context(database)
    await ordered(at, who, "a", 60)
    await run_job.release(at, await claimed(at))
    assert (await claimed(at)).attempts == 1
    assert await sound(database)


async def test_a_kind_that_only_newer_workers_know_is_left_to_them_for_a_while(database: Database) -> None:
    who, at = await person(database, credits_=100), context(database)
    await ordered(at, who, "a", 10)
    for older in ({"draw"}, set[str](), {"'; DROP TABLE job; --"}):
        assert await run_job.claim(at, 10, older) == []
    (job,) = await run_job.claim(at, 10, {"ask", "draw"})
    await finish(at, job, 1)
    await ordered(at, who, "b", 10)
    await query("UPDATE job SET queued_at = queued_at - 601000 WHERE state = 'queued'")
    (left,) = await run_job.claim(at, 10, {"draw"})  # nobody sells it any more: its person is to hear so
    assert left.kind == "ask"


async def test_nobody_has_more_running_than_allowed_and_all_together_neither(database: Database) -> None:
    one, two = await person(database, 1, 100), await person(database, 2, 100)
    at = context(database, for_one=2, at_once=3)
    for number in range(4):
        await ordered(at, one, f"one {number}", 10)
        await ordered(at, two, f"two {number}", 10)
    running = await run_job.claim(at, 10)
    assert len(running) == 3
    assert await run_job.claim(at, 10) == []
    await finish(at, running[0], 1)
    (more,) = await run_job.claim(at, 10)
    per_person = [job.user_id for job in [*running[1:], more]]
    assert max(per_person.count(who.id) for who in (one, two)) == 2


async def test_a_long_answer_is_several_messages_in_order_and_the_last_says_the_cost(
    database: Database,
) -> None:
    who, at = await person(database, credits_=60), context(database)
    await ordered(at, who, "a", 60)
    await finish(
        at, await claimed(at), 10, "\n\n".join(f"Paragraph {n}. " + "word " * 100 for n in range(20))
    )
    told = await Notice.filter(text="answer").order_by("id")
    assert len(told) == 3
    assert [n.text_values["says"] for n in told] == ["", "", "work-done"]
    assert "Paragraph 0." in told[0].text_values["page"]["text"]
    assert "Paragraph 19." in told[2].text_values["page"]["text"]
    assert await sound(database)


async def test_a_low_balance_is_told_once_for_each_crossing(database: Database) -> None:
    who, at = await person(database, credits_=100), context(database, low_balance=80)
    for number in range(3):
        await ordered(at, who, f"{number}", 20)
        await finish(at, await claimed(at), 15)
    assert await Notice.filter(text="low-balance").count() == 1
    await grant(database, who, 50, "because", "g")
    await ordered(at, who, "again", 60)
    await finish(at, await claimed(at), 60)
    assert await Notice.filter(text="low-balance").count() == 2


async def test_a_low_balance_of_nothing_is_never_told_not_even_with_a_debt(database: Database) -> None:
    who, at = await person(database, credits_=100), context(database, low_balance=0)
    await ordered(at, who, "a", 20)
    job = await claimed(at)

    async def taken_back() -> None:
        await ledger.post(await ledger.lock(who.id), ledger.EntryKind.REVERSAL, -100, "reverse:1:1")

    await database.transact(taken_back)
    await finish(at, job, 15)
    assert (await ledger.find_account(who.id)).balance == -15
    assert not await Notice.filter(text="low-balance").exists()


async def test_a_stop_is_seen_at_the_next_checkpoint(database: Database) -> None:
    who, at = await person(database, credits_=90), context(database)
    await ordered(at, who, "a", 90, needs=30)
    job = await claimed(at)
    await database.transact(jobs.ask_to_stop, job)
    assert not await run_job.checkpoint(at, job, {"at": 1}, cost=30, most=60, needs=40)
    assert (await states(job), await balance(who)) == ([JobState.CANCELLED], 60)
    assert await sound(database)
