"""Purchases: one row for each sale that began, and the moves between its states."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Self

from tortoise import fields
from tortoise.models import Model

from bot_platform.domain.checkout import CheckoutPage, PaymentConfirmed
from bot_platform.domain.ids import UID_CHARS, is_id, new_uid
from bot_platform.domain.packages import Package
from bot_platform.infra.clock import now
from bot_platform.infra.columns import Key, OutsideId
from bot_platform.infra.moments import is_ahead, is_recent
from bot_platform.infra.sql import insert_if_new


class PurchaseState(StrEnum):
    """The state of a purchase."""

    OPEN = "open"
    PROCESSING = "processing"  # a bank transfer or a voucher is on its way
    KEPT_ASIDE = "kept_aside"  # money came that does not fit; an operator looks at it
    PAID = "paid"
    PARTLY_REVERSED = "partly_reversed"  # some of its credits were taken back
    REVERSED = "reversed"
    EXPIRED = "expired"
    FAILED = "failed"


MONEY_CAME = frozenset({PurchaseState.PAID, PurchaseState.KEPT_ASIDE})
# Late money of an expired or failed purchase counts. Nothing leads back to open. A return may fail later.
MOVES: dict[PurchaseState, frozenset[PurchaseState]] = {
    PurchaseState.OPEN: MONEY_CAME | {PurchaseState.PROCESSING, PurchaseState.EXPIRED, PurchaseState.FAILED},
    PurchaseState.PROCESSING: MONEY_CAME | {PurchaseState.EXPIRED, PurchaseState.FAILED},
    PurchaseState.KEPT_ASIDE: frozenset({PurchaseState.PAID, PurchaseState.REVERSED}),
    PurchaseState.PAID: frozenset({PurchaseState.PARTLY_REVERSED, PurchaseState.REVERSED}),
    PurchaseState.PARTLY_REVERSED: frozenset({PurchaseState.PAID, PurchaseState.REVERSED}),
    PurchaseState.REVERSED: MONEY_CAME | {PurchaseState.PARTLY_REVERSED},
    PurchaseState.EXPIRED: MONEY_CAME,
    PurchaseState.FAILED: MONEY_CAME,
}

PAID = frozenset({PurchaseState.PAID, PurchaseState.PARTLY_REVERSED, PurchaseState.REVERSED})
FIRST_CHECK_AFTER = timedelta(minutes=3)  # a webhook usually comes before
MAX_LINK_LIFETIME = timedelta(days=1)  # of every provider
MAX_OPENING = timedelta(minutes=10)  # after this the terms of a try without a link are too old


@dataclass(frozen=True, slots=True)
class Offer:
    """A package offered to a user: `credits` in hundredths, `amount` in minor units.

    `account` is the account at the provider that sells, as `PaymentProvider.account`.
    """

    user_id: int
    package: str
    credits: int
    amount: int
    currency: str
    provider: str
    account: str = ""

    @classmethod
    def of(cls, package: Package, user_id: int, provider: str, account: str = "") -> Self:
        """Offer a package to a user through an account of a provider."""
        terms = package.code, package.credits, package.amount, package.currency
        return cls(user_id, *terms, provider, account)


class Purchase(Model):
    """One purchase: `credits` in hundredths, `amount` in minor units."""

    id = fields.BigIntField(primary_key=True)
    # Its name for the provider; null in rows of a version that gave none.
    uid: Any = fields.CharField(max_length=UID_CHARS, null=True, default=new_uid)
    request_key = Key(unique=True)  # the request that began it: a repeat finds it
    user: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("models.User", on_delete=fields.RESTRICT)
    user_id: int
    package = fields.CharField(max_length=64)
    credits = fields.BigIntField()
    amount = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    provider = fields.CharField(max_length=16)
    account = fields.CharField(max_length=64, default="", db_default="")  # at the provider; "" is unknown
    provider_ref = OutsideId(null=True)  # Stripe: the checkout session's id
    payment_ref = OutsideId(null=True)  # Stripe: the payment intent's id
    charged = fields.BigIntField(null=True)  # what was paid, in minor units, after taxes and discounts
    state = fields.CharEnumField(PurchaseState, max_length=16, default=PurchaseState.OPEN)
    reversed = fields.BigIntField(default=0, db_default=0)  # how many of its credits were taken back
    attempt = fields.IntField(default=1)  # rises with each failure to open a checkout
    attempt_at = fields.DatetimeField()
    link = fields.TextField(null=True)  # where the user pays
    link_until = fields.DatetimeField(null=True)
    ask_at = fields.DatetimeField(null=True)  # when to ask the provider about it
    created_at = fields.DatetimeField(default=now)
    paid_at = fields.DatetimeField(null=True)

    class Meta:
        table = "purchase"
        unique_together = (("provider", "provider_ref"),)
        indexes = (
            ("user_id", "state"),
            ("payment_ref",),
            ("state", "ask_at"),
            ("state", "id"),
            ("state", "created_at"),
            ("paid_at",),
            ("provider_ref",),
        )

    @property
    def subject(self) -> str:
        """The subject of its notices."""
        return f"purchase:{self.id}"

    @property
    def link_subject(self) -> str:
        """The subject of the notices with its link."""
        return f"{self.subject}:link"

    @property
    def offer(self) -> Offer:
        """The offer that the user bought."""
        terms = self.package, self.credits, self.amount, self.currency
        return Offer(self.user_id, *terms, self.provider, self.account)

    @property
    def was_paid(self) -> bool:
        """Whether it was paid, even if its credits were taken back later."""
        return self.state in PAID

    @property
    def has_money(self) -> bool:
        """Whether a payment came for it, even if it was kept aside or returned."""
        return self.was_paid or self.state is PurchaseState.KEPT_ASIDE

    @property
    def is_uncredited(self) -> bool:
        """Whether its money was kept aside and nothing was ever credited, even if it was returned later."""
        return self.paid_at is None and self.state in {PurchaseState.KEPT_ASIDE, PurchaseState.REVERSED}

    @property
    def paid_amount(self) -> int | None:
        """What was paid for its credits, in minor units; None for money kept aside, of any currency."""
        return self.charged if self.paid_at else None

    @property
    def shown_state(self) -> str:
        """The state for people: `returned` is money that was kept aside and went back."""
        return "returned" if self.is_uncredited and self.was_paid else self.state.value

    @property
    def can_be_paid(self) -> bool:
        """Whether its link is still valid."""
        until = self.link_until
        return self.state is PurchaseState.OPEN and until is not None and is_ahead(until, MAX_LINK_LIFETIME)

    @property
    def is_opening(self) -> bool:
        """Whether its checkout was requested lately and has no link yet, so that a repeat may continue it."""
        is_open = self.state is PurchaseState.OPEN and self.link is None
        return is_open and is_recent(self.attempt_at, MAX_OPENING)

    def is_younger(self, seconds: float) -> bool:
        """Whether the purchase began less than `seconds` ago."""
        return is_recent(self.created_at, timedelta(seconds=seconds))


async def begin(request_key: str, offer: Offer) -> Purchase:
    """Begin a purchase, or return the one that this request began."""
    await insert_if_new(Purchase(request_key=request_key, attempt_at=now(), **asdict(offer)))
    return await Purchase.get(request_key=request_key)


async def get(purchase_id: int) -> Purchase:
    """Read a purchase; while its account is locked, no other transaction changes its state."""
    return await Purchase.get(id=purchase_id)


async def find_by_request_key(request_key: str) -> Purchase | None:
    """Find the purchase that this request began."""
    return await Purchase.get_or_none(request_key=request_key)


async def latest(offer: Offer) -> Purchase | None:
    """Find the last purchase of the same offer."""
    return await Purchase.filter(**asdict(offer)).order_by("-id").first()


async def recent(user_id: int, limit: int) -> Sequence[Purchase]:
    """Read the user's last purchases, newest first."""
    return await Purchase.filter(user_id=user_id).order_by("-id").limit(limit)


