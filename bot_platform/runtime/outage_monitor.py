"""Hears how each call to Stripe and to the model ends, and sees when one of them has failed for minutes."""

from collections.abc import Callable
from dataclasses import dataclass

from bot_platform.flows import outage
from bot_platform.flows.context import PaymentContext
from bot_platform.infra.outbound_calls import ANSWERS

WATCHED = frozenset({"stripe", "model"})  # when Telegram is away, nobody can be told
LONG = 180  # seconds of nothing but failures
TRIES = 3  # in that time, at least
SILENCE = 1800  # seconds without a call: what failed before is another story


@dataclass(slots=True)
class _Party:
    """What was heard of one party since it last worked; times in unix seconds."""

    failed_first: float = 0.0
    failed_last: float = 0.0
    tries: int = 0
    why: str = ""
    worked: bool = False  # since the last look

    def fails(self, at: float, why: str) -> None:
        if not self.tries or at - self.failed_last > SILENCE:
            self.failed_first, self.tries = at, 0
        self.failed_last, self.why = at, why
        self.tries += 1

    @property
    def is_out(self) -> bool:
        return self.tries >= TRIES and self.failed_last - self.failed_first >= LONG


class OutageMonitor:
    """Keeps in mind how calls ended in this process; what operators were told stands in the database."""

    def __init__(self, payments: PaymentContext, clock: Callable[[], float]) -> None:
        self._payments, self._clock = payments, clock
        self._parties = {name: _Party() for name in WATCHED}

    def hear(self, party: str, result: str) -> None:
        """Note how a call to a party ended."""
        if known := self._parties.get(party):
            if result in ANSWERS:
                known.tries, known.worked = 0, True
            else:
                known.fails(self._clock(), result)

    async def look(self) -> None:
        """Tell the operators who is out, and who works again."""
        database, admins, now = self._payments.database, self._payments.admins, int(self._clock())
        for name, party in self._parties.items():
            if party.worked:
                await outage.report_recovery(database, admins, name, now)
                party.worked = False
            if party.is_out:
                await outage.report_outage(database, admins, name, party.why, int(party.failed_first), now)
