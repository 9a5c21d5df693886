"""Reversals: the last known state of each refund, dispute and fraud warning of a payment."""

from collections.abc import Iterable, Sequence
from typing import Any

from tortoise import fields
from tortoise.models import Model

from bot_platform.domain.checkout import PaymentReversed, Stage
from bot_platform.infra.clock import now
from bot_platform.infra.sql import insert_if_new

REFUNDS = frozenset({Stage.REFUND_PENDING, Stage.REFUNDED, Stage.REFUND_UNDONE})
DISPUTES = frozenset({Stage.DISPUTED, Stage.APPEALED, Stage.LOST, Stage.WON})
FREEZES = frozenset({Stage.INQUIRY, Stage.WARNED})


class Reversal(Model):
    """One refund, dispute or warning; `purchase_id` is null until its payment is known here."""

    key = fields.CharField(max_length=255, primary_key=True)  # the provider and its id, `stripe:re_...`
    provider = fields.CharField(max_length=16)
    payment_ref = fields.CharField(max_length=255)
    purchase: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "models.Purchase", on_delete=fields.RESTRICT, null=True, related_name="reversals"
    )
    purchase_id: int | None
    user_id: int | None = fields.BigIntField(null=True)
    amount = fields.BigIntField()
    currency: Any = fields.CharField(max_length=3, null=True)
    stage = fields.CharEnumField(Stage, max_length=32)
    as_of = fields.BigIntField()  # the time of the last state, in unix seconds
    since = fields.BigIntField()  # the time of the first event with this stage
    lifted = fields.BooleanField(default=False)  # an operator ended its freeze
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "reversal"
        indexes = (("provider", "payment_ref"), ("purchase_id",), ("user_id", "stage"))


async def note(news: PaymentReversed, purchase_id: int | None, user_id: int | None) -> bool:
    """Store a state unless a later one is known; False when stage and amount stay the same.

    Events arrive in any order: the later second wins, then the higher rank (docs/money.md, Reversals).
    """
    row = Reversal(
        key=news.key,
        provider=news.provider,
        payment_ref=news.payment_ref,
        purchase_id=purchase_id,
        user_id=user_id,
        amount=news.amount,
        currency=news.currency,
        stage=news.stage,
        as_of=news.as_of,
        since=news.as_of,
    )
    if await insert_if_new(row):
        return True
    known = await Reversal.get(key=news.key)
    changed = False
    if news.stage is known.stage:
        known.since = min(known.since, news.as_of)
    if (news.as_of, news.stage.rank, news.amount) > (known.as_of, known.stage.rank, known.amount):
        changed = (news.stage, news.amount) != (known.stage, known.amount)
        known.since = known.since if news.stage is known.stage else news.as_of
        known.as_of, known.stage, known.amount = news.as_of, news.stage, news.amount
    await known.save(update_fields=["as_of", "since", "stage", "amount"])
    return changed


async def waiting(provider: str, payment_ref: str) -> Sequence[Reversal]:
    """Read the reversals of an unknown payment, in the order of their first events."""
    rows = Reversal.filter(provider=provider, payment_ref=payment_ref, purchase_id=None)
    return await rows.order_by("created_at", "key")


async def join(reversal: Reversal, purchase_id: int, user_id: int) -> None:
    """Connect a reversal that waited with its purchase."""
    reversal.purchase_id, reversal.user_id = purchase_id, user_id
    await reversal.save(update_fields=["purchase_id", "user_id"])


async def of_purchase(purchase_id: int) -> Sequence[Reversal]:
    """Read all reversals of a purchase, in the order of their first events."""
    return await Reversal.filter(purchase_id=purchase_id).order_by("created_at", "key")


def money_lost(reversals: Iterable[Reversal]) -> int:
    """Return the money that they take, in minor units; it may be more than was charged.

    The total of `charge.refunded` stands in for refunds that have no row of their own, less what was undone
    since.
    """
    rows = list(reversals)
    refunded: int = sum(row.amount for row in rows if row.stage in REFUNDS - {Stage.REFUND_UNDONE})
    for charge in (row for row in rows if row.stage is Stage.REFUNDED_IN_ALL):
        since = [r for r in rows if r.stage is Stage.REFUND_UNDONE and r.since >= charge.as_of]
        refunded = max(refunded, charge.amount - sum(row.amount for row in since))
    disputed: int = sum(row.amount for row in rows if row.stage in DISPUTES - {Stage.WON})
    return refunded + disputed


async def freezes(user_id: int) -> bool:
    """Whether an open inquiry or warning of a bank freezes this user's spending."""
    asking = Reversal.filter(user_id=user_id, stage__in=list(FREEZES), lifted=False)
    return bool(await asking.exists())


async def unfreeze(user_id: int) -> int:
    """End the freezes of a user's open inquiries and warnings; returns how many there were."""
    asking = Reversal.filter(user_id=user_id, stage__in=list(FREEZES), lifted=False)
    lifted = await asking.update(lifted=True)
    return int(lifted)


async def unclaimed(since: int, after: str, limit: int) -> Sequence[Reversal]:
    """Read reversals of unknown payments, as of `since` (unix seconds) or later, by key."""
    waiting = Reversal.filter(purchase_id=None, as_of__gte=since, key__gt=after)
    return await waiting.order_by("key").limit(limit)
