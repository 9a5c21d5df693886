"""Paid work: ordered once, waiting for credits or for its turn, ended once."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from bot_platform.infra import commit_events
from bot_platform.infra.clock import now
from bot_platform.infra.sql import clock, json_safe, query

PARKED_LIFETIME_MS = 72 * 3600 * 1000  # for credits, before it expires


class JobState(StrEnum):
    """Queued and running jobs have a hold, parked ones wait for credits, the others have ended."""

    QUEUED = "queued"
    PARKED = "parked"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


OPEN = (JobState.QUEUED, JobState.PARKED, JobState.RUNNING)


class Job(Model):
    """One piece of paid work; credits in hundredths, times in milliseconds on the database's clock."""

    id: int = fields.BigIntField(primary_key=True)
    user: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "models.User", on_delete=fields.RESTRICT, related_name="jobs"
    )
    user_id: int
    request_key = fields.CharField(max_length=100, unique=True)  # what ordered it: a repeat finds it
    kind = fields.CharField(max_length=32)
    request: Any = fields.JSONField(null=True)  # what was asked for; erased when it may be kept no longer
    most = fields.BigIntField()  # what all that is left can cost
    needs = fields.BigIntField()  # what its next step holds
    charged = fields.BigIntField(default=0)  # so far, in all
    step = fields.IntField(default=0)  # the number of its last hold
    state = fields.CharEnumField(JobState, max_length=16, default=JobState.PARKED)
    rank = fields.BigIntField(default=0)  # among the person's own: the lowest goes first
    fence = fields.BigIntField(default=0)  # rises with each claim; a worker with an older one is too late
    attempts = fields.IntField(default=0)  # claims since something was last finished
    lease_until = fields.BigIntField(default=0)
    expires_at = fields.BigIntField(default=0)  # while parked
    queued_at = fields.BigIntField(default=0, db_default=0)  # when its next step was held
    stopping = fields.BooleanField(default=False)  # its person wants it to end
    done = fields.IntField(default=0)  # of its `parts`, as far as it has come
    parts = fields.IntField(default=0)
    kept: Any = fields.JSONField(null=True)  # what its last checkpoint kept
    result: Any = fields.JSONField(null=True)
    remembered = fields.BooleanField(default=True)  # whether a later order may build on it
    forget = fields.BooleanField(default=False)  # its person wants its texts gone, once it has ended
    has_texts = fields.BooleanField(default=True)  # `request`, `kept` and `result` are still there
    created_at = fields.DatetimeField(auto_now_add=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        """Workers look for queued rows, people for their own open ones."""

        table = "job"
        indexes = (("state", "id"), ("user_id", "state", "rank"), ("has_texts", "ended_at"))

    @property
    def cause(self) -> str:
        """What its last hold is named."""
        return f"job:{self.id}:{self.step}"

    @property
    def next_cause(self) -> str:
        """What the hold of its next step is named."""
        return f"job:{self.id}:{self.step + 1}"

    @property
    def subject(self) -> str:
        """What its messages are about."""
        return f"job:{self.id}"

    @property
    def more(self) -> str:
        """What the messages are about that come after the one that lives with it."""
        return f"job:{self.id}:more"

    @property
    def files(self) -> Mapping[str, str]:
        """What is finished of it and can be had, by path."""
        for where in (self.result, self.kept):
            if isinstance(where, Mapping) and isinstance(where.get("files"), Mapping) and where["files"]:
                return dict(where["files"])
        return {}

    @property
    def name(self) -> str:
        """What its files are called together."""
        named = (where.get("name") for where in (self.result, self.kept) if isinstance(where, Mapping))
        return str(next(filter(None, named), self.kind))

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.state in OPEN


async def find_by_request_key(request_key: str) -> Job | None:
    """Find the job that this request ordered."""
    return await Job.get_or_none(request_key=request_key)


async def submit(
    user_id: int, request_key: str, kind: str, request: Mapping[str, Any], *, most: int, needs: int
) -> Job:
    """Write down what was ordered: parked, until it is queued."""
    return await Job.create(
        created_at=now(),
        user_id=user_id,
        request_key=request_key,
        kind=kind,
        request=json_safe(request),
        most=most,
        needs=needs,
    )


async def find(job_id: int) -> Job | None:
    """Find a job by its number."""
    return await Job.get_or_none(id=job_id)


async def open_of(user_id: int) -> Sequence[Job]:
    """List what a person has that runs or waits, in the order in which it is started."""
    return await Job.filter(user_id=user_id, state__in=OPEN).order_by("rank", "id")


async def waiting(user_id: int) -> Sequence[Job]:
    """List what waits for a person's credits, first the first."""
    return await Job.filter(user_id=user_id, state=JobState.PARKED).order_by("rank", "id")


async def begin_step(job: Job) -> None:
    """Count a step whose hold stands."""
    job.step += 1
    await job.save(update_fields=["step"])


async def lock(job_id: int) -> Job | None:
    """Lock a job's row against whoever claims it, and read it; its person's account is locked before."""
    await query("UPDATE job SET fence = fence WHERE id = ?", job_id)
    return await find(job_id)


async def queue(job: Job) -> None:
    """Let a job wait for its turn: its next step is held."""
    job.state = JobState.QUEUED
    await query(f"UPDATE job SET state = 'queued', queued_at = {clock()} WHERE id = ?", job.id)  # noqa: S608 -- names are the code's own


async def park(job: Job) -> None:
    """Let a job wait for credits, and expire when none come."""
    (row,) = await query(f"SELECT {clock()} AS now")
    job.state, job.lease_until, job.expires_at = JobState.PARKED, 0, row["now"] + PARKED_LIFETIME_MS
    await job.save(update_fields=["state", "lease_until", "expires_at"])


async def end(job: Job, state: JobState, result: Any = None) -> None:
    """End a job with what came of it, once."""
    commit_events.record("job ended", kind=job.kind, state=state)
    job.state, job.lease_until, job.ended_at, job.result = state, 0, now(), json_safe(result)
    await job.save(update_fields=["state", "lease_until", "ended_at", "result"])


async def put_first(job: Job) -> None:
    """Let a job go before all others of its person."""
    first, *_ = await open_of(job.user_id)
    job.rank = min(0, first.rank) - 1
    await job.save(update_fields=["rank"])


async def save_checkpoint(job: Job, kept: Any, *, most: int, needs: int) -> None:
    """Note what is finished of a running job, and what is left."""
    job.kept, job.most, job.needs, job.attempts = json_safe(kept), most, needs, 0
    await job.save(update_fields=["kept", "most", "needs", "attempts"])


async def set_progress(job: Job, done: int, parts: int) -> None:
    """Note how far a running job has come."""
    job.done, job.parts = done, parts
    await job.save(update_fields=["done", "parts"])


async def count_charge(job: Job, amount: int) -> None:
    """Add to what the job has cost."""
    job.charged += amount
    await job.save(update_fields=["charged"])


async def ask_to_stop(job: Job) -> None:
    """Let whoever runs the job know that its person wants it to end."""
    await Job.filter(id=job.id).update(stopping=True)


async def expired(limit: int) -> Sequence[Job]:
    """Find what has waited for credits too long."""
    rows = await query(
        f"SELECT id FROM job WHERE state = 'parked' AND expires_at < {clock()} ORDER BY id LIMIT {limit}"  # noqa: S608 -- as above
    )
    return await Job.filter(id__in=[row["id"] for row in rows]).order_by("id") if rows else []