async def look_up(purchase_id: int) -> Purchase | None:
    """Find a purchase by a number that was typed or came from a button."""
    return await Purchase.get_or_none(id=purchase_id) if is_id(purchase_id) else None


async def attach(purchase: Purchase, page: CheckoutPage) -> None:
    """Store the page where the user pays."""
    purchase.provider_ref, purchase.link, purchase.link_until = page.provider_ref, page.url, page.until
    purchase.ask_at = now() + FIRST_CHECK_AFTER
    await purchase.save(update_fields=["provider_ref", "link", "link_until", "ask_at"])


async def next_attempt(purchase: Purchase) -> None:
    """Begin a new attempt to open a checkout, with a new idempotency key."""
    purchase.attempt += 1
    purchase.attempt_at = now()
    await purchase.save(update_fields=["attempt", "attempt_at"])


async def move(purchase: Purchase, to: PurchaseState) -> bool:
    """Move a purchase whose account is locked to a state; False when MOVES forbids it."""
    if to not in MOVES[purchase.state]:
        return False
    purchase.state = to
    await purchase.save(update_fields=["state"])
    return True


async def pay(purchase: Purchase, payment: PaymentConfirmed) -> bool:
    """Mark a purchase whose account is locked as paid; False when it was paid before."""
    if purchase.was_paid or not await move(purchase, PurchaseState.PAID):
        return False
    purchase.provider_ref = payment.checkout.provider_ref
    purchase.payment_ref = payment.checkout.payment_ref
    purchase.charged, purchase.paid_at = payment.charged, now()
    purchase.amount, purchase.currency = payment.price  # others than before if they were kept aside
    known = ["provider_ref", "payment_ref", "charged", "paid_at"]
    await purchase.save(update_fields=[*known, "amount", "currency"])
    return True


async def set_payment_ref(purchase: Purchase, payment_ref: str) -> None:
    """Store the reference of the payment of a paid purchase."""
    purchase.payment_ref = payment_ref
    await purchase.save(update_fields=["payment_ref"])


def credits_lost(purchase: Purchase, money_lost: int) -> int:
    """Return how many credits of a paid purchase are lost with this much money (docs/money.md, Reversals)."""
    charged = purchase.charged or 0
    return -(-purchase.credits * min(charged, money_lost) // charged) if charged else 0


async def reverse(purchase: Purchase, target: int) -> None:
    """Store how many credits of a purchase whose account is locked are taken back in total."""
    purchase.reversed = target
    await purchase.save(update_fields=["reversed"])
    to = PurchaseState.PARTLY_REVERSED if target < purchase.credits else PurchaseState.REVERSED
    await move(purchase, to if target else PurchaseState.PAID)
