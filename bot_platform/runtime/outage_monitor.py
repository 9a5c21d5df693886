"""Detects that Stripe, the model or Telegram's updates fail, and alerts the operators."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot_platform.flows import outage
from bot_platform.flows.context import PaymentContext
from bot_platform.infra import clock, correlation
from bot_platform.infra.outbound_calls import ANSWERS, MISCONFIGURED, OK, REFUSED, SALES
from bot_platform.telegram.poll_health import PollHealth

STRIPE, MODEL, CREDIT, UPDATES = "stripe", "model", "credit", "updates"
OUTAGE_SECONDS = 180  # of failures only
MIN_FAILURES = 3  # in that time
FORGET_SECONDS = 1800  # failures before a longer time without a call are not counted, but for sales
OUT_OF_CREDIT = "out-of-credit"
# This number in a row is an outage, in however short or long a time: waiting does not cure these failures.
URGENT = {
    (MODEL, MISCONFIGURED): 3,
    (MODEL, "unclear"): 3,
    (MODEL, "empty"): 3,
    (CREDIT, OUT_OF_CREDIT): 1,
}
# The model works, and says something about one request.
ANSWERED = frozenset({OK, "length", "thought"})
ABOUT_THE_REQUEST = frozenset({REFUSED, "too-long"})
MIN_REFUSALS, MIN_REFUSED_USERS = 5, 3  # in a row, within REFUSALS_SECONDS: whatever the words, an outage
REFUSALS_SECONDS = 600
MAX_REFUSALS = 10  # in a row, of however few users, in however long a time: an outage too


@dataclass(slots=True)
class _Party:
    """The failures of one party since its last success; the times are monotonic seconds."""

    name: str
    first_failure: float = 0.0
    last_failure: float = 0.0
    failures: int = 0
    in_a_row: int = 0  # with the same reason
    reason: str = ""
    worked: bool = False  # since the last check
    refusals: list[tuple[float, object]] = field(default_factory=list)  # the last in a row: when, of whom

    def fail(self, at: float, reason: str) -> None:
        forgets = self.name != SALES and at - self.last_failure > FORGET_SECONDS
        if not self.failures or forgets:
            self.first_failure, self.failures = at, 0
        self.in_a_row = self.in_a_row + 1 if reason == self.reason else 1
        self.last_failure, self.reason = at, reason
        self.failures += 1

    def refuse(self, at: float, user: object) -> None:
        """Count a refusal of one request; a run of them is a failure, the sooner the more users have it."""
        self.refusals = [*self.refusals, (at, user)][-MAX_REFUSALS:]
        self.failures = self.in_a_row = 0
        recent = [who for when, who in self.refusals if at - when <= REFUSALS_SECONDS]
        several = len(recent) >= MIN_REFUSALS and len(set(recent)) >= MIN_REFUSED_USERS
        if several or len(self.refusals) == MAX_REFUSALS:
            self.first_failure, self.last_failure = self.refusals[0][0], at
            self.reason = REFUSED

    def succeed(self) -> None:
        self.failures = self.in_a_row = 0
        self.refusals, self.reason = [], ""
        self.worked = True

    @property
    def is_down(self) -> bool:
        if self.reason == REFUSED:
            return True
        if self.in_a_row >= URGENT.get((self.name, self.reason), self.in_a_row + 1):
            return True
        return self.failures >= MIN_FAILURES and self.last_failure - self.first_failure >= OUTAGE_SECONDS


class OutageMonitor:
    """Watches the calls of this process; the database keeps which outages are reported.

    `polling` watches how updates come. While Telegram is down, its alert waits in the outbox.
    """

    def __init__(self, payments: PaymentContext, polling: PollHealth | None = None) -> None:
        self._payments, self._polling = payments, polling
        self._parties: Mapping[str, _Party] = {name: _Party(name) for name in (STRIPE, SALES, MODEL, CREDIT)}
        self._updates_work = False  # and the database knows it

    def observe(self, party: str, result: str) -> None:
        """Record the result of a call; `outbound_calls` lists the results."""
        if party == MODEL:
            self._observe_model(result)
        elif known := self._parties.get(party):
            if result in ANSWERS:
                known.succeed()
            else:
                known.fail(clock.monotonic(), result)

    async def check(self) -> None:
        """Report which party is down, and which works again."""
        database, operators = self._payments.database, self._payments.operators
        for name, party in self._parties.items():
            alert = outage.outage_of(name)
            if party.worked:
                await outage.report_end(database, operators, alert, party=name)
                party.worked = False
            if party.is_down and not (name == SALES and self._parties[STRIPE].is_down):
                since = int(clock.unix_time() - (clock.monotonic() - party.first_failure))
                await outage.report(database, operators, alert, since, party=name, why=party.reason)
        await self._check_updates()

    def _observe_model(self, result: str) -> None:
        model, credit = self._parties[MODEL], self._parties[CREDIT]
        now = clock.monotonic()
        if result in ANSWERED:
            model.succeed()
            credit.succeed()
        elif result == OUT_OF_CREDIT:
            credit.fail(now, result)
        elif result in ABOUT_THE_REQUEST:
            model.refuse(now, correlation.user())
        else:
            model.fail(now, result)

    async def _check_updates(self) -> None:
        if self._polling is None:
            return
        database, operators = self._payments.database, self._payments.operators
        alert = outage.outage_of(UPDATES)
        if silent := self._polling.silence():
            self._updates_work = False
            since = int(clock.unix_time() - silent.seconds)
            await outage.report(database, operators, alert, since, party=UPDATES, why=silent.why)
        elif self._polling.works and not self._updates_work:
            await outage.report_end(database, operators, alert, party=UPDATES)
            self._updates_work = True
