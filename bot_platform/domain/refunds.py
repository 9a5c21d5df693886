"""Refunds that we make: stored first, then requested from the provider, and ended by its answer."""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from bot_platform.domain.ids import UID_CHARS, new_uid
from bot_platform.infra import leases, queues
from bot_platform.infra.clock import now
from bot_platform.infra.columns import ErrorText, Key, Words
from bot_platform.infra.queues import Queue
from bot_platform.infra.sql import claim_lock

OLD_AFTER = timedelta(hours=1)  # no request to the provider can still be under way
LEASE_MS = 30_000  # longer than a request takes, so no two are under way


class RefundState(StrEnum):
    """A refund is asked for until the provider answers; an accepted one may still fail later."""

    ASKED = "asked"
    DONE = "done"
    FAILED = "failed"


class Refund(Model):
    """Money to be returned for a purchase: `amount` in minor units."""

    id: int = fields.BigIntField(primary_key=True)
    # Its name for the provider; null in rows of a version that gave none.
    uid: Any = fields.CharField(max_length=UID_CHARS, null=True, default=new_uid)
    purchase: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "models.Purchase", on_delete=fields.RESTRICT, related_name="refunds"
    )
    purchase_id: int
    request_key = Key(unique=True)  # the request for it: a repeat finds it
    amount = fields.BigIntField()
    reason = Words(max_length=300)
    state = fields.CharEnumField(RefundState, max_length=16, default=RefundState.ASKED)
    error: Any = ErrorText(null=True)
    attempts = fields.IntField(default=0)
    next_at = fields.BigIntField(default=0)  # milliseconds on the database's clock, as lease_until
    lease_until = fields.BigIntField(default=0)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "refund"
        indexes = (("state", "id"), ("purchase_id",))

    @property
    def is_old(self) -> bool:
        """Whether it is so old that no request to the provider can still be under way."""
        return now() - self.created_at > OLD_AFTER

    @property
    def cause(self) -> str:
        """The cause of its hold."""
        return f"refund:{self.id}"


QUEUE = Queue(Refund, waiting=RefundState.ASKED, lease_ms=LEASE_MS, lane="purchase_id")


async def find_by_request_key(request_key: str) -> Refund | None:
    """Find the refund of this request."""
    return await Refund.get_or_none(request_key=request_key)


async def request(request_key: str, purchase_id: int, amount: int, reason: str) -> Refund:
    """Store a refund and lease it: the caller asks the provider first."""
    refund = await Refund.create(
        created_at=now(), request_key=request_key, purchase_id=purchase_id, amount=amount, reason=reason
    )
    await leases.acquire(Refund, [refund.id], LEASE_MS)
    return refund


async def find(refund_id: int) -> Refund | None:
    """Find a refund by our id."""
    return await Refund.get_or_none(id=refund_id)


async def find_named(refund_id: int, uid: str | None) -> Refund | None:
    """Find a refund by both its names; the number alone may be that of another refund, lost in a restore."""
    return await Refund.get_or_none(id=refund_id, uid=uid)


async def amount_requested(purchase_id: int) -> int:
    """Return the sum of a purchase's unanswered refunds, in minor units."""
    rows = await Refund.filter(purchase_id=purchase_id, state=RefundState.ASKED)
    return sum(row.amount for row in rows)


async def unanswered() -> int:
    """Count the unanswered refunds."""
    return await Refund.filter(state=RefundState.ASKED).count()


async def finish(refund: Refund, state: RefundState, error: str | None = None) -> None:
    """Store how a refund ended."""
    refund.state, refund.error = state, error
    await refund.save(update_fields=["state", "error"])


async def any_to_claim() -> bool:
    """Whether there may be a refund to claim; called often, so it takes no lock and writes nothing."""
    return await queues.any_to_claim(QUEUE)


async def claim(limit: int) -> Sequence[Refund]:
    """Lease the oldest unanswered refund of each purchase."""
    await claim_lock("refunds")
    ids = await queues.claim(QUEUE, limit)
    return await Refund.filter(id__in=ids).order_by("id") if ids else []


async def renew(ids: Sequence[int]) -> None:
    """Renew the leases of refunds in work."""
    await leases.renew(Refund, ids, LEASE_MS)


async def reschedule(refund: Refund, ms: int, error: str) -> None:
    """End the lease of a refund; the provider is asked again after `ms` milliseconds."""
    await Refund.filter(id=refund.id).update(error=error)
    await leases.reschedule(Refund, refund.id, ms)
