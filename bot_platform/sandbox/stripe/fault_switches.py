"""Switches for faults at run time: webhooks sent twice, late or never; an API slow, down or refusing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from bot_platform.sandbox.stripe.errors import ApiError, idempotency_key_reused
from bot_platform.sandbox.stripe.state import Row

_NOT_ACTIVATED = (
    "Your account cannot currently make live charges. If you are in the process of activating your account, "
    "visit https://dashboard.stripe.com/account."
)
_SHUFFLE_SECONDS = 2.0
_MAX_SECONDS = 24 * 60 * 60
_SWITCHES = ("twice", "shuffled", "lost", "down", "refuses", "key_reused")
_SECONDS = ("late", "slow")


@dataclass
class FaultSwitches:
    """The faults that are on. Every field can be set at any time and applies from then on.

    Webhooks: `twice` sends two copies, `late` sends after this many seconds, `shuffled` adds a random
    delay of up to two seconds, `lost` sends nothing. API: `slow` is the delay of every answer in
    seconds, after the request is executed; `down` executes nothing and answers 503; `refuses` answers 400
    to every new checkout session; `key_reused` answers an `idempotency_error` to every new refund.
    """

    twice: bool = False
    late: float = 0.0
    shuffled: bool = False
    lost: bool = False
    slow: float = 0.0
    down: bool = False
    refuses: bool = False
    key_reused: bool = False
    # Not for secrets. A test sets a seeded one to repeat the same order.
    random: Random = field(default_factory=Random, repr=False, compare=False)

    def delays(self, event: Row) -> Sequence[float]:  # noqa: ARG002 - the protocol has the event
        """Return the delay in seconds of each copy of a webhook (a `DeliveryPlan`)."""
        if self.lost:
            return ()
        delay = self.late + (self.random.uniform(0, _SHUFFLE_SECONDS) if self.shuffled else 0)
        return (delay, delay) if self.twice else (delay,)

    def refuse(self, method: str, path: str, idempotency_key: str | None) -> None:
        """Raise the ApiError that a switch has for this request."""
        if self.refuses and (method, path) == ("POST", "/v1/checkout/sessions"):
            raise ApiError(_NOT_ACTIVATED)
        if self.key_reused and (method, path) == ("POST", "/v1/refunds"):
            raise idempotency_key_reused(idempotency_key or "none")

    @property
    def values(self) -> Row:
        """Every switch by its name, ready for JSON."""
        return {name: getattr(self, name) for name in (*_SWITCHES, *_SECONDS)}

    def change(self, /, **switches: Any) -> None:
        """Set only the named switches. Raises ValueError and then changes none."""
        checked = {name: _parse(name, value) for name, value in switches.items()}
        for name, value in checked.items():
            setattr(self, name, value)

    def reset(self) -> None:
        """Switch all faults off."""
        self.change(**FaultSwitches().values)


def _parse(name: str, value: object) -> bool | float:
    if name in _SWITCHES and isinstance(value, bool):
        return value
    if name in _SECONDS and isinstance(value, int | float) and not isinstance(value, bool):
        if 0 <= value <= _MAX_SECONDS:
            return float(value)
        raise ValueError(f"{name}: seconds from 0 to {_MAX_SECONDS}")
    expected: Mapping[str, str] = {
        **dict.fromkeys(_SWITCHES, "true or false"),
        **dict.fromkeys(_SECONDS, "seconds"),
    }
    raise ValueError(f"{name}: {expected[name]}" if name in expected else f"no such switch: {name}")
