"""What payers, banks and the dashboard do to the fake Stripe: pay, refund, dispute, warn."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from bot_platform.sandbox.stripe import charge_lookup, checkout, disputes, fraud_warnings, refunds
from bot_platform.sandbox.stripe.account import Account, Origin
from bot_platform.sandbox.stripe.checkout import PaymentScenario
from bot_platform.sandbox.stripe.disputes import DisputeStatus
from bot_platform.sandbox.stripe.refunds import FinalRefundStatus, RefundScenario
from bot_platform.sandbox.stripe.scheduled_actions import ScheduledActions
from bot_platform.sandbox.stripe.state import Row

# The actions that can be scheduled, by their names in saved state files.
SCHEDULED = {
    "expire_session": checkout.expire_overdue,
    "finish_transfer": checkout.finish_transfer,
    "dispute_charge": disputes.dispute_charge,
    "inquire_charge": disputes.inquire_charge,
    "win_dispute": disputes.win_dispute,
    "lose_dispute": disputes.lose_dispute,
    "escalate_inquiry": disputes.escalate_inquiry,
    "warn_of_charge": fraud_warnings.warn_about_charge,
    "succeed_refund": refunds.succeed_refund,
    "fail_refund": refunds.fail_refund,
}


class Actions(ABC):
    """Actions on one account. `payment_id` is the id of a checkout session, a payment intent or a charge.

    An action is atomic. One that Stripe would refuse raises ApiError and changes nothing.
    """

    def __init__(self, account: Account, scheduled: ScheduledActions) -> None:
        self._account = account
        self._scheduled = scheduled

    @abstractmethod
    def on_change(self) -> None:
        """Save the state and wake the webhook sender."""

    def run_due_actions(self) -> None:
        """Run the scheduled actions that are due."""
        self._scheduled.run_due()

    async def pay(self, session_id: str, scenario: PaymentScenario | str = PaymentScenario.CARD) -> Row:
        """Press a button of the payment page. A session that is not open stays as it is."""
        self.run_due_actions()
        session = self._account.find("sessions", session_id)
        if session["status"] == "open":
            if scenario == PaymentScenario.EUROS:
                checkout.change_currency(self._account, session, "eur")
            method = checkout.method_for(self._account, session, PaymentScenario(scenario))
            checkout.pay(self._account, session, method, Origin())
        self.on_change()
        return session

    async def foreign_sale(self, shop: str = "shop.example") -> Row:
        """Let another shop on the same account sell something: a paid session with none of our marks."""
        price = {"currency": "usd", "unit_amount": 1900, "product_data": {"name": "A mug"}}
        params = {
            "mode": "payment",
            "line_items": [{"price_data": price, "quantity": 1}],
            "success_url": f"https://{shop}/thanks",
            "client_reference_id": "1",
            "metadata": {"user_id": "1"},
        }
        session = checkout.open_session(self._account, params, Origin())
        return await self.pay(session["id"])

    async def expire(self, session_id: str) -> Row:
        """Expire a session now. A session that is not open stays as it is."""
        session = self._account.find("sessions", session_id)
        checkout.expire_overdue(self._account, session_id)
        self.on_change()
        return session

    async def refund(
        self,
        payment_id: str,
        amount: int | None = None,
        *,
        scenario: RefundScenario | str = RefundScenario.SUCCEEDED,
        reason: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Row:
        """Refund as Stripe's dashboard does. Without an amount it refunds all that is left.

        `pending` waits for `finish_refund`; `fails` succeeds first and fails after `refund_delay`.
        """
        charge = self._charge(payment_id)
        row = refunds.refund(
            self._account,
            charge,
            RefundScenario(scenario),
            Origin(),
            amount=amount,
            reason=reason,
            metadata=dict(metadata or {}),
        )
        return self._publish(row)

    async def finish_refund(self, refund_id: str, status: FinalRefundStatus | str) -> Row:
        """End a pending refund with this status, or let a succeeded refund fail."""
        self.run_due_actions()
        row = self._account.find("refunds", refund_id)
        refunds.finish(self._account, row, FinalRefundStatus(status), Origin())
        return self._publish(row)

    async def dispute(
        self, payment_id: str, amount: int | None = None, *, inquiry: bool = False, reason: str = "fraudulent"
    ) -> Row:
        """Open a dispute or an inquiry by the payer's bank. Without an amount it covers all that is left."""
        charge = self._charge(payment_id)
        row = disputes.dispute(self._account, charge, Origin(), amount=amount, inquiry=inquiry, reason=reason)
        return self._publish(row)

    async def move_dispute(
        self, dispute_id: str, status: DisputeStatus | str, *, money_stays_away: bool = False
    ) -> Row:
        """Change the status of a dispute. `needs_response` escalates an inquiry.

        With `money_stays_away` what it withdrew is not reinstated, as when a refund prevented it.
        """
        self.run_due_actions()
        row, to = self._account.find("disputes", dispute_id), DisputeStatus(status)
        disputes.move(self._account, row, to, Origin(), money_stays_away=money_stays_away)
        return self._publish(row)

    async def warn(self, payment_id: str, actionable: bool = True) -> Row:
        """Create an early fraud warning. It is not actionable if the charge is fully refunded or disputed."""
        charge = self._charge(payment_id)
        return self._publish(fraud_warnings.warn(self._account, charge, Origin(), actionable=actionable))

    async def clear_warning(self, warning_id: str) -> Row:
        """Make a warning not actionable. One that is not actionable already stays as it is."""
        self.run_due_actions()
        row = self._account.find("warnings", warning_id)
        fraud_warnings.clear(self._account, row, Origin())
        return self._publish(row)

    def _charge(self, payment_id: str) -> Row:
        self.run_due_actions()
        return charge_lookup.charge_of(self._account, payment_id)

    def _publish(self, row: Row) -> Row:
        self.on_change()
        return row
