"""Purchases: one row for each sale begun, and the states it may move through."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Self

from tortoise import fields
from tortoise.models import Model

from bot_platform.domain.checkout import CheckoutPage, CheckoutRef, PaymentConfirmed
from bot_platform.domain.packages import Package
from bot_platform.infra.clock import now
from bot_platform.infra.sql import insert_if_new


class PurchaseState(StrEnum):
    """Where a purchase stands."""

    OPEN = "open"
    PROCESSING = "processing"  # a bank transfer is on its way
    PAID = "paid"
    PARTLY_REVERSED = "partly_reversed"  # some of its credits were taken back
    REVERSED = "reversed"
    EXPIRED = "expired"
    FAILED = "failed"


# A late payment of an expired or failed purchase still credits; nothing un-pays, nothing begins again.
MOVES: dict[PurchaseState, frozenset[PurchaseState]] = {
    PurchaseState.OPEN: frozenset(
        {PurchaseState.PROCESSING, PurchaseState.PAID, PurchaseState.EXPIRED, PurchaseState.FAILED}
    ),
    PurchaseState.PROCESSING: frozenset({PurchaseState.PAID, PurchaseState.EXPIRED, PurchaseState.FAILED}),
    PurchaseState.PAID: frozenset({PurchaseState.PARTLY_REVERSED, PurchaseState.REVERSED}),
    PurchaseState.PARTLY_REVERSED: frozenset({PurchaseState.PAID, PurchaseState.REVERSED}),
    PurchaseState.REVERSED: frozenset({PurchaseState.PAID, PurchaseState.PARTLY_REVERSED}),
    PurchaseState.EXPIRED: frozenset({PurchaseState.PAID}),
    PurchaseState.FAILED: frozenset({PurchaseState.PAID}),
}


PAID = frozenset({PurchaseState.PAID, PurchaseState.PARTLY_REVERSED, PurchaseState.REVERSED})
WAITING = frozenset({PurchaseState.OPEN, PurchaseState.PROCESSING})
LARGEST_ID = 2**63  # no database counts further
ASK_FIRST = timedelta(minutes=3)  # a webhook is faster
OPENING = timedelta(minutes=10)  # an older try without a link is left alone: its terms have aged


@dataclass(frozen=True, slots=True)
class Offer:
    """What is offered to whom: `credits` in hundredths, `amount` in minor units."""

    user_id: int
    package: str
    credits: int
    amount: int
    currency: str
    provider: str

    @classmethod
    def of(cls, package: Package, user_id: int, provider: str) -> Self:
        """Offer a package to a person through a provider."""
        return cls(user_id, package.code, package.credits, package.amount, package.currency, provider)


class Purchase(Model):
    """What was offered and what became of it: `credits` in hundredths, `amount` in minor units."""

    id = fields.BigIntField(primary_key=True)
    request_key = fields.CharField(max_length=100, unique=True)  # what began it, so that a repeat finds it
    user: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("models.User", on_delete=fields.RESTRICT)
    user_id: int
    package = fields.CharField(max_length=64)
    credits = fields.BigIntField()
    amount = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    provider = fields.CharField(max_length=16)
    provider_ref = fields.CharField(max_length=255, null=True)  # Stripe: the checkout session's id
    payment_ref = fields.CharField(max_length=255, null=True)  # Stripe: the payment intent's id
    charged = fields.BigIntField(null=True)  # what was really paid, in minor units
    state = fields.CharEnumField(PurchaseState, max_length=16, default=PurchaseState.OPEN)
    reversed = fields.BigIntField(default=0, db_default=0)  # how many of its credits were taken back
    attempt = fields.IntField(default=1)  # rises with each failure to open a checkout
    attempt_at = fields.DatetimeField()
    link = fields.TextField(null=True)  # where a person pays
    link_until = fields.DatetimeField(null=True)
    ask_at = fields.DatetimeField(null=True)  # when to ask the provider about it, if nothing is heard
    created_at = fields.DatetimeField(auto_now_add=True)
    paid_at = fields.DatetimeField(null=True)

    class Meta:
        """A provider's reference names one purchase."""

        table = "purchase"
        unique_together = (("provider", "provider_ref"),)
        indexes = (
            ("user_id", "state"),
            ("payment_ref",),
            ("state", "ask_at"),
            ("state", "id"),
            ("paid_at",),
            ("provider_ref",),
        )

    @property
    def subject(self) -> str:
        """How notices name this purchase."""
        return f"purchase:{self.id}"

    @property
    def link_subject(self) -> str:
        """How notices name the messages that carry this purchase's link."""
        return f"{self.subject}:link"

    @property
    def offer(self) -> Offer:
        """What was offered."""
        return Offer(self.user_id, self.package, self.credits, self.amount, self.currency, self.provider)

    @property
    def was_paid(self) -> bool:
        """Whether its money came, whatever became of it later."""
        return self.state in PAID

    @property
    def can_be_paid(self) -> bool:
        """Whether its link can still be given to the person."""
        return self.state is PurchaseState.OPEN and self.link_until is not None and self.link_until > now()

    @property
    def is_opening(self) -> bool:
        """Whether its checkout was asked for lately and has no link yet: the next try is its own."""
        return self.state is PurchaseState.OPEN and self.link is None and now() - self.attempt_at < OPENING

    def is_younger(self, seconds: float) -> bool:
        """Whether the purchase began less than `seconds` ago."""
        return now() - self.created_at < timedelta(seconds=seconds)


async def begin(request_key: str, offer: Offer) -> Purchase:
    """Begin a purchase, or return the one that this request began before."""
    await insert_if_new(Purchase(request_key=request_key, attempt_at=now(), **asdict(offer)))
    return await Purchase.get(request_key=request_key)


