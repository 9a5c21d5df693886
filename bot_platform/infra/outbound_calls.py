"""Reports how each call to an outside service ended, and what a service refused."""

from collections.abc import Callable

# Called with the party, such as `stripe`, and the result: a word below, or a more exact one.
OnResult = Callable[[str, str], None]

# Called with what was asked for, a word and a detail such as `sale:buy_100`, and the service's words when it
# refused that; None when it did what was asked.
OnAnswer = Callable[[str, str | None], None]

SALES = "sales"  # a party of its own: Stripe may open no checkout although it answers questions
OK, REFUSED, BUSY, DOWN, MISCONFIGURED = "ok", "refused", "busy", "down", "misconfigured"
ANSWERS = frozenset({OK, REFUSED})  # the party works: a refusal is an answer


class CallObserver:
    """Passes each result, and each answer, on to all who listen."""

    def __init__(self) -> None:
        self.listeners: list[OnResult] = []
        self.answer_listeners: list[OnAnswer] = []

    def __call__(self, party: str, result: str) -> None:
        """Report how a call ended."""
        for listener in self.listeners:
            listener(party, result)

    def answered(self, about: str, refusal: str | None) -> None:
        """Report what was asked for, and the service's words if it refused."""
        for listener in self.answer_listeners:
            listener(about, refusal)


def ignore(_party: str, _result: str) -> None:
    """Report nothing."""


def ignore_answer(_about: str, _refusal: str | None) -> None:
    """Report no answer."""
