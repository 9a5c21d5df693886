"""Leases of jobs: claimed by a worker, renewed, lost, or given back."""

from collections.abc import Collection, Mapping, Sequence

from tortoise.expressions import F

from bot_platform.domain.jobs import Job, JobState
from bot_platform.infra import commit_events
from bot_platform.infra.moments import has_come
from bot_platform.infra.sql import DbClock, claim_lock, clock, connection, indexed_by, query, read_by_indexes

LEASE_MS = 10_000  # after a crash another worker takes the job when this has passed
UNKNOWN_KIND_WAIT_MS = (
    600_000  # by then every replica has been upgraded; a kind that none knows is not sold any more
)


async def any_to_claim() -> bool:
    """Whether there may be a job to claim; called often, so it takes no lock and writes nothing."""
    await read_by_indexes()
    (found,) = await query(
        f"""SELECT (SELECT id FROM job WHERE state = 'queued' ORDER BY id LIMIT 1) AS queued,
            (SELECT id FROM job WHERE state = 'running' AND {has_come("lease_until", LEASE_MS)}
             ORDER BY user_id LIMIT 1) AS lost"""  # noqa: S608 -- names are the code's own
    )
    return any(found.values())


async def claim(
    limit: int, *, for_one: int, in_all: int, kinds: Collection[str] | None = None
) -> Sequence[Job]:
    """Lease at most `limit` queued jobs: at most `for_one` run for one user, and `in_all` for all.

    `kinds` are those that the worker knows, None for all. A job of another kind was ordered through a
    replica of a newer version; it is left to such replicas for UNKNOWN_KIND_WAIT_MS.
    Running jobs whose lease has ended are queued again first.
    """
    await claim_lock("jobs")  # two claims at once would count the same running ones
    await query(
        f"""UPDATE job SET state = 'queued', lease_until = 0
            WHERE state = 'running' AND {has_come("lease_until", LEASE_MS)}"""  # noqa: S608 -- names are the code's own
    )
    limit = min(limit, in_all - await Job.filter(state=JobState.RUNNING).count())
    if limit <= 0:
        return []
    # The first job of each user comes before any second. As long as a user without a running job is left,
    # the rest of the queue is not looked at: so a long queue costs no more than a short one.
    rows = await _lease(limit, "= 0", for_one, kinds)
    if for_one > 1 and len(rows) < limit:
        rows += await _lease(limit - len(rows), f"< {for_one}", for_one, kinds)
    for row in rows:
        if row["attempts"] == 1:  # not a repeat after a crash
            commit_events.record("job started", max(0, row["waited"]) / 1000)
    return await Job.filter(id__in=[row["id"] for row in rows]).order_by("id") if rows else []


async def _lease(limit: int, ahead: str, for_one: int, kinds: Collection[str] | None) -> list[dict[str, int]]:
    """Lease queued jobs for which `ahead`, a condition, is true of how many of their user's are before."""
    before = f"""(SELECT COUNT(*) FROM (
            SELECT 1 FROM job o WHERE o.state = 'running' AND o.user_id = q.user_id
            UNION ALL SELECT 1 FROM job o
            WHERE o.state || '' = 'queued' AND o.user_id = q.user_id AND (o.rank, o.id) < (q.rank, q.id)
            LIMIT {for_one}) ahead)"""  # noqa: S608 -- numbers, and names of the code's own
    lock = "" if connection().capabilities.dialect == "sqlite" else "FOR UPDATE SKIP LOCKED"
    now_, known, marks = clock(), "TRUE", ", ".join("?" for _ in kinds or ()) or "NULL"
    if kinds is not None:
        known = f"(q.kind IN ({marks}) OR q.queued_at < {now_} - {UNKNOWN_KIND_WAIT_MS})"
    order = "q.id" if ahead == "= 0" else f"{before}, q.id"
    return await query(
        f"""UPDATE job SET state = 'running', fence = fence + 1, attempts = attempts + 1,
                lease_until = {now_} + ?
            WHERE id IN (
                SELECT q.id FROM job q {indexed_by("idx_job_queued")} WHERE q.state = 'queued' AND {known}
                AND {before} {ahead} ORDER BY {order} LIMIT {limit} {lock})
            RETURNING id, attempts, {now_} - queued_at AS waited""",  # noqa: S608 -- as above
        LEASE_MS,
        *(kinds or ()),
    )


async def renew(job_id: int, fence: int) -> None:
    """Renew the lease of a job that the worker with this fence runs."""
    mine = Job.filter(id=job_id, fence=fence, state=JobState.RUNNING)
    await mine.update(lease_until=DbClock(LEASE_MS))


async def is_mine(job: Job) -> bool:
    """Lock a running job for the worker that claimed it; False when it ended or another worker has it."""
    locked = await Job.filter(id=job.id, fence=job.fence, state=JobState.RUNNING).update(fence=F("fence"))
    if locked:
        await job.refresh_from_db()
    return bool(locked)


async def gone(fences: Mapping[int, int]) -> tuple[set[int], set[int]]:
    """Of a worker's jobs (fences by id), return those to stop, and those that it does not hold any more."""
    if not fences:
        return set(), set()
    rows = {job.id: job for job in await Job.filter(id__in=list(fences))}
    lost = {i for i, fence in fences.items() if (rows[i].fence, rows[i].state) != (fence, JobState.RUNNING)}
    return {i for i, job in rows.items() if job.stopping and i not in lost}, lost


async def release(job: Job) -> None:
    """Queue a running job again for another worker; the attempt does not count."""
    job.state, job.lease_until, job.attempts = JobState.QUEUED, 0, job.attempts - 1
    await job.save(update_fields=["state", "lease_until", "attempts"])
