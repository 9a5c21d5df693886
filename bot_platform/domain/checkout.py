"""The words between us and whoever takes the money: pages, confirmations, and the provider's Protocol."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from bot_platform.domain.packages import Package


@dataclass(frozen=True, slots=True)
class CheckoutOrder:
    """What a provider needs to open a checkout; one `attempt` is one idempotency key."""

    purchase_id: int
    user_id: int
    package: Package
    attempt: int
    attempt_at: datetime


@dataclass(frozen=True, slots=True)
class CheckoutPage:
    """Where a person pays, until when."""

    provider_ref: str
    url: str
    until: datetime


@dataclass(frozen=True, slots=True)
class CheckoutRef:
    """How a provider names a checkout; `purchase_id` and `user_id` are what it says of us, unchecked."""

    provider: str
    provider_ref: str
    payment_ref: str | None = None
    purchase_id: int | None = None
    user_id: int | None = None


@dataclass(frozen=True, slots=True)
class PaymentConfirmed:
    """Money has come: `amount` before taxes and discounts, `charged` after, in minor units.

    `receipt` names the text that tells the person.
    """

    checkout: CheckoutRef
    amount: int
    charged: int
    currency: str
    receipt: str = "payment-received"

    @property
    def price(self) -> tuple[int, str]:
        """What to compare with what was asked: minor units and currency."""
        return self.amount, self.currency


@dataclass(frozen=True, slots=True)
class PaymentPending:
    """The person has done their part; the money is on its way."""

    checkout: CheckoutRef


@dataclass(frozen=True, slots=True)
class PaymentFailed:
    """The money that was on its way did not come."""

    checkout: CheckoutRef


@dataclass(frozen=True, slots=True)
class CheckoutExpired:
    """The page can no longer be paid on."""

    checkout: CheckoutRef


class Stage(StrEnum):
    """How far a refund, a dispute or a warning has come; of two in one second the later here is the truth."""

    REFUNDED_IN_ALL = "refunded_in_all"  # what a charge says of all its refunds
    REFUND_PENDING = "refund_pending"
    REFUNDED = "refunded"
    REFUND_UNDONE = "refund_undone"  # failed or cancelled: the money stayed with us
    INQUIRY = "inquiry"  # the bank asks, and has taken nothing
    INQUIRY_CLOSED = "inquiry_closed"
    DISPUTED = "disputed"
    APPEALED = "appealed"
    LOST = "lost"
    WON = "won"
    WARNED = "warned"  # the bank suspects fraud
    WARNING_OVER = "warning_over"

    @property
    def rank(self) -> int:
        """Its place in the list above."""
        return list(Stage).index(self)


@dataclass(frozen=True, slots=True)
class PaymentReversed:
    """What a provider says of one refund, dispute or warning: `amount` in minor units, `as_of` in seconds.

    A warning is about no money and has no currency. `refund_id` is the refund of ours that caused
    it, as the provider repeats it, unchecked.
    """

    provider: str
    key: str
    payment_ref: str
    stage: Stage
    amount: int
    currency: str | None
    as_of: int
    refund_id: int | None = None


@dataclass(frozen=True, slots=True)
class NotForUs:
    """Genuine, but nothing to do; `keep` when it concerns money, `alarm` when an operator must look.

    `about` names what an alarm is about: the operator hears once of each.
    """

    reason: str
    keep: bool
    alarm: bool = False
    about: str = field(default="", compare=False)


News = PaymentConfirmed | PaymentPending | PaymentFailed | CheckoutExpired | PaymentReversed | NotForUs


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """One message of a provider: `key` is unique for ever, `payload` is what it sent."""

    key: str
    type: str
    payload: dict[str, Any]
    news: News


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a checkout that we did not open."""

    price: str | None
    amount: int
    currency: str
    quantity: int


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """What a provider needs to return money; `again` when it may have been asked before, `old` long ago."""

    refund_id: int
    user_id: int
    payment_ref: str
    amount: int
    currency: str
    again: bool
    old: bool = False


class PaymentProvider(Protocol):
    """Whoever takes the money, chosen once at the start."""

    @property
    def name(self) -> str:
        """What purchases remember it by."""

    @property
    def refusal(self) -> str:
        """The text for a person whose purchase could not begin."""

    @property
    def same_press_seconds(self) -> float:
        """How long after a press of a package another one means the same purchase."""

    async def open(self, order: CheckoutOrder) -> CheckoutPage | PaymentConfirmed:
        """Open a page to pay on, or confirm at once; raises CheckoutUnavailable."""

    async def lines(self, checkout: CheckoutRef) -> Sequence[Line]:
        """Read what a checkout sold; raises ProviderDown when it cannot be asked now."""

    async def look(self, provider_ref: str) -> News:
        """Ask how a checkout stands; raises ProviderDown."""

    async def behind(self, payment_ref: str) -> News:
        """Ask which checkout a payment came from and how it stands; raises ProviderDown."""

    async def refund(self, order: RefundOrder) -> PaymentReversed:
        """Return money, once for each order however often asked; raises RefundRefused or ProviderDown."""

    def events(self, since: int) -> AsyncIterator[Sequence["ProviderEvent"]]:
        """Read what happened since a moment (unix seconds), page by page; raises ProviderDown."""

    def reversals(self, since: int) -> AsyncIterator[Sequence[News]]:
        """Read refunds, disputes and warnings as they stand now, made since a moment; raises ProviderDown."""

    async def close(self) -> None:
        """Let go of connections."""


class RefundRefused(Exception):
    """The provider will not return this money; the message is the provider's reason."""


class ProviderDown(Exception):
    """The provider could not be asked; asking later may succeed."""


class BadSignature(Exception):
    """The bytes do not come from the provider, or come too late."""


class BadPayload(Exception):
    """The bytes are signed and say nothing that could be an event."""


class EventReader(Protocol):
    """Knows who signed an event, and what it says."""

    def read(self, body: bytes, signature: str | None) -> ProviderEvent:
        """Check and translate what was posted; raises BadSignature or BadPayload."""

    def again(self, payload: dict[str, Any]) -> ProviderEvent:
        """Translate an event that was read and stored before; raises BadPayload."""
