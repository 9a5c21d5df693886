"""What we and a payment provider tell each other: pages, news, and the provider's Protocol."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from bot_platform.domain.checkout_orders import CheckoutOrder, RefundOrder
from bot_platform.domain.stages import Stage as Stage  # noqa: PLC0414 -- part of the news


@dataclass(frozen=True, slots=True)
class CheckoutPage:
    """The address where the user pays, and until when."""

    provider_ref: str
    url: str
    until: datetime


@dataclass(frozen=True, slots=True)
class CheckoutRef:
    """How a provider names a checkout.

    `purchase_id`, `purchase_uid` and `user_id` are ours as the provider repeats them, unchecked. `marked`: it
    carries the mark that we put on all that we create there, so no other shop made it.
    """

    provider: str
    provider_ref: str
    payment_ref: str | None = None
    purchase_id: int | None = None
    user_id: int | None = None
    purchase_uid: str | None = None
    marked: bool = False


@dataclass(frozen=True, slots=True)
class PaymentConfirmed:
    """The money arrived: `amount` before taxes and discounts, `charged` after, in minor units.

    `discount` is what was taken off the amount. We give no discounts, so any is somebody else's. `receipt` is
    the name of the text that the user gets.
    """

    checkout: CheckoutRef
    amount: int
    charged: int
    currency: str
    receipt: str = "payment-received"
    discount: int = 0

    @property
    def price(self) -> tuple[int, str]:
        """What to compare with the price of the purchase: minor units and currency."""
        return self.amount, self.currency


@dataclass(frozen=True, slots=True)
class PaymentUnclear:
    """The checkout is complete, and what was paid for it cannot be compared with a price."""

    checkout: CheckoutRef
    reason: str


@dataclass(frozen=True, slots=True)
class PaymentPending:
    """The money is on its way; `unknown` is a state in the provider's words that we do not know."""

    checkout: CheckoutRef
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class PaymentFailed:
    """The money that was on its way did not arrive."""

    checkout: CheckoutRef


@dataclass(frozen=True, slots=True)
class CheckoutExpired:
    """The page can no longer be paid on."""

    checkout: CheckoutRef


@dataclass(frozen=True, slots=True)
class PaymentReversed:
    """The state of one refund, dispute or warning: `amount` in minor units, `as_of` in unix seconds.

    A warning has no amount and no currency. `refund_id` and `refund_uid` name our refund that caused it, as
    the provider repeats them, unchecked. `moved` is what a dispute has moved away from us in `moves`
    movements, None if the provider does not tell. `made_at` is when it was made. `unknown` is a status that
    this code does not know.
    """

    provider: str
    key: str
    payment_ref: str
    stage: Stage
    amount: int
    currency: str | None
    as_of: int
    refund_id: int | None = None
    refund_uid: str | None = None
    moved: int | None = None
    moves: int = 0
    made_at: int | None = None
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class NotForUs:
    """A genuine event without work for us; `keep` when it concerns money, `alarm` when an operator must look.

    `about` is the subject of an alarm: operators get one alarm for each subject. With a `checkout` the alarm
    is raised only if it is ours: the account may be shared with other shops.
    """

    reason: str
    keep: bool
    alarm: bool = False
    about: str = field(default="", compare=False)
    checkout: CheckoutRef | None = field(default=None, compare=False)


CheckoutNews = PaymentUnclear | PaymentPending | PaymentFailed | CheckoutExpired
News = PaymentConfirmed | CheckoutNews | PaymentReversed | NotForUs


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """One event of a provider: `key` is never used again, `payload` has only the fields that are read."""

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
    """A payment provider; the one that sells is chosen once at the start."""

    @property
    def name(self) -> str:
        """The name that purchases store."""

    @property
    def account(self) -> str:
        """The account that the key belongs to, and its mode, in at most 64 characters.

        A checkout can be paid and asked about only with a key of the account that opened it.
        """

    @property
    def refusal(self) -> str:
        """The name of the text for a user whose purchase could not begin."""

    @property
    def same_press_seconds(self) -> float:
        """Return for how many seconds a second press of the same package means the same purchase."""

    async def open(self, order: CheckoutOrder) -> CheckoutPage | PaymentConfirmed:
        """Open a checkout page, or confirm the payment at once; raises CheckoutUnavailable."""

    async def lines(self, checkout: CheckoutRef) -> Sequence[Line]:
        """Read the lines of a checkout; raises ProviderDown."""

    async def look(self, provider_ref: str) -> News:
        """Read the state of a checkout; raises ProviderDown."""

    async def behind(self, payment_ref: str) -> News:
        """Read the state of the checkout that a payment belongs to; raises ProviderDown."""

    async def refund(self, order: RefundOrder) -> PaymentReversed:
        """Return money, once for each order; raises RefundRefused or ProviderDown."""

    async def event(self, id_: str) -> ProviderEvent | None:
        """Read an event again; None if the provider no longer has it. Raises ProviderDown."""

    def events(self, since: int) -> AsyncIterator[Sequence["ProviderEvent"]]:
        """Read the events since a time (unix seconds), page by page; raises ProviderDown."""

    def reversals(self, since: int) -> AsyncIterator[Sequence[News]]:
        """Read the state of refunds, disputes and warnings made since a time; raises ProviderDown."""

    async def close(self) -> None:
        """Close the connections."""


class RefundRefused(Exception):
    """The provider refuses to return this money; the message is its reason."""


class ProviderDown(Exception):
    """The provider did not answer; a later call may succeed."""


class BadSignature(Exception):
    """The signature is not the provider's, or is too old."""


class BadPayload(Exception):
    """The body is signed but is not an event."""


class EventReader(Protocol):
    """Checks the signature of an event and translates it."""

    def read(self, body: bytes, signature: str | None) -> ProviderEvent:
        """Check and translate a webhook's body; raises BadSignature or BadPayload."""

    def again(self, payload: dict[str, Any]) -> ProviderEvent:
        """Translate the stored payload of an event; raises BadPayload."""
