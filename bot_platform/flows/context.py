"""What the flows work with: one context for payments, one for paid work; each is built once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from bot_platform.domain.checkout import EventReader, PaymentProvider
from bot_platform.domain.inbox import EventState
from bot_platform.domain.packages import PriceList
from bot_platform.domain.purchases import Purchase
from bot_platform.infra.database import Database


@dataclass(frozen=True, slots=True)
class PaymentContext:
    """What payments need.

    `provider` sells; `providers` has, by name, every provider that can be asked about an earlier sale.
    `admins` are the operators' Telegram ids: they get the alarms.
    """

    database: Database
    provider: PaymentProvider
    providers: Mapping[str, PaymentProvider]
    events: EventReader
    prices: PriceList
    admins: Sequence[int]


# Cuts an answer in Markdown into messages; each is a `text` with its `entities`.
Pages = Callable[[str], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class WorkContext:
    """What paid work needs: `for_one` jobs of a user run at once, and `at_once` in all.

    `low_balance` is in hundredths of a credit; at 0 no user gets the notice about a low balance.
    """

    database: Database
    pages: Pages
    for_one: int
    at_once: int
    low_balance: int
    keep_texts: timedelta


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
