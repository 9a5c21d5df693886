"""Runs actions that the account scheduled, once they are due."""

import contextlib
from collections.abc import Callable, Mapping

from bot_platform.sandbox.stripe.account import SCHEDULED_TABLE, Account
from bot_platform.sandbox.stripe.errors import ApiError

Action = Callable[[Account, str], None]


class ScheduledActions:
    """Runs due rows of the state. A row names its action, so scheduled actions survive a restart."""

    def __init__(self, account: Account, actions: Mapping[str, Action]) -> None:
        self._account = account
        self._actions = actions

    def run_due(self) -> None:
        """Run every due action, the earliest first."""
        scheduled = self._account.state[SCHEDULED_TABLE]
        now = self._account.clock()
        for row in sorted((row for row in scheduled.values() if row["at"] <= now), key=lambda row: row["at"]):
            self._account.state.remove(SCHEDULED_TABLE, row["id"])
            # Another action may have made this one impossible in the meantime.
            with contextlib.suppress(ApiError):
                self._actions[row["verb"]](self._account, row["object"])
