"""What a transaction did, for whoever counts it: told once the commit holds, forgotten when it does not."""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CommitEvent:
    """One thing that happened: its name, how much of it, and of which kind."""

    name: str
    amount: float = 1.0
    labels: Mapping[str, str] = field(default_factory=dict)


_noted: ContextVar[list[CommitEvent] | None] = ContextVar("noted", default=None)


def collect() -> Sequence[CommitEvent]:
    """Collect what is noted from here on, in the task of one try of a transaction."""
    collected: list[CommitEvent] = []
    _noted.set(collected)
    return collected


def record(name: str, amount: float = 1.0, **labels: str) -> None:
    """Say what the running transaction does; outside of one, nobody listens."""
    if (collected := _noted.get()) is not None:
        collected.append(CommitEvent(name, amount, labels))
