"""The mock: every purchase is paid at once and nobody is asked for money."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from bot_platform.domain.checkout import (
    CheckoutOrder,
    CheckoutRef,
    Line,
    News,
    NotForUs,
    PaymentConfirmed,
    PaymentReversed,
    ProviderEvent,
    RefundOrder,
    Stage,
)
from bot_platform.infra.clock import current

NOTHING_TO_ASK = "a mock knows no more than we do"


class MockPayments:
    """Confirms every order without calling anybody."""

    name = "mock"
    refusal = "mock-failed"
    same_press_seconds = 3.0  # a double tap is one purchase, although the first has been paid already

    async def open(self, order: CheckoutOrder) -> PaymentConfirmed:
        """Confirm the order as if it had been paid."""
        package, ref = order.package, f"mock_{order.purchase_id}"
        return PaymentConfirmed(
            CheckoutRef(self.name, ref, payment_ref=ref, purchase_id=order.purchase_id),
            amount=package.amount,
            charged=package.amount,
            currency=package.currency,
            receipt="mock-success",
        )

    async def lines(self, checkout: CheckoutRef) -> Sequence[Line]:  # noqa: ARG002 -- the Protocol's signature
        """Nothing is sold elsewhere."""
        return ()

    async def look(self, provider_ref: str) -> News:  # noqa: ARG002 -- as above
        """Nothing is paid later."""
        return NotForUs(NOTHING_TO_ASK, keep=False)

    async def behind(self, payment_ref: str) -> News:  # noqa: ARG002 -- as above
        """Nothing is paid elsewhere."""
        return NotForUs(NOTHING_TO_ASK, keep=False)

    async def refund(self, order: RefundOrder) -> PaymentReversed:
        """Return money that nobody gave."""
        return PaymentReversed(
            provider=self.name,
            key=f"{self.name}:refund_{order.refund_id}",
            payment_ref=order.payment_ref,
            stage=Stage.REFUNDED,
            amount=order.amount,
            currency=order.currency,
            as_of=int(current().time()),
            refund_id=order.refund_id,
        )

    def events(self, since: int) -> AsyncIterator[Sequence[ProviderEvent]]:  # noqa: ARG002 -- as above
        """Nothing happens elsewhere."""
        return _nothing()

    def reversals(self, since: int) -> AsyncIterator[Sequence[News]]:  # noqa: ARG002 -- as above
        """Nobody disputes a mock."""
        return _nothing()

    async def close(self) -> None:
        """Nothing is open."""


async def _nothing() -> AsyncIterator[Sequence[Any]]:
    """Give no page at all."""
    for page in tuple[Sequence[Any], ...]():
        yield page
