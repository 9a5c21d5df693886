"""The mock: every purchase is paid at once and nobody is asked for money."""

from collections.abc import Sequence

from bot_platform.domain.checkout import CheckoutOrder, CheckoutRef, Line, PaymentConfirmed


class MockPayments:
    """Confirms every order without calling anybody."""

    name = "mock"
    refusal = "mock-failed"
    same_press_seconds = 3.0  # a double tap is one purchase, although the first has been paid already

    async def open(self, order: CheckoutOrder) -> PaymentConfirmed:
        """Confirm the order as if it had been paid."""
        package = order.package
        return PaymentConfirmed(
            CheckoutRef(self.name, f"mock_{order.purchase_id}", purchase_id=order.purchase_id),
            amount=package.amount,
            charged=package.amount,
            currency=package.currency,
            receipt="mock-success",
        )

    async def lines(self, checkout: CheckoutRef) -> Sequence[Line]:  # noqa: ARG002 -- the Protocol's signature
        """Nothing is sold elsewhere."""
        return ()

    async def close(self) -> None:
        """Nothing is open."""
