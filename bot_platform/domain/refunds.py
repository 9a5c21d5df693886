"""Refunds that we make: asked for in the books first, then of the provider, and finished by its answer."""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from bot_platform.infra import leases
from bot_platform.infra.clock import now

OLD = timedelta(hours=1)
LEASE_MS = 30_000  # longer than a provider's patience: nobody asks beside whoever asks


class RefundState(StrEnum):
    """A refund is asked for until the provider has said yes or no; a yes may still fail later."""

    ASKED = "asked"
    DONE = "done"
    FAILED = "failed"


class Refund(Model):
    """Money to be returned for a purchase: `amount` in minor units."""

    id: int = fields.BigIntField(primary_key=True)
    purchase: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "models.Purchase", on_delete=fields.RESTRICT, related_name="refunds"
    )
    purchase_id: int
    request_key = fields.CharField(max_length=100, unique=True)  # what asked for it: a repeat finds it
    amount = fields.BigIntField()
    reason = fields.CharField(max_length=300)
    state = fields.CharEnumField(RefundState, max_length=16, default=RefundState.ASKED)
    error: Any = fields.TextField(null=True)
    attempts = fields.IntField(default=0)
    next_at = fields.BigIntField(default=0)  # milliseconds on the database's clock, as lease_until
    lease_until = fields.BigIntField(default=0)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        """Workers look for refunds that were asked and not answered."""

        table = "refund"
        indexes = (("state", "id"), ("purchase_id",))

    @property
    def is_old(self) -> bool:
        """Whether it was asked for so long ago that no asking can still be under way."""
        return now() - self.created_at > OLD

    @property
    def cause(self) -> str:
        """What its hold is named."""
        return f"refund:{self.id}"


async def find_by_request_key(request_key: str) -> Refund | None:
    """Find the refund that this request asked for."""
    return await Refund.get_or_none(request_key=request_key)


async def request(request_key: str, purchase_id: int, amount: int, reason: str) -> Refund:
    """Write a refund down; whoever did is the first to ask the provider."""
    refund = await Refund.create(
        created_at=now(), request_key=request_key, purchase_id=purchase_id, amount=amount, reason=reason
    )
    await leases.acquire(Refund, [refund.id], LEASE_MS)
    return refund


async def find(refund_id: int) -> Refund | None:
    """Find a refund by our number."""
    return await Refund.get_or_none(id=refund_id)


async def amount_requested(purchase_id: int) -> int:
    """Sum up what is asked for and not yet answered, in minor units."""
    rows = await Refund.filter(purchase_id=purchase_id, state=RefundState.ASKED)
    return sum(row.amount for row in rows)


async def unanswered() -> int:
    """Count what is asked for and not yet answered."""
    return await Refund.filter(state=RefundState.ASKED).count()


async def finish(refund: Refund, state: RefundState, error: str | None = None) -> None:
    """Say what became of it."""
    refund.state, refund.error = state, error
    await refund.save(update_fields=["state", "error"])


async def claim(limit: int) -> Sequence[Refund]:
    """Lease the oldest unanswered refund of each purchase."""
    ids = await leases.claim(
        Refund, waiting=RefundState.ASKED, lane="purchase_id", order="{t}.id", limit=limit, lease_ms=LEASE_MS
    )
    return await Refund.filter(id__in=ids).order_by("id") if ids else []


async def renew(ids: Sequence[int]) -> None:
    """Renew the leases of refunds in hand."""
    await leases.renew(Refund, ids, LEASE_MS)


async def reschedule(refund: Refund, ms: int, error: str) -> None:
    """Ask again after `ms` milliseconds."""
    await Refund.filter(id=refund.id).update(error=error)
    await leases.reschedule(Refund, refund.id, ms)
