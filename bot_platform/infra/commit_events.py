"""Events that a transaction records for the metrics: reported after its commit, dropped on a rollback."""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CommitEvent:
    """One thing that happened: its name, how much of it, and of which kind."""

    name: str
    amount: float = 1.0
    labels: Mapping[str, str] = field(default_factory=dict)


_recorded: ContextVar[list[CommitEvent] | None] = ContextVar("recorded", default=None)


def collect() -> Sequence[CommitEvent]:
    """Collect the events that this task records from now on; call it in the task of one transaction."""
    collected: list[CommitEvent] = []
    _recorded.set(collected)
    return collected


def record(name: str, amount: float = 1.0, **labels: str) -> None:
    """Record an event of the running transaction; outside of a transaction it is dropped."""
    if (collected := _recorded.get()) is not None:
        collected.append(CommitEvent(name, amount, labels))
