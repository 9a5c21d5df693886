"""How each call to somebody outside ended, told to whoever listens."""

from collections.abc import Callable

# The party, such as `stripe`, and the result: one of the words below, or another that says as much.
OnResult = Callable[[str, str], None]

OK, REFUSED, BUSY, DOWN, MISCONFIGURED = "ok", "refused", "busy", "down", "misconfigured"
ANSWERS = frozenset({OK, REFUSED})  # a no is an answer: the party works


class CallObserver:
    """Passes on what is heard to all who listen."""

    def __init__(self) -> None:
        self.listeners: list[OnResult] = []

    def __call__(self, party: str, result: str) -> None:
        """Say how a call ended."""
        for listener in self.listeners:
            listener(party, result)


def ignore(_party: str, _result: str) -> None:
    """Tell nobody."""
