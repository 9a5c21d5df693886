"""Detects that Stripe or the model has failed for minutes, and alerts the operators."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot_platform.flows import outage
from bot_platform.flows.context import PaymentContext
from bot_platform.infra import clock
from bot_platform.infra.outbound_calls import ANSWERS

WATCHED = frozenset({"stripe", "model"})  # not Telegram: while it is down, no alert can be sent
OUTAGE_SECONDS = 180  # of failures only
MIN_FAILURES = 3  # in that time
FORGET_SECONDS = 1800  # failures before a longer time without a call are not counted


@dataclass(slots=True)
class _Party:
    """The failures of one party since its last success; times in unix seconds."""

    first_failure: float = 0.0
    last_failure: float = 0.0
    failures: int = 0
    reason: str = ""
    worked: bool = False  # since the last check

    def fail(self, at: float, reason: str) -> None:
        if not self.failures or at - self.last_failure > FORGET_SECONDS:
            self.first_failure, self.failures = at, 0
        self.last_failure, self.reason = at, reason
        self.failures += 1

    @property
    def is_down(self) -> bool:
        return self.failures >= MIN_FAILURES and self.last_failure - self.first_failure >= OUTAGE_SECONDS


class OutageMonitor:
    """Watches the calls of this process; the database keeps which outages are reported."""

    def __init__(self, payments: PaymentContext) -> None:
        self._payments = payments
        self._parties: Mapping[str, _Party] = {name: _Party() for name in WATCHED}

    def observe(self, party: str, result: str) -> None:
        """Record the result of a call; `outbound_calls` lists the results."""
        if known := self._parties.get(party):
            if result in ANSWERS:
                known.failures, known.worked = 0, True
            else:
                known.fail(clock.current().time(), result)

    async def check(self) -> None:
        """Report which party is down, and which works again."""
        database, operators = self._payments.database, self._payments.operators
        now = int(clock.current().time())
        for name, party in self._parties.items():
            if party.worked:
                await outage.report_recovery(database, operators, name, now)
                party.worked = False
            if party.is_down:
                await outage.report_outage(
                    database, operators, name, party.reason, int(party.first_failure), now
                )
