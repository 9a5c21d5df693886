"""What the flows get as their first argument: a context for payments, and one for paid work."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self

from bot_platform.domain.checkout import EventReader, PaymentProvider
from bot_platform.domain.inbox import EventState
from bot_platform.domain.packages import PriceList
from bot_platform.domain.purchases import Purchase
from bot_platform.infra.database import Database


@dataclass(frozen=True, slots=True)
class PaymentContext:
    """What flows about payments need.

    `provider` sells. `providers` maps the names of all providers that can answer for earlier sales.
    `operators` are their Telegram ids: they get the alerts.
    """

    database: Database
    provider: PaymentProvider
    providers: Mapping[str, PaymentProvider]
    events: EventReader
    prices: PriceList
    operators: Sequence[int]


MAX_ANSWER_MESSAGES = 10  # of one answer, its file included; a longer one is a file that begins in the chat
MAX_RENDERED_CHARS = 40_000  # fill as many messages

# Splits an answer in Markdown into messages: each is a dict with `text` and `entities`.
Pages = Callable[[str], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class WorkContext:
    """What flows about paid work need.

    At most `jobs_per_user` jobs of one user and `jobs_at_once` in all run at the same time. A balance below
    `low_balance` (hundredths of a credit) sends a notice; 0 turns it off. Texts of jobs are kept for
    `keep_texts`.
    """

    database: Database
    pages: Pages
    jobs_per_user: int
    jobs_at_once: int
    low_balance: int
    keep_texts: timedelta
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock, compare=False)

    async def render(self, markdown: str) -> Sequence[Mapping[str, Any]]:
        """Split the beginning of an answer into messages, MAX_ANSWER_MESSAGES + 1 at most.

        It runs beside the event loop, because a model may write what takes a second to read. One at a time:
        the loop shares the interpreter with no more than one.
        """
        async with self._one_at_a_time:
            return await asyncio.to_thread(self.pages, markdown[:MAX_RENDERED_CHARS])


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of applying news, with the reason when nothing changed; `alarm` when an operator must act.

    `request` is the key of the request that created the purchase, such as the press of a button. `marked`:
    the provider's object carries our mark, although no purchase is known.
    """

    state: EventState
    reason: str | None = None
    purchase_id: int | None = None
    user_id: int | None = None
    request: str = ""
    repeat: bool = False
    changed: bool = False
    alarm: bool = False
    marked: bool = False

    @property
    def is_ours(self) -> bool:
        """Whether it is about a sale of ours, or may be: only then its event is kept as it was read."""
        return self.marked or self.purchase_id is not None or self.state is EventState.FAILED

    def ids(self, key: str) -> dict[str, object]:
        """Return the ids for a log line; `key` (of the event) is the request when no purchase names one."""
        return {"purchase": self.purchase_id, "user": self.user_id, "request": self.request or key}

    @classmethod
    def of(cls, purchase: Purchase, state: EventState, reason: str | None = None, **more: bool) -> Self:
        """Make the outcome of news about a purchase."""
        return cls(state, reason, purchase.id, purchase.user_id, purchase.request_key, **more)


def alarm_key(cause: str, reason: str) -> str:
    """Return the key of an alert: operators get one for each pair of cause and reason."""
    return f"alarm:{cause}:{reason}"
