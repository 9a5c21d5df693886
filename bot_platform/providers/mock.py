"""The mock provider: every purchase is paid at once, and no money moves."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from bot_platform.domain.checkout import (
    CheckoutRef,
    Line,
    News,
    NotForUs,
    PaymentConfirmed,
    PaymentReversed,
    ProviderEvent,
    Stage,
)
from bot_platform.domain.checkout_orders import CheckoutOrder, RefundOrder
from bot_platform.infra import clock

NOTHING_TO_ASK = "a mock knows no more than we do"


class MockPayments:
    """A PaymentProvider that confirms every order without any call."""

    name = "mock"
    account = "mock"
    refusal = "mock-failed"
    same_press_seconds = 3.0  # a double tap is one purchase, although the first tap has paid it already

    async def open(self, order: CheckoutOrder) -> PaymentConfirmed:
        """Confirm the order as paid."""
        package, ref = order.package, f"mock_{order.uid or order.purchase_id}"
        return PaymentConfirmed(
            CheckoutRef(
                self.name, ref, payment_ref=ref, purchase_id=order.purchase_id, purchase_uid=order.uid
            ),
            amount=package.amount,
            charged=package.amount,
            currency=package.currency,
            receipt="mock-success",
        )

    async def lines(self, checkout: CheckoutRef) -> Sequence[Line]:  # noqa: ARG002 -- the Protocol's signature
        """Return no lines: a mock purchase has no checkout elsewhere."""
        return ()

    async def look(self, provider_ref: str) -> News:  # noqa: ARG002 -- as above
        """Return no news: nothing is paid later."""
        return NotForUs(NOTHING_TO_ASK, keep=False)

    async def behind(self, payment_ref: str) -> News:  # noqa: ARG002 -- as above
        """Return no news: nothing is paid elsewhere."""
        return NotForUs(NOTHING_TO_ASK, keep=False)

    async def refund(self, order: RefundOrder) -> PaymentReversed:
        """Confirm the refund; no money moves."""
        return PaymentReversed(
            provider=self.name,
            key=f"{self.name}:refund_{order.uid or order.refund_id}",
            payment_ref=order.payment_ref,
            stage=Stage.REFUNDED,
            amount=order.amount,
            currency=order.currency,
            as_of=int(clock.current().time()),
            refund_id=order.refund_id,
            refund_uid=order.uid,
        )

    async def event(self, id_: str) -> None:
        """Return no event: the mock posts none."""

    def events(self, since: int) -> AsyncIterator[Sequence[ProviderEvent]]:  # noqa: ARG002 -- as above
        """Return no pages: nothing happens elsewhere."""
        return _nothing()

    def reversals(self, since: int) -> AsyncIterator[Sequence[News]]:  # noqa: ARG002 -- as above
        """Return no pages: a mock payment is never disputed."""
        return _nothing()

    async def close(self) -> None:
        """Close nothing: there are no connections."""


async def _nothing() -> AsyncIterator[Sequence[Any]]:
    for page in tuple[Sequence[Any], ...]():
        yield page
