"""Jobs: paid work that is ordered once, waits for credits or for a worker, and ends once."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.expressions import F
from tortoise.models import Model

from bot_platform.domain.places import ANYWHERE, Place
from bot_platform.infra import commit_events
from bot_platform.infra.clock import now
from bot_platform.infra.columns import Key, Words
from bot_platform.infra.indexes import PartialIndex
from bot_platform.infra.sql import DbClock, json_safe

PARKED_LIFETIME_MS = 72 * 3600 * 1000  # a job that waits for credits expires after this


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
    """One job; credits in hundredths, times in milliseconds on the database's clock."""

    id: int = fields.BigIntField(primary_key=True)
    user: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "models.User", on_delete=fields.RESTRICT, related_name="jobs"
    )
    user_id: int
    request_key = Key(unique=True)  # the request that ordered it: a repeat finds it
    kind = fields.CharField(max_length=32)
    request: Any = fields.JSONField(null=True)  # the order; erased when it may not be kept any longer
    most = fields.BigIntField()  # what the rest of it can cost at most
    needs = fields.BigIntField()  # how much its next step holds
    charged = fields.BigIntField(default=0)  # so far
    step = fields.IntField(default=0)  # the number of its last hold
    state = fields.CharEnumField(JobState, max_length=16, default=JobState.PARKED)
    rank = fields.BigIntField(default=0)  # among the user's jobs the lowest goes first
    fence = fields.BigIntField(default=0)  # rises with each claim; a worker with a lower one has lost the job
    attempts = fields.IntField(default=0)  # claims since the last checkpoint
    lease_until = fields.BigIntField(default=0)
    expires_at = fields.BigIntField(default=0)  # while parked
    queued_at = fields.BigIntField(default=0, db_default=0)  # when its next step was held
    stopping = fields.BooleanField(default=False)  # its user wants it to end
    done = fields.IntField(default=0)  # how many of its `parts` are finished
    parts = fields.IntField(default=0)
    kept: Any = fields.JSONField(null=True)  # the state that its last checkpoint saved
    result: Any = fields.JSONField(null=True)
    remembered = fields.BooleanField(default=True)  # whether a later order may read it
    forget = fields.BooleanField(default=False)  # its user wants its texts erased when it has ended
    thread_id: int | None = fields.BigIntField(null=True)  # the topic in which it was ordered
    order_message_id: int | None = fields.BigIntField(null=True)  # Telegram's id of the ordering message
    has_texts = fields.BooleanField(default=True)  # `request`, `kept` and `result` are not erased
    # What its answers took of a model; `JobUsage` explains the numbers.
    ai_model = Words(max_length=200, default="", db_default="")
    ai_endpoint = Words(max_length=200, default="", db_default="")
    tokens_read = fields.BigIntField(default=0, db_default=0)
    tokens_cached = fields.BigIntField(default=0, db_default=0)
    tokens_written = fields.BigIntField(default=0, db_default=0)
    tokens_estimated = fields.BooleanField(default=False, db_default=False)
    ai_cost: int | None = fields.BigIntField(null=True)
    created_at = fields.DatetimeField(default=now)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "job"
        indexes = (
            ("state", "id"),
            ("state", "expires_at"),
            ("user_id", "state", "rank"),
            ("user_id", "has_texts", "kind", "id"),
            ("has_texts", "forget", "ended_at"),
            # Those of a claim: the queue, the queue of each user, and what each user runs. The second has a
            # condition of its own form, so that no old statistics lead its queries to the first.
            PartialIndex("idx_job_queued", "id", "state = 'queued'"),
            PartialIndex("idx_job_queued_of", "user_id, rank, id", "state || '' = 'queued'"),
            PartialIndex("idx_job_running_of", "user_id", "state = 'running'"),
        )

    @property
    def cause(self) -> str:
        """The cause of its last hold."""
        return f"job:{self.id}:{self.step}"

    @property
    def next_cause(self) -> str:
        """The cause of the hold of its next step."""
        return f"job:{self.id}:{self.step + 1}"

    @property
    def subject(self) -> str:
        """The subject of its own message, which is edited while it runs."""
        return f"job:{self.id}"

    @property
    def more(self) -> str:
        """The subject of the further messages of its answer."""
        return f"job:{self.id}:more"

    @property
    def place(self) -> Place:
        """Where its messages are sent: in the topic of its order, as replies to it."""
        return Place(self.thread_id, self.order_message_id)

    @property
    def files(self) -> Mapping[str, str]:
        """Its finished files, by path."""
        for where in (self.result, self.kept):
            if isinstance(where, Mapping) and isinstance(where.get("files"), Mapping) and where["files"]:
                return dict(where["files"])
        return {}

    @property
    def name(self) -> str:
        """The name of its files together."""
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
    user_id: int,
    request_key: str,
    kind: str,
    request: Mapping[str, Any],
    *,
    most: int,
    needs: int,
    place: Place = ANYWHERE,
) -> Job:
    """Store an order; the job is parked until it is queued."""
    return await Job.create(
        created_at=now(),
        user_id=user_id,
        request_key=request_key,
        kind=kind,
        request=json_safe(request),
        most=most,
        needs=needs,
        thread_id=place.thread_id,
        order_message_id=place.message_id,
    )


