"""What the answers of a model took for a job, as the endpoint reported it."""

from dataclasses import dataclass

from bot_platform.domain.jobs import Job

# The columns of a job that hold its usage.
COLUMNS = (
    "ai_model",
    "ai_endpoint",
    "tokens_read",
    "tokens_cached",
    "tokens_written",
    "tokens_estimated",
    "ai_cost",
)


@dataclass(frozen=True, slots=True)
class JobUsage:
    """Tokens of some answers.

    `cached` are among those read, and `estimated` says that some counts were not reported.
    `cost` is what the endpoint says it took, in millionths of its currency; None where it does not say.
    """

    model: str
    endpoint: str
    read: int
    written: int
    cached: int = 0
    estimated: bool = False
    cost: int | None = None


async def add(job: Job, usage: JobUsage) -> None:
    """Add a usage to the job's; part of a transaction that has locked the job."""
    job.ai_model, job.ai_endpoint = usage.model, usage.endpoint
    job.tokens_read += usage.read
    job.tokens_cached += usage.cached
    job.tokens_written += usage.written
    job.tokens_estimated |= usage.estimated
    if usage.cost is not None:
        job.ai_cost = (job.ai_cost or 0) + usage.cost
    await job.save(update_fields=COLUMNS)
