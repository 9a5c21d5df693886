"""The words between us and whoever takes the money: pages, confirmations, and the provider's Protocol."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
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


@dataclass(frozen=True, slots=True)
class NotForUs:
    """Genuine, but nothing to do; `keep` when it concerns money, `alarm` when an operator must look."""

    reason: str
    keep: bool
    alarm: bool = False


News = PaymentConfirmed | PaymentPending | PaymentFailed | CheckoutExpired | NotForUs


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

    async def close(self) -> None:
        """Let go of connections."""


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
