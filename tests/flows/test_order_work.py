"""Orders: queued or parked, each once; only their user can reorder or cancel them."""

import asyncio
from functools import partial

import pytest

from bot_platform.domain import account_flags, job_leases, ledger
from bot_platform.domain.errors import NoSuchJob, TooManyJobs
from bot_platform.domain.jobs import Job, JobState
from bot_platform.domain.ledger import Hold, HoldState
from bot_platform.domain.outbox import Notice
from bot_platform.domain.users import User
from bot_platform.flows import order_work
from bot_platform.flows.audit import audit_books
from bot_platform.flows.context import WorkContext
from bot_platform.flows.grant import grant
from bot_platform.infra.database import Database
from tests.makers import balance, context, person


async def ordered(work: WorkContext, user: User, key: str, most: int = 60, needs: int | None = None) -> Job:
    """Order work that costs at most `most`."""
    request = {"text": "x", "before": []}
    return await order_work.order(work, user, "ask", request, key, most=most, needs=needs or most)


async def states(*found: Job) -> list[JobState]:
    """Return the current states of the jobs."""
    return [(await Job.get(id=job.id)).state for job in found]


async def sound(database: Database) -> bool:
    """Whether all invariants hold."""
    return list(await audit_books(database, (), lambda _: None)) == []


async def test_work_that_the_credits_cover_is_queued_with_a_hold(database: Database) -> None:
    user = await person(database, credits_=100)
    job = await ordered(context(database), user, "a")
    assert (job.state, await balance(user)) == (JobState.QUEUED, 40)
    notice = await Notice.get(key=f"job:{job.id}")
    assert (notice.text, notice.text_values["most"]) == ("work-accepted", 60)
    assert await sound(database)


async def test_work_that_the_credits_do_not_cover_is_parked_and_says_what_is_missing(
    database: Database,
) -> None:
    user = await person(database, credits_=50)
    job = await ordered(context(database), user, "a")
    assert (job.state, await balance(user)) == (JobState.PARKED, 50)
    notice = await Notice.get(key=f"job:{job.id}")
    assert (notice.text, notice.text_values["missing"]) == ("work-waits", 10)
    assert await sound(database)


async def test_the_same_request_is_one_job(database: Database) -> None:
    user, work = await person(database, credits_=100), context(database)
    found = await asyncio.gather(*(ordered(work, user, "a") for _ in range(5)))
    assert len({job.id for job in found}) == 1
    assert await balance(user) == 40


async def test_the_missing_amount_includes_the_jobs_that_wait_before(database: Database) -> None:
    user, work = await person(database, credits_=10), context(database)
    await ordered(work, user, "a", 50)
    second = await ordered(work, user, "b", 30)
    notice = await Notice.get(key=f"job:{second.id}")
    assert (notice.text_values["before"], notice.text_values["missing"]) == (1, 70)
    first = await Notice.get(subject="job:1")
    assert (first.text_values["missing"], first.text_values["missing_all"]) == (40, 70)


async def test_missing_is_what_the_next_step_lacks_and_not_what_all_of_it_may_cost(
    database: Database,
) -> None:
    user, work = await person(database, credits_=30), context(database)
    first = await ordered(work, user, "a", 9000, needs=70)
    second = await ordered(work, user, "b", 500, needs=50)
    values = {job.id: (await Notice.get(key=job.subject)).text_values for job in (first, second)}
    assert (values[first.id]["missing"], values[second.id]["missing"]) == (40, 90)
    assert values[first.id]["missing_all"] == 9470
    await grant(database, user, 40, "because", "g")
    assert await states(first, second) == [JobState.QUEUED, JobState.PARKED], "this much was enough"


async def test_an_order_that_the_credits_cover_does_not_wait_behind_a_parked_one(database: Database) -> None:
    user, work = await person(database, credits_=50), context(database)
    large, small = await ordered(work, user, "a", 60), await ordered(work, user, "b", 50)
    assert await states(large, small) == [JobState.PARKED, JobState.QUEUED]
    assert await sound(database)


