"""Detects that Stripe refuses what it should do, again and again, and alerts the operators."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot_platform.flows import outage
from bot_platform.flows.context import PaymentContext

KINDS = ("sale", "refund", "question")
MIN_REFUSALS = 3  # in a row


@dataclass(slots=True)
class _Kind:
    """The refusals of one kind: how many of each detail, such as a package, since it was last granted."""

    refused: Counter[str] = field(default_factory=Counter)
    words: str = ""  # of the last refusal
    granted: bool = False  # since the last check, and nothing is refused any more


class RefusalMonitor:
    """Counts refusals of this process; the database keeps which are reported."""

    def __init__(self, payments: PaymentContext) -> None:
        self._payments = payments
        self._kinds: Mapping[str, _Kind] = {name: _Kind() for name in KINDS}

    def observe(self, about: str, refusal: str | None) -> None:
        """Record an answer, as `infra/outbound_calls.py` describes it."""
        name, _, detail = about.partition(":")
        kind = self._kinds[name]
        if refusal is None:
            kind.refused.pop(detail, None)
            kind.granted = not kind.refused
        else:
            kind.refused[detail] += 1
            kind.words, kind.granted = refusal, False

    async def check(self) -> None:
        """Report what is refused, and what is granted again."""
        database, operators = self._payments.database, self._payments.operators
        for name, kind in self._kinds.items():
            alert = outage.refusal_of(name)
            if kind.refused.total() >= MIN_REFUSALS:
                await outage.report(database, operators, alert, what=name, says=kind.words)
            elif kind.granted:
                await outage.report_end(database, operators, alert, what=name)
                kind.granted = False
