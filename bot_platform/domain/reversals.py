"""Reversals: the last known state of each refund, dispute and fraud warning of a payment."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tortoise import fields
from tortoise.models import Model

from bot_platform.domain.checkout import PaymentReversed
from bot_platform.domain.stages import Stage
from bot_platform.infra.clock import now
from bot_platform.infra.columns import MAX_OUTSIDE_ID_CHARS, Key, OutsideId
from bot_platform.infra.sql import insert_if_new

REFUNDS = frozenset({Stage.REFUND_PENDING, Stage.REFUNDED, Stage.REFUND_UNDONE})
DISPUTES = frozenset({Stage.DISPUTED, Stage.APPEALED, Stage.LOST, Stage.PREVENTED, Stage.WON})
ENDED_WELL = frozenset({Stage.PREVENTED, Stage.WON})  # the money stayed, unless the movements show otherwise
FREEZES = frozenset({Stage.INQUIRY, Stage.WARNED})
SAME_EVENT_SECONDS = 24 * 3600  # between a refund that prevents a dispute and the dispute, at most


class Reversal(Model):
    """One refund, dispute or warning; `purchase_id` is null until its payment is known here."""

    key = Key(MAX_OUTSIDE_ID_CHARS, primary_key=True)  # the provider and its id, `stripe:re_...`
    provider = fields.CharField(max_length=16)
    payment_ref = OutsideId()
    purchase: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "models.Purchase", on_delete=fields.RESTRICT, null=True, related_name="reversals"
    )
    purchase_id: int | None
    user_id: int | None = fields.BigIntField(null=True)
    amount = fields.BigIntField()
    moved: int | None = fields.BigIntField(null=True)  # by a dispute so far; null when only its stage tells
    moves = fields.IntField(default=0, db_default=0)  # in how many movements: a later state has more
    currency: Any = fields.CharField(max_length=3, null=True)
    stage = fields.CharEnumField(Stage, max_length=32)
    as_of = fields.BigIntField()  # the time of the last state, in unix seconds
    since = fields.BigIntField()  # the time of the first event with this stage
    made_at: int | None = fields.BigIntField(null=True)  # when the provider made it, in unix seconds
    lifted = fields.BooleanField(default=False)  # an operator ended its freeze
    # The provider was asked which checkout is behind its payment, and named none of ours.
    is_foreign = fields.BooleanField(default=False, db_default=False)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "reversal"
        indexes = (
            ("provider", "payment_ref"),
            ("purchase_id",),
            ("user_id", "stage"),
            ("stage", "as_of"),
            ("made_at",),
            ("since",),
        )

    @property
    def at(self) -> int:
        """When it was made, else when it came to its stage, in unix seconds."""
        return self.made_at or self.since


async def note(news: PaymentReversed, purchase_id: int | None, user_id: int | None) -> bool:
    """Store a state unless a later one is known; False when stage, amount and what moved stay the same.

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
        moved=news.moved,
        moves=news.moves,
        stage=news.stage,
        as_of=news.as_of,
        since=news.as_of,
        made_at=news.made_at,
    )
    if purchase_id is None:
        row.is_foreign = await Reversal.filter(
            provider=news.provider, payment_ref=news.payment_ref, is_foreign=True
        ).exists()
    if await insert_if_new(row):
        return True
    known = await Reversal.get(key=news.key)
    changed = False
    if news.stage is known.stage:
        known.since = min(known.since, news.as_of)
    if _order(news) > _order(known):
        changed = (news.stage, news.amount, news.moved) != (known.stage, known.amount, known.moved)
        known.since = known.since if news.stage is known.stage else news.as_of
        known.as_of, known.stage, known.amount = news.as_of, news.stage, news.amount
        known.moved, known.moves = news.moved, news.moves
    known.made_at = known.made_at or news.made_at
    await known.save(update_fields=["as_of", "since", "stage", "amount", "moved", "moves", "made_at"])
    return changed


def _order(state: PaymentReversed | Reversal) -> tuple[int, int, int, int]:
    return state.as_of, state.stage.rank, state.moves, state.amount


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


