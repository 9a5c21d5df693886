"""Each flow about paid work: how a test prepares it, runs it, and runs it again after a crash."""

import contextlib

from bot_platform.domain.errors import NoSuchJob
from bot_platform.domain.jobs import Job, JobState, find_by_request_key
from bot_platform.flows import job_retention, order_work, run_job
from bot_platform.flows.context import WorkContext
from bot_platform.flows.grant import grant
from bot_platform.flows.run_job import LeaseLost
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from tests.makers import context
from tests.reliability.stateful.crash_injection import Calamity
from tests.reliability.stateful.money_stories import Story, settle
from tests.reliability.stateful.one_sale import Sale, pressed, sold

MANY = 10_000  # what earlier lives have left running is in nobody's way
NEEDS = 2_000  # hundredths; a sale brings 10 000
KEPT = {"step": 1}


def _context(sale: Sale) -> WorkContext:
    return context(sale.money.database, jobs_per_user=1, jobs_at_once=MANY)


def _key(sale: Sale, name: str = "work") -> str:
    return f"{name}:{sale.user.telegram_id}"


async def _order(sale: Sale, needs: int = NEEDS, name: str = "work") -> None:
    asked = {"text": "how?", "before": []}
    await order_work.order(
        _context(sale), sale.user, "ask", asked, _key(sale, name), most=2 * needs, needs=needs
    )


async def _work(sale: Sale) -> Job:
    job = await find_by_request_key(_key(sale))
    assert job
    return job


async def _in_hand(sale: Sale) -> Job | None:
    """Claim the work after the lease of a crashed worker has expired; None if it has ended."""
    if (await _work(sale)).state not in {JobState.QUEUED, JobState.RUNNING}:
        return None
    await query("UPDATE job SET lease_until = 0 WHERE request_key = ?", _key(sale))
    taken = {job.request_key: job for job in await run_job.claim(_context(sale), MANY)}
    return taken.get(_key(sale))


async def _ordered(database: Database, number: int) -> Sale:
    sale = await sold(database, number)
    await _order(sale)
    return sale


async def _waiting(database: Database, number: int) -> Sale:
    """Park a large order, and behind it a small one that the credits would suffice for."""
    sale = await sold(database, number)
    await _order(sale, 15_000)
    await _order(sale, 10_500, "behind")
    await grant(database, sale.user, 600, "so", _key(sale, "waiting"))
    return sale


async def _waiting_for_its_sale(database: Database, number: int) -> Sale:
    sale = await pressed(database, number)
    await _order(sale)
    await _order(sale, 11_000, "behind")
    return sale


async def _short(database: Database, number: int) -> Sale:
    """Prepare running work that will end, and other work that waits for the credits it holds."""
    sale = await sold(database, number)
    await _order(sale, 9_000)
    await _order(sale, 2_000, "behind")
    return sale


async def _done(database: Database, number: int) -> Sale:
    sale = await _ordered(database, number)
    await _finish(sale, 700)
    await query("UPDATE notice SET state = 'sent' WHERE chat_id = ?", sale.user.telegram_id)
    return sale


async def _claim(sale: Sale) -> None:
    await _in_hand(sale)


async def _checkpoint(sale: Sale, needs: int) -> None:
    """Reach the checkpoint, unless the kept state shows that it was reached before."""
    job = await _in_hand(sale)
    if job is None or job.kept == KEPT:
        return
    with contextlib.suppress(LeaseLost):
        await run_job.checkpoint(_context(sale), job, KEPT, cost=600, most=needs, needs=needs)


async def _finish(sale: Sale, cost: int) -> None:
    job = await _in_hand(sale)
    if job is None:
        return
    state = JobState.DONE if cost else JobState.FAILED
    text, answer = f"work-{state}", "Like this." if cost else ""
    with contextlib.suppress(LeaseLost):
        await run_job.finish(_context(sale), job, state, None, cost=cost, text=text, answer=answer)


async def _cancel(sale: Sale) -> None:
    with contextlib.suppress(NoSuchJob):
        await order_work.cancel(_context(sale), sale.user, (await _work(sale)).id)


async def _cancel_in_hand(sale: Sale) -> None:
    if (await _work(sale)).state is JobState.QUEUED:
        await _in_hand(sale)
    await _cancel(sale)


async def _expire(sale: Sale) -> None:
    await query("UPDATE job SET expires_at = 1 WHERE request_key = ?", _key(sale))
    await job_retention.expire(_context(sale))


async def _forget(sale: Sale) -> None:
    await job_retention.forget(_context(sale), sale.user)


async def _give_back(sale: Sale) -> None:
    job = await _in_hand(sale)
    assert job
    await run_job.release(_context(sale), job)


WORK_STORIES: dict[str, Story] = {
    "order work": Story(sold, _order),
    "order work that waits": Story(sold, lambda sale: _order(sale, 11_000)),
    "settle and wake": Story(_waiting_for_its_sale, settle),
    "take work in hand": Story(_ordered, _claim),
    "give work back": Story(_ordered, _give_back, [Calamity.DEATH]),
    "reach a checkpoint and go on": Story(_ordered, lambda sale: _checkpoint(sale, 3_000)),
    "reach a checkpoint and wait": Story(_short, lambda sale: _checkpoint(sale, 9_900)),
    "finish work": Story(_short, lambda sale: _finish(sale, 700)),
    "finish work for nothing": Story(_short, lambda sale: _finish(sale, 0)),
    "cancel work that waits": Story(_waiting, _cancel),
    "cancel work in line": Story(_short, _cancel),
    "cancel work in hand": Story(_ordered, _cancel_in_hand),
    "let work expire": Story(_waiting, _expire),
    "forget work": Story(_done, _forget),
}
