"""A fake payment provider and a fake reader of its events; a test decides what they do."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum, auto
from typing import Any

from bot_platform.domain.checkout import (
    CheckoutPage,
    CheckoutRef,
    Line,
    News,
    NotForUs,
    PaymentConfirmed,
    PaymentReversed,
    ProviderDown,
    ProviderEvent,
    RefundRefused,
    Stage,
)
from bot_platform.domain.checkout_orders import CheckoutOrder, RefundOrder
from bot_platform.infra.clock import now


class Mood(Enum):
    """How the provider answers a refund."""

    ANSWERS = auto()
    ANSWERS_PENDING = auto()
    TELLS_FIRST = auto()  # its event is there before its answer
    REFUSES = auto()
    IS_DOWN = auto()
    IS_DOWN_AFTERWARDS = auto()  # the refund is made, and nobody hears of it


@dataclass
class Desk:
    """The fake provider; `mood` decides its answers to refunds, `clock` is its unix time."""

    name: str = "stripe"
    account: str = "test:acct_1"
    refusal: str = "no-payment-link"
    same_press_seconds: float = 0.0
    mood: Mood = Mood.ANSWERS
    clock: int = 1_700_000_000
    made: dict[int, PaymentReversed] = field(default_factory=dict)  # by the number of our refund
    tell: Callable[[PaymentReversed], Awaitable[object]] | None = None

    async def open(self, order: CheckoutOrder) -> CheckoutPage:
        return CheckoutPage(
            session_of(order.purchase_id), "https://pay.example/", now() + timedelta(hours=20)
        )

    async def lines(self, checkout: CheckoutRef) -> Sequence[Line]:  # noqa: ARG002 -- the Protocol's signature
        return ()

    async def look(self, provider_ref: str) -> News:  # noqa: ARG002 -- as above
        return NotForUs("nothing is known", keep=False)

    async def behind(self, payment_ref: str) -> News:  # noqa: ARG002 -- as above
        return NotForUs("nothing is known", keep=False)

    async def event(self, id_: str) -> None:
        """Know no event."""

    async def refund(self, order: RefundOrder) -> PaymentReversed:
        if order.refund_id not in self.made:
            if self.mood is Mood.REFUSES:
                raise RefundRefused("the charge is disputed")
            if self.mood is Mood.IS_DOWN:
                raise ProviderDown
            pending = self.mood is Mood.ANSWERS_PENDING
            self.made[order.refund_id] = PaymentReversed(
                provider=self.name,
                key=f"{self.name}:re_of_{order.payment_ref}_{order.refund_id}",
                payment_ref=order.payment_ref,
                stage=Stage.REFUND_PENDING if pending else Stage.REFUNDED,
                amount=order.amount,
                currency=order.currency,
                as_of=self.clock,
                refund_id=order.refund_id,
                refund_uid=order.uid,
            )
        made = self.made[order.refund_id]
        if self.mood is Mood.IS_DOWN_AFTERWARDS:
            raise ProviderDown
        if self.mood is Mood.TELLS_FIRST and self.tell:
            await self.tell(made)
        return made

    async def events(self, since: int) -> AsyncIterator[Sequence[ProviderEvent]]:  # noqa: ARG002 -- as above
        nothing: tuple[()]
        for nothing in ():
            yield nothing

    async def reversals(self, since: int) -> AsyncIterator[Sequence[News]]:  # noqa: ARG002 -- as above
        nothing: tuple[()]
        for nothing in ():
            yield nothing

    async def close(self) -> None:
        """Do nothing: there is no connection."""


class Reader:
    """Reads a fake event: returns the news with the number in its payload."""

    def __init__(self) -> None:
        self._news: list[News] = []

    def event(self, news: News, name: str) -> ProviderEvent:
        """Make an event of news; its payload is a number that `again` can read."""
        self._news.append(news)
        n = len(self._news) - 1
        return ProviderEvent(f"stripe:evt_{name}_{n}", type(news).__name__, {"n": n}, news)

    def read(self, body: bytes, signature: str | None) -> ProviderEvent:
        raise NotImplementedError

    def again(self, payload: dict[str, Any]) -> ProviderEvent:
        return ProviderEvent("", "", payload, self._news[payload["n"]])


def session_of(purchase_id: int) -> str:
    """Return the id of the checkout session of a purchase."""
    return f"cs_{purchase_id}"


def payment_of(purchase_id: int) -> str:
    """Return the id of the payment of a purchase."""
    return f"pi_{purchase_id}"


def paid(
    purchase_id: int, user_id: int, *, amount: int = 500, charged: int | None = None
) -> PaymentConfirmed:
    """Make the news that a purchase was paid."""
    checkout = CheckoutRef("stripe", session_of(purchase_id), payment_of(purchase_id), purchase_id, user_id)
    return PaymentConfirmed(checkout, amount, amount if charged is None else charged, "usd")


def reversal(purchase_id: int, name: str, stage: Stage, amount: int, as_of: int) -> PaymentReversed:
    """Make the news of a refund, dispute or warning; `name` is its id."""
    money = stage not in {Stage.WARNED, Stage.WARNING_OVER}
    said = PaymentReversed(
        provider="stripe",
        key=f"stripe:{name}_{purchase_id}",
        payment_ref=payment_of(purchase_id),
        stage=stage,
        amount=amount,
        currency="usd" if money else None,
        as_of=as_of,
    )
    return said if money else replace(said, amount=0)