# What `taken_by_each` reads, as columns of a query about the table `r`.
MONEY_COLUMNS = "r.key, r.stage, r.amount, r.moved, r.as_of, r.since, r.made_at"


def from_row(row: Mapping[str, Any]) -> Reversal:
    """Make a reversal of MONEY_COLUMNS."""
    names = ("key", "amount", "moved", "as_of", "since", "made_at")
    return Reversal(stage=Stage(row["stage"]), **{name: row[name] for name in names})


def money_lost(reversals: Iterable[Reversal]) -> int:
    """Return the money that they take, in minor units; it may be more than was charged."""
    return sum(amount for _, amount in taken_by_each(reversals))


def returned_by_each(reversals: Iterable[Reversal], charged: int | None) -> Sequence[tuple[Reversal, int]]:
    """Return as `taken_by_each`, but in all no more than the `charged` minor units that came, if known."""
    returned: list[tuple[Reversal, int]] = []
    for row, amount in taken_by_each(reversals):
        part = amount if charged is None else min(amount, charged)
        charged = None if charged is None else charged - part
        if part:
            returned.append((row, part))
    return returned


def taken_by_each(reversals: Iterable[Reversal]) -> Sequence[tuple[Reversal, int]]:
    """Return those that take money, each with its minor units, in the order in which they were made.

    The total of `charge.refunded` stands in for refunds that have no row of their own, less what was undone
    since. A dispute that a refund prevented takes nothing beside that refund: a later one of the same amount.
    """
    rows = sorted(reversals, key=lambda row: (row.at, row.key))
    refunds = [(row, row.amount) for row in rows if row.stage in REFUNDS - {Stage.REFUND_UNDONE}]
    refunds += _refunds_without_rows(rows, sum(amount for _, amount in refunds))
    preventing = list(refunds)
    disputes: list[tuple[Reversal, int]] = []
    for row in rows:
        taken = taken_by_dispute(row)
        its_refund = _refund_of(row, taken, preventing) if row.stage is Stage.PREVENTED else None
        if its_refund:
            preventing.remove(its_refund)
        elif row.stage in DISPUTES:
            disputes.append((row, taken))
    return sorted(((row, n) for row, n in refunds + disputes if n), key=lambda one: (one[0].at, one[0].key))


def taken_by_dispute(row: Reversal | PaymentReversed) -> int:
    """Return what a dispute has taken, in minor units: what moved, else what its stage tells.

    An inquiry takes nothing, whatever moved: it is a question.
    """
    if row.stage not in DISPUTES:
        return 0
    if row.moved is not None:
        return row.moved
    return 0 if row.stage in ENDED_WELL else row.amount


def _refund_of(
    dispute: Reversal, taken: int, refunds: Sequence[tuple[Reversal, int]]
) -> tuple[Reversal, int] | None:
    """Find the refund that prevented a dispute; its moment may be a little before that of the dispute."""
    begun = dispute.at - SAME_EVENT_SECONDS
    return next((one for one in refunds if one[1] == taken and one[0].at >= begun), None)


def _refunds_without_rows(rows: Sequence[Reversal], known: int) -> list[tuple[Reversal, int]]:
    """Return the total of a charge with the part of it that the known refunds do not explain."""
    found: list[tuple[Reversal, int]] = []
    for charge in (row for row in rows if row.stage is Stage.REFUNDED_IN_ALL):
        since = [r for r in rows if r.stage is Stage.REFUND_UNDONE and r.since >= charge.as_of]
        rest = charge.amount - sum(row.amount for row in since) - known
        if rest > sum(amount for _, amount in found):
            found = [(charge, rest)]
    return found


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
    """Read reversals of payments that were not asked about, as of `since` (unix seconds), by key."""
    waiting = Reversal.filter(purchase_id=None, is_foreign=False, as_of__gte=since, key__gt=after)
    return await waiting.order_by("key").limit(limit)


async def mark_foreign(provider: str, payment_ref: str) -> None:
    """Note that a payment is not ours, as far as the provider knows: it is not asked about again."""
    await Reversal.filter(provider=provider, payment_ref=payment_ref, purchase_id=None).update(
        is_foreign=True
    )
