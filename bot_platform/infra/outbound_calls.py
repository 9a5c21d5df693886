"""Reports how each call to an outside service ended."""

from collections.abc import Callable

# Called with the party, such as `stripe`, and the result: a word below, or a more exact one.
OnResult = Callable[[str, str], None]

OK, REFUSED, BUSY, DOWN, MISCONFIGURED = "ok", "refused", "busy", "down", "misconfigured"
ANSWERS = frozenset({OK, REFUSED})  # the party works: a refusal is an answer


class CallObserver:
    """Passes each result on to all its listeners."""

    def __init__(self) -> None:
        self.listeners: list[OnResult] = []

    def __call__(self, party: str, result: str) -> None:
        """Report how a call ended."""
        for listener in self.listeners:
            listener(party, result)


def ignore(_party: str, _result: str) -> None:
    """Report nothing."""
