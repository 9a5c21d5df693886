"""Notices that webhooks do not arrive: what they should have brought was found only by asking."""

from dataclasses import dataclass

from bot_platform.flows import late_webhooks
from bot_platform.flows.context import PaymentContext
from bot_platform.flows.late_webhooks import Deliveries

WAIT_SECONDS = 240  # after a look found something, for a webhook that is only slow


@dataclass(slots=True)
class WebhookWatch:
    """Compares what was found by asking with what was delivered; times are unix seconds."""

    payments: PaymentContext
    deliveries: Deliveries
    # By asking, first since a webhook last arrived: it was made after `found_after`, and found at `found_at`.
    found_after: float = 0
    found_at: float = 0
    _looked_at: float = 0  # the look before: what a later look finds is newer

    async def look_ended(self, found: int, at: float) -> None:
        """Record how much a look found that no webhook had brought, and alert the operators if none arrives.

        What the first look of this process finds was missed while it was down, and is no sign of a fault.
        """
        before, self._looked_at = self._looked_at, at
        if max(before, self.found_at) > at:  # the clock was set back since
            before, self.found_at = 0, 0
        if found and before and not self.found_at:
            self.found_after, self.found_at = before, at
        delivered = max(self.deliveries.last_at, await late_webhooks.last_delivery())
        database, operators = self.payments.database, self.payments.operators
        await late_webhooks.report_end(database, operators, delivered)
        if delivered >= self.found_after:
            self.found_after = self.found_at = 0
        elif at - self.found_at >= WAIT_SECONDS:
            await late_webhooks.report(database, operators, self.deliveries.refused)
