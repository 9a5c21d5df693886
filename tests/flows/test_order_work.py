"""Work is ordered once, held for or parked at once, reordered and ended by its person alone."""

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


async def ordered(at: WorkContext, who: User, key: str, most: int = 60, needs: int | None = None) -> Job:
    """Order work that costs at most so much."""
    request = {"text": "x", "before": []}
    return await order_work.order(at, who, "ask", request, key, most=most, needs=needs or most)


async def states(*found: Job) -> list[JobState]:
    """Read the jobs' states as they are now."""
    return [(await Job.get(id=job.id)).state for job in found]


async def sound(database: Database) -> bool:
    """Whether the books are as the law says."""
    return list(await audit_books(database, (), lambda _: None)) == []


async def test_work_that_the_credits_cover_is_queued_and_held_for(database: Database) -> None:
    who = await person(database, credits_=100)
    job = await ordered(context(database), who, "a")
    assert (job.state, await balance(who)) == (JobState.QUEUED, 40)
    told = await Notice.get(key=f"job:{job.id}")
    assert (told.text, told.text_values["most"]) == ("work-accepted", 60)
    assert await sound(database)


async def test_work_that_they_do_not_cover_waits_and_is_offered(database: Database) -> None:
    who = await person(database, credits_=50)
    job = await ordered(context(database), who, "a")
    assert (job.state, await balance(who)) == (JobState.PARKED, 50)
    told = await Notice.get(key=f"job:{job.id}")
    assert (told.text, told.text_values["missing"]) == ("work-waits", 10)
    assert await sound(database)


async def test_the_same_request_is_one_job(database: Database) -> None:
    who, at = await person(database, credits_=100), context(database)
    found = await asyncio.gather(*(ordered(at, who, "a") for _ in range(5)))
    assert len({job.id for job in found}) == 1
    assert await balance(who) == 40


async def test_what_is_missing_counts_what_waits_before(database: Database) -> None:
    who, at = await person(database, credits_=10), context(database)
    await ordered(at, who, "a", 50)
    second = await ordered(at, who, "b", 30)
    told = await Notice.get(key=f"job:{second.id}")
    assert (told.text_values["before"], told.text_values["missing"]) == (1, 70)
    first = await Notice.get(subject="job:1")
    assert (first.text_values["missing"], first.text_values["missing_all"]) == (40, 70)


async def test_an_order_that_fits_does_not_queue_behind_one_that_waits(database: Database) -> None:
    who, at = await person(database, credits_=50), context(database)
    large, small = await ordered(at, who, "a", 60), await ordered(at, who, "b", 50)
    assert await states(large, small) == [JobState.PARKED, JobState.QUEUED]
    assert await sound(database)


async def test_credits_start_what_waits_first_the_first(database: Database) -> None:
    who, at = await person(database), context(database)
    waiting = [await ordered(at, who, name, most) for name, most in (("a", 60), ("b", 50), ("c", 10))]
    await grant(database, who, 70, "because", "g1")
    assert await states(*waiting) == [JobState.QUEUED, JobState.PARKED, JobState.PARKED], (
        "b is next, though c would fit"
    )
    await grant(database, who, 50, "because", "g2")
    assert await states(*waiting) == [JobState.QUEUED] * 3
    assert await balance(who) == 0
    assert await sound(database)


async def test_putting_a_job_first_starts_it_if_it_fits_now(database: Database) -> None:
    who, at = await person(database, credits_=20), context(database)
    large, small = await ordered(at, who, "a", 60), await ordered(at, who, "b", 30)
    await grant(database, who, 20, "because", "g")
    assert await states(large, small) == [JobState.PARKED, JobState.PARKED]
    await order_work.put_first(at, who, small.id)
    assert await states(large, small) == [JobState.PARKED, JobState.QUEUED]
    assert await sound(database)


async def test_cancelling_what_is_queued_frees_its_credits_for_the_next(database: Database) -> None:
    who, at = await person(database, credits_=60), context(database)
    first, second = await ordered(at, who, "a", 60), await ordered(at, who, "b", 60)
    await order_work.cancel(at, who, first.id)
    assert await states(first, second) == [JobState.CANCELLED, JobState.QUEUED]
    assert (await Hold.get(cause="job:1:1")).state is HoldState.RELEASED
    assert (await Notice.get(key="job:1")).text == "work-cancelled"
    assert await sound(database)


async def test_cancelling_the_first_that_waits_lets_the_next_start(database: Database) -> None:
    who, at = await person(database, credits_=40), context(database)
    large = await ordered(at, who, "a", 60)
    await ordered(at, who, "b", 30)
    small = await ordered(at, who, "c", 10)
    await order_work.cancel(at, who, large.id)
    assert await states(large, small) == [JobState.CANCELLED, JobState.QUEUED]


async def test_a_running_job_is_asked_to_stop(database: Database) -> None:
    who, at = await person(database, credits_=60), context(database)
    job = await ordered(at, who, "a", 60)
    await database.transact(partial(job_leases.claim, 1, for_one=1, in_all=1), notify=False)
    await order_work.cancel(at, who, job.id)
    now = await Job.get(id=job.id)
    assert (now.state, now.stopping, await balance(who)) == (JobState.RUNNING, True, 0)


@pytest.mark.parametrize("act", [order_work.cancel, order_work.put_first])
async def test_nobody_touches_anothers_work_or_what_has_ended(database: Database, act: object) -> None:
    at, who, other = context(database), await person(database, 1, 60), await person(database, 2, 60)
    job = await ordered(at, who, "a", 60)
    do = order_work.cancel if act is order_work.cancel else order_work.put_first
    for by, number in ((other, job.id), (who, job.id + 1), (who, -1)):
        with pytest.raises(NoSuchJob):
            await do(at, by, number)
    await order_work.cancel(at, who, job.id)
    with pytest.raises(NoSuchJob):
        await do(at, who, job.id)


async def test_a_frozen_accounts_order_waits_until_the_freeze_ends(
    database: Database,
) -> None:
    who, at = await person(database, credits_=60), context(database)

    async def freeze(*, frozen: bool) -> None:
        account = await ledger.lock(who.id)
        await account_flags.freeze(account, frozen=frozen)

    await database.transact(partial(freeze, frozen=True))
    job = await ordered(at, who, "a", 60)
    assert (job.state, (await Notice.get(key="job:1")).text) == (JobState.PARKED, "work-waits-frozen")
    await database.transact(partial(freeze, frozen=False))
    await grant(database, who, 1, "because", "g")
    assert await states(job) == [JobState.QUEUED]


async def test_more_orders_than_anybody_means_are_refused(database: Database) -> None:
    who, at = await person(database), context(database)
    for number in range(order_work.MOST_OPEN):
        await ordered(at, who, f"{number}")
    with pytest.raises(TooManyJobs):
        await ordered(at, who, "one more")
