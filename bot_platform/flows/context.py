"""What every story about money stands on, built once and handed down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from bot_platform.domain.checkout import EventReader, PaymentProvider
from bot_platform.domain.inbox import EventState
from bot_platform.domain.packages import PriceList
from bot_platform.domain.purchases import Purchase
from bot_platform.infra.database import Database


@dataclass(frozen=True, slots=True)
class PaymentContext:
    """Where money comes in and goes out.

    `provider` sells; `providers` by name are all that can still be asked about older sales.
    `admins` are the Telegram ids of those who are told when somebody must look.
    """

    database: Database
    provider: PaymentProvider
    providers: Mapping[str, PaymentProvider]
    events: EventReader
    prices: PriceList
    admins: Sequence[int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of news, and why when it moved nothing; `alarm` when an operator must look.

    `request` is what began the purchase, such as the press of a button.
    """

    state: EventState
    reason: str | None = None
    purchase_id: int | None = None
    user_id: int | None = None
    request: str = ""
    repeat: bool = False
    changed: bool = False
    alarm: bool = False

    def ids(self, key: str) -> dict[str, object]:
        """Give what a line of the log names it by; `key` is the event's, where nothing earlier began it."""
        return {"purchase": self.purchase_id, "user": self.user_id, "request": self.request or key}

    @classmethod
    def of(cls, purchase: Purchase, state: EventState, reason: str | None = None, **more: bool) -> Self:
        """Say what became of news about a purchase."""
        return cls(state, reason, purchase.id, purchase.user_id, purchase.request_key, **more)


def alarm_key(cause: str, reason: str) -> str:
    """Name an alarm: the same cause with the same reason is told once, however it came to light."""
    return f"alarm:{cause}:{reason}"
