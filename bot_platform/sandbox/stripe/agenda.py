"""What time brings: verbs noted for later are done once their moment has come."""

import contextlib
from collections.abc import Callable, Mapping

from bot_platform.sandbox.stripe.account import Account
from bot_platform.sandbox.stripe.errors import ApiError

Verb = Callable[[Account, str], None]


class Agenda:
    """Looks at the notes in the state; the verbs are given by name, so that notes survive a restart."""

    def __init__(self, account: Account, verbs: Mapping[str, Verb]) -> None:
        self._account = account
        self._verbs = verbs

    def catch_up(self) -> None:
        """Do everything whose moment has come, the earliest first."""
        notes = self._account.state["agenda"]
        now = self._account.clock()
        for note in sorted((note for note in notes.values() if note["at"] <= now), key=lambda n: n["at"]):
            self._account.state.remove("agenda", note["id"])
            # What somebody has made impossible since it was noted is let be.
            with contextlib.suppress(ApiError):
                self._verbs[note["verb"]](self._account, note["object"])
