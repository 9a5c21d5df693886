"""What people, banks and time do to this Stripe, as verbs; each is whole before anything else happens."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from bot_platform.sandbox.stripe import checkout, disputes, lookup, refunds, warnings
from bot_platform.sandbox.stripe.account import Account, Origin
from bot_platform.sandbox.stripe.agenda import Agenda
from bot_platform.sandbox.stripe.checkout import How
from bot_platform.sandbox.stripe.disputes import DisputeStatus
from bot_platform.sandbox.stripe.refunds import RefundEnd, RefundHow
from bot_platform.sandbox.stripe.state import Row

# What the agenda can be told to do later, by the names its notes have.
BY_TIME = {
    "expire_session": checkout.expire_overdue,
    "finish_transfer": checkout.finish_transfer,
    "dispute_charge": disputes.dispute_charge,
    "inquire_charge": disputes.inquire_charge,
    "win_dispute": disputes.win_dispute,
    "lose_dispute": disputes.lose_dispute,
    "escalate_inquiry": disputes.escalate_inquiry,
    "warn_of_charge": warnings.warn_of_charge,
    "succeed_refund": refunds.succeed_refund,
    "fail_refund": refunds.fail_refund,
}


class Acts(ABC):
    """The verbs. `paid` is a checkout session, a payment intent or a charge, by its id.

    Where Stripe would refuse, they raise ApiError and nothing has happened.
    """

    def __init__(self, account: Account, agenda: Agenda) -> None:
        self._account = account
        self._agenda = agenda

    @abstractmethod
    def changed(self) -> None:
        """Keep what happened, and look at once for webhooks to send."""

    def catch_up(self) -> None:
        """Do what time has brought until now."""
        self._agenda.catch_up()

    async def pay(self, session_id: str, how: How | str = How.CARD) -> Row:
        """Do what the button of the payment page does; on a finished session nothing happens."""
        self.catch_up()
        session = self._account.find("sessions", session_id)
        if session["status"] == "open":
            method = checkout.method_for(self._account, session, How(how))
            checkout.pay(self._account, session, method, Origin())
        self.changed()
        return session

    async def expire(self, session_id: str) -> Row:
        """Let a session end without a payment now; a finished one stays as it is."""
        session = self._account.find("sessions", session_id)
        checkout.expire_overdue(self._account, session_id)
        self.changed()
        return session

    async def refund(
        self,
        paid: str,
        amount: int | None = None,
        *,
        how: RefundHow | str = RefundHow.SUCCEEDED,
        reason: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Row:
        """Give money back as somebody in Stripe's dashboard would; without an amount, all that is left.

        `pending` waits for `finish_refund`; `fails` succeeds first and fails after `refund_delay`.
        """
        charge = self._charge(paid)
        row = refunds.refund(
            self._account,
            charge,
            RefundHow(how),
            Origin(),
            amount=amount,
            reason=reason,
            metadata=dict(metadata or {}),
        )
        return self._done(row)

    async def finish_refund(self, refund_id: str, status: RefundEnd | str) -> Row:
        """Let a pending refund end in any way, or let one fail that had succeeded."""
        self.catch_up()
        row = self._account.find("refunds", refund_id)
        refunds.finish(self._account, row, RefundEnd(status), Origin())
        return self._done(row)

    async def dispute(
        self, paid: str, amount: int | None = None, *, inquiry: bool = False, reason: str = "fraudulent"
    ) -> Row:
        """Let the payer's bank take money back, or only inquire; without an amount, all that is left."""
        charge = self._charge(paid)
        row = disputes.dispute(self._account, charge, Origin(), amount=amount, inquiry=inquiry, reason=reason)
        return self._done(row)

    async def move_dispute(self, dispute_id: str, status: DisputeStatus | str) -> Row:
        """Bring a dispute into another state; `needs_response` escalates an inquiry."""
        self.catch_up()
        row = self._account.find("disputes", dispute_id)
        disputes.move(self._account, row, DisputeStatus(status), Origin())
        return self._done(row)

    async def warn(self, paid: str, actionable: bool = True) -> Row:
        """Let the bank warn of fraud; about a charge refunded in full or disputed nothing is actionable."""
        charge = self._charge(paid)
        return self._done(warnings.warn(self._account, charge, Origin(), actionable=actionable))

    async def clear_warning(self, warning_id: str) -> Row:
        """Make a warning one that asks for nothing; one that was cleared before stays as it is."""
        self.catch_up()
        row = self._account.find("warnings", warning_id)
        warnings.clear(self._account, row, Origin())
        return self._done(row)

    def _charge(self, paid: str) -> Row:
        self.catch_up()
        return lookup.charge_of(self._account, paid)

    def _done(self, row: Row) -> Row:
        self.changed()
        return row
