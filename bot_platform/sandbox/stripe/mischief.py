"""Trouble switched on and off while everything runs: webhooks twice, late or lost, an API slow or down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from bot_platform.sandbox.stripe.state import Row

_SHUFFLED_WITHIN = 2.0
_LONGEST = 24 * 60 * 60
_SWITCHES = ("twice", "shuffled", "lost", "down")
_SECONDS = ("late", "slow")


@dataclass
class Mischief:
    """What goes wrong at the moment; every field may be set at any time and holds from then on.

    `twice` sends each webhook two times at once, `late` so many seconds later, `shuffled` each after
    a random part of two seconds, `lost` never. `slow` is how many seconds the API waits with every
    answer, after it has done what was asked; `down` lets it do nothing and answer 503.
    """

    twice: bool = False
    late: float = 0.0
    shuffled: bool = False
    lost: bool = False
    slow: float = 0.0
    down: bool = False
    # Nothing secret: whoever wants the same disorder again gives a seeded one.
    random: Random = field(default_factory=Random, repr=False, compare=False)

    def plan(self, event: Row) -> Sequence[float]:  # noqa: ARG002 - every plan is asked about an event
        """Give the delay of every copy of a webhook; decided when its event happens."""
        if self.lost:
            return ()
        delay = self.late + (self.random.uniform(0, _SHUFFLED_WITHIN) if self.shuffled else 0)
        return (delay, delay) if self.twice else (delay,)

    @property
    def now(self) -> Row:
        """Every switch by its name, as JSON has it."""
        return {name: getattr(self, name) for name in (*_SWITCHES, *_SECONDS)}

    def change(self, /, **switches: Any) -> None:
        """Set what is named and leave the rest. Raises ValueError, and then nothing is changed."""
        checked = {name: _read(name, value) for name, value in switches.items()}
        for name, value in checked.items():
            setattr(self, name, value)

    def end(self) -> None:
        """Let everything be well again."""
        self.change(**Mischief().now)


def _read(name: str, value: object) -> bool | float:
    if name in _SWITCHES and isinstance(value, bool):
        return value
    if name in _SECONDS and isinstance(value, int | float) and not isinstance(value, bool):
        if 0 <= value <= _LONGEST:
            return float(value)
        raise ValueError(f"{name}: seconds from 0 to {_LONGEST}")
    known: Mapping[str, str] = {
        **dict.fromkeys(_SWITCHES, "true or false"),
        **dict.fromkeys(_SECONDS, "seconds"),
    }
    raise ValueError(f"{name}: {known[name]}" if name in known else f"no such switch: {name}")