async def get(purchase_id: int) -> Purchase:
    """Read a purchase that exists; under its account's lock the state is final for the transaction."""
    return await Purchase.get(id=purchase_id)


async def find(checkout: CheckoutRef, price: tuple[int, str] | None = None) -> Purchase | None:
    """Find the purchase a provider speaks of: by its own reference, else by the id we gave it.

    Our id alone is not believed: after a restore from a backup it may name another purchase, so the
    buyer and, where it is known, the price (minor units, currency) must agree.
    """
    provider, ref = checkout.provider, checkout.provider_ref
    by_ref = await Purchase.get_or_none(provider=provider, provider_ref=ref)
    if by_ref or checkout.purchase_id is None:
        return by_ref
    by_id = await Purchase.get_or_none(provider=provider, id=checkout.purchase_id)
    if by_id is None or checkout.user_id not in {None, by_id.user_id}:
        return None
    return by_id if price in {None, (by_id.amount, by_id.currency)} else None


async def find_by_ref(provider_ref: str) -> Purchase | None:
    """Find the purchase behind a provider's reference, whoever the provider is."""
    return await Purchase.get_or_none(provider_ref=provider_ref)


async def find_by_request_key(request_key: str) -> Purchase | None:
    """Find the purchase that this request began."""
    return await Purchase.get_or_none(request_key=request_key)


async def latest(offer: Offer) -> Purchase | None:
    """Find the last purchase of the same offer."""
    return await Purchase.filter(**asdict(offer)).order_by("-id").first()


async def recent(user_id: int, limit: int) -> Sequence[Purchase]:
    """Read the person's last purchases, newest first."""
    return await Purchase.filter(user_id=user_id).order_by("-id").limit(limit)


async def last_paid(limit: int) -> Sequence[Purchase]:
    """Read the last purchases that were paid, newest first, with their buyers."""
    rows = Purchase.exclude(paid_at=None).order_by("-paid_at").limit(limit)
    return await rows.prefetch_related("user")


async def count(state: PurchaseState) -> int:
    """Count the purchases in a state."""
    return await Purchase.filter(state=state).count()


async def find_paid_by(provider: str, payment_ref: str) -> Purchase | None:
    """Find the purchase whose money came by this payment."""
    return await Purchase.filter(provider=provider, payment_ref=payment_ref).order_by("id").first()


async def look_up(purchase_id: int) -> Purchase | None:
    """Find a purchase by a number that somebody typed or pressed."""
    return await Purchase.get_or_none(id=purchase_id) if 0 < purchase_id < LARGEST_ID else None


async def due_for_check(
    providers: Sequence[str], after: int, limit: int, *, all_of_them: bool
) -> Sequence[Purchase]:
    """Read waiting purchases of which nothing was heard for too long, or all, by id, beginning after one."""
    waiting = Purchase.filter(state__in=list(WAITING), provider__in=list(providers), id__gt=after)
    due = waiting if all_of_them else waiting.filter(ask_at__lte=now())
    return await due.exclude(provider_ref=None).order_by("id").limit(limit)


async def mark_checked(purchase: Purchase) -> None:
    """Note that the provider was asked: the longer nothing happens, the rarer it is asked again."""
    purchase.ask_at = now() + max(ASK_FIRST, (now() - purchase.created_at) / 4)
    await purchase.save(update_fields=["ask_at"])


async def attach(purchase: Purchase, page: CheckoutPage) -> None:
    """Remember where the person pays."""
    purchase.provider_ref, purchase.link, purchase.link_until = page.provider_ref, page.url, page.until
    purchase.ask_at = now() + ASK_FIRST
    await purchase.save(update_fields=["provider_ref", "link", "link_until", "ask_at"])


async def next_attempt(purchase: Purchase) -> None:
    """Let the next try use a new idempotency key."""
    purchase.attempt += 1
    purchase.attempt_at = now()
    await purchase.save(update_fields=["attempt", "attempt_at"])


async def move(purchase: Purchase, to: PurchaseState) -> bool:
    """Move a purchase whose account is locked; False when it may not go there from where it is."""
    if to not in MOVES[purchase.state]:
        return False
    purchase.state = to
    await purchase.save(update_fields=["state"])
    return True


async def pay(purchase: Purchase, payment: PaymentConfirmed) -> bool:
    """Mark a purchase whose account is locked as paid; False when it was before, whatever became of it."""
    if purchase.was_paid or not await move(purchase, PurchaseState.PAID):
        return False
    purchase.provider_ref = payment.checkout.provider_ref
    purchase.payment_ref = payment.checkout.payment_ref
    purchase.charged, purchase.paid_at = payment.charged, now()
    await purchase.save(update_fields=["provider_ref", "payment_ref", "charged", "paid_at"])
    return True


async def set_payment_ref(purchase: Purchase, payment_ref: str) -> None:
    """Learn by which payment the money of a paid purchase came."""
    purchase.payment_ref = payment_ref
    await purchase.save(update_fields=["payment_ref"])


def credits_lost(purchase: Purchase, money_lost: int) -> int:
    """How many of a paid purchase's credits go when so much of its money is lost (money.md 5)."""
    charged = purchase.charged or 0
    return -(-purchase.credits * min(charged, money_lost) // charged) if charged else 0


async def reverse(purchase: Purchase, target: int) -> None:
    """Note that so many of the credits of a purchase whose account is locked are taken back in all."""
    purchase.reversed = target
    await purchase.save(update_fields=["reversed"])
    partly = PurchaseState.PARTLY_REVERSED if target < purchase.credits else PurchaseState.REVERSED
    await move(purchase, partly if target else PurchaseState.PAID)