async def test_new_credits_start_parked_jobs_in_their_order(database: Database) -> None:
    user, work = await person(database), context(database)
    waiting = [await ordered(work, user, name, most) for name, most in (("a", 60), ("b", 50), ("c", 10))]
    await grant(database, user, 70, "because", "g1")
    assert await states(*waiting) == [JobState.QUEUED, JobState.PARKED, JobState.PARKED], (
        "b is next, although c costs less"
    )
    await grant(database, user, 50, "because", "g2")
    assert await states(*waiting) == [JobState.QUEUED] * 3
    assert await balance(user) == 0
    assert await sound(database)


async def test_a_job_that_is_put_first_starts_if_the_credits_cover_it(database: Database) -> None:
    user, work = await person(database, credits_=20), context(database)
    large, small = await ordered(work, user, "a", 60), await ordered(work, user, "b", 30)
    await grant(database, user, 20, "because", "g")
    assert await states(large, small) == [JobState.PARKED, JobState.PARKED]
    await order_work.put_first(work, user, small.id)
    assert await states(large, small) == [JobState.PARKED, JobState.QUEUED]
    assert await sound(database)


async def test_cancelling_a_queued_job_releases_its_credits_for_the_next(database: Database) -> None:
    user, work = await person(database, credits_=60), context(database)
    first, second = await ordered(work, user, "a", 60), await ordered(work, user, "b", 60)
    await order_work.cancel(work, user, first.id)
    assert await states(first, second) == [JobState.CANCELLED, JobState.QUEUED]
    assert (await Hold.get(cause="job:1:1")).state is HoldState.RELEASED
    assert (await Notice.get(key="job:1")).text == "work-cancelled"
    assert await sound(database)


async def test_cancelling_the_first_parked_job_starts_the_next(database: Database) -> None:
    user, work = await person(database, credits_=40), context(database)
    large = await ordered(work, user, "a", 60)
    await ordered(work, user, "b", 30)
    small = await ordered(work, user, "c", 10)
    await order_work.cancel(work, user, large.id)
    assert await states(large, small) == [JobState.CANCELLED, JobState.QUEUED]


async def test_a_running_job_is_asked_to_stop(database: Database) -> None:
    user, work = await person(database, credits_=60), context(database)
    job = await ordered(work, user, "a", 60)
    await database.transact(partial(job_leases.claim, 1, for_one=1, in_all=1), notify=False)
    await order_work.cancel(work, user, job.id)
    now = await Job.get(id=job.id)
    assert (now.state, now.stopping, await balance(user)) == (JobState.RUNNING, True, 0)


@pytest.mark.parametrize("act", [order_work.cancel, order_work.put_first])
async def test_jobs_of_another_user_and_ended_jobs_cannot_be_changed(database: Database, act: object) -> None:
    work, user, other = context(database), await person(database, 1, 60), await person(database, 2, 60)
    job = await ordered(work, user, "a", 60)
    do = order_work.cancel if act is order_work.cancel else order_work.put_first
    for by, number in ((other, job.id), (user, job.id + 1), (user, -1)):
        with pytest.raises(NoSuchJob):
            await do(work, by, number)
    await order_work.cancel(work, user, job.id)
    with pytest.raises(NoSuchJob):
        await do(work, user, job.id)


async def test_an_order_of_a_frozen_account_is_parked_until_the_freeze_ends(
    database: Database,
) -> None:
    user, work = await person(database, credits_=60), context(database)

    async def freeze(*, frozen: bool) -> None:
        account = await ledger.lock(user.id)
        await account_flags.freeze(account, frozen=frozen)

    await database.transact(partial(freeze, frozen=True))
    job = await ordered(work, user, "a", 60)
    assert (job.state, (await Notice.get(key="job:1")).text) == (JobState.PARKED, "work-waits-frozen")
    await database.transact(partial(freeze, frozen=False))
    await grant(database, user, 1, "because", "g")
    assert await states(job) == [JobState.QUEUED]


async def test_too_many_open_orders_are_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_work, "MAX_OPEN_JOBS", 10)
    user, work = await person(database), context(database)
    for number in range(order_work.MAX_OPEN_JOBS):
        await ordered(work, user, f"{number}")
    with pytest.raises(TooManyJobs):
        await ordered(work, user, "one more")
