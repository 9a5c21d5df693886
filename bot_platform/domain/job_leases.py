"""Leases of jobs: claimed by a worker, renewed, lost, or given back."""

from collections.abc import Collection, Mapping, Sequence

from tortoise.expressions import F, Q

from bot_platform.domain.jobs import Job, JobState
from bot_platform.infra import commit_events
from bot_platform.infra.moments import come
from bot_platform.infra.sql import DbClock, advisory_lock, clock, connection, query

LEASE_MS = 10_000  # after a crash another worker takes the job when this has passed
UNKNOWN_KIND_WAIT_MS = (
    600_000  # by then every replica has been upgraded; a kind that none knows is not sold any more
)


async def any_to_claim() -> bool:
    """Whether there may be a job to claim; called often, so it takes no lock and writes nothing."""
    lost = Q(come("lease_until", LEASE_MS), state=JobState.RUNNING)
    return await Job.filter(Q(state=JobState.QUEUED) | lost).exists()


async def claim(
    limit: int, *, for_one: int, in_all: int, kinds: Collection[str] | None = None
) -> Sequence[Job]:
    """Lease at most `limit` queued jobs: at most `for_one` run for one user, and `in_all` for all.

    `kinds` are those that the worker knows, None for all. A job of another kind was ordered through a
    replica of a newer version; it is left to such replicas for UNKNOWN_KIND_WAIT_MS.
    Running jobs whose lease has ended are queued again first.
    """
    await advisory_lock("jobs")  # two claims at once would count the same running ones
    lost = Job.filter(come("lease_until", LEASE_MS), state=JobState.RUNNING)
    await lost.update(state=JobState.QUEUED, lease_until=0)
    limit = min(limit, in_all - await Job.filter(state=JobState.RUNNING).count())
    if limit <= 0:
        return []
    lock = "" if connection().capabilities.dialect == "sqlite" else "FOR UPDATE SKIP LOCKED"
    # The user's jobs that run or come before this one: the first job of each user comes before any second.
    before = """(SELECT COUNT(*) FROM job o WHERE o.user_id = q.user_id AND (o.state = 'running'
        OR o.state = 'queued' AND (o.rank < q.rank OR o.rank = q.rank AND o.id < q.id)))"""
    now_, known, marks = clock(), "TRUE", ", ".join("?" for _ in kinds or ()) or "NULL"
    if kinds is not None:
        known = f"(q.kind IN ({marks}) OR q.queued_at < {now_} - {UNKNOWN_KIND_WAIT_MS})"
    rows = await query(
        f"""UPDATE job SET state = 'running', fence = fence + 1, attempts = attempts + 1,
                lease_until = {now_} + ?
            WHERE id IN (
                SELECT q.id FROM job q WHERE q.state = 'queued' AND {before} < ? AND {known}
                ORDER BY {before}, q.id LIMIT {limit} {lock})
            RETURNING id, attempts, {now_} - queued_at AS waited""",  # noqa: S608 -- names are the code's own
        LEASE_MS,
        for_one,
        *(kinds or ()),
    )
    for row in rows:
        if row["attempts"] == 1:  # not a repeat after a crash
            commit_events.record("job started", max(0, row["waited"]) / 1000)
    return await Job.filter(id__in=[row["id"] for row in rows]).order_by("id") if rows else []


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
