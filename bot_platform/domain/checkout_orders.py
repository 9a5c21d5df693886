"""What we order from a payment provider: a checkout, and the return of money."""

from dataclasses import dataclass
from datetime import datetime

from bot_platform.domain.packages import Package


@dataclass(frozen=True, slots=True)
class CheckoutOrder:
    """What a provider needs to open a checkout; one `attempt` is one idempotency key.

    `uid` is the purchase's name for the provider; None for a purchase of a version that gave none.
    """

    purchase_id: int
    user_id: int
    package: Package
    attempt: int
    attempt_at: datetime
    uid: str | None = None


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """What a provider needs to return money.

    `again`: it may have been asked for before. `old`: that was so long ago that the idempotency key may have
    expired. `uid` is the refund's name for the provider; None for a refund of a version that gave none.
    `since` is when it was first asked for, in unix seconds: what was returned before is another refund.
    """

    refund_id: int
    user_id: int
    payment_ref: str
    amount: int
    currency: str
    again: bool
    old: bool = False
    uid: str | None = None
    since: int = 0
