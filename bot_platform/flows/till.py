"""What every story about money stands on, built once and handed down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot_platform.database import Database
from bot_platform.domain.checkout import EventReader, PaymentProvider
from bot_platform.domain.inbox import State
from bot_platform.domain.packages import PriceList


@dataclass(frozen=True, slots=True)
class Till:
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
    """What became of news, and why when it moved nothing; `alarm` when an operator must look."""

    state: State
    reason: str | None = None
    purchase_id: int | None = None
    repeat: bool = False
    changed: bool = False
    alarm: bool = False