async def find(job_id: int) -> Job | None:
    """Find a job by its id."""
    return await Job.get_or_none(id=job_id)


async def open_of(user_id: int) -> Sequence[Job]:
    """List a user's open jobs in the order in which they start."""
    return await Job.filter(user_id=user_id, state__in=OPEN).order_by("rank", "id")


async def waiting(user_id: int) -> Sequence[Job]:
    """List a user's jobs that wait for credits, in the order in which they start."""
    return await Job.filter(user_id=user_id, state=JobState.PARKED).order_by("rank", "id")


async def begin_step(job: Job) -> None:
    """Count a step; its hold was made."""
    job.step += 1
    await job.save(update_fields=["step"])


async def lock(job_id: int) -> Job | None:
    """Lock a job against workers that claim it, and read it; lock the user's account before."""
    await Job.filter(id=job_id).update(fence=F("fence"))
    return await find(job_id)


async def queue(job: Job) -> None:
    """Let a job wait for a worker; the hold of its next step was made."""
    job.state = JobState.QUEUED
    await Job.filter(id=job.id).update(state=JobState.QUEUED, queued_at=DbClock())


async def park(job: Job) -> None:
    """Let a job wait for credits; it expires after PARKED_LIFETIME_MS."""
    job.state, job.lease_until = JobState.PARKED, 0
    expires_at = DbClock(PARKED_LIFETIME_MS)
    await Job.filter(id=job.id).update(state=JobState.PARKED, lease_until=0, expires_at=expires_at)


async def end(job: Job, state: JobState, result: Any = None) -> None:
    """End a job with its result."""
    commit_events.record("job ended", kind=job.kind, state=state)
    job.state, job.lease_until, job.ended_at, job.result = state, 0, now(), json_safe(result)
    await job.save(update_fields=["state", "lease_until", "ended_at", "result"])


async def put_first(job: Job) -> None:
    """Let a job start before all others of its user."""
    first, *_ = await open_of(job.user_id)
    job.rank = min(0, first.rank) - 1
    await job.save(update_fields=["rank"])


async def save_checkpoint(job: Job, kept: Any, *, most: int, needs: int) -> None:
    """Save the state of a running job, and what the rest of it needs."""
    job.kept, job.most, job.needs, job.attempts = json_safe(kept), most, needs, 0
    await job.save(update_fields=["kept", "most", "needs", "attempts"])


async def set_progress(job: Job, done: int, parts: int) -> None:
    """Store how far a running job has come."""
    job.done, job.parts = done, parts
    await job.save(update_fields=["done", "parts"])


async def count_charge(job: Job, amount: int) -> None:
    """Add to the cost of the job so far."""
    job.charged += amount
    await job.save(update_fields=["charged"])


async def ask_to_stop(job: Job) -> None:
    """Ask the worker that runs the job to end it."""
    await Job.filter(id=job.id).update(stopping=True)


async def expired(limit: int) -> Sequence[Job]:
    """Find jobs that have waited for credits too long."""
    overdue = Job.filter(state=JobState.PARKED, expires_at__lt=DbClock())
    return await overdue.order_by("expires_at", "id").limit(limit)
