"""Tells the operators once that something outside fails, and once that it works again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot_platform.domain import outages, outbox
from bot_platform.infra.clock import unix_time
from bot_platform.infra.database import Database

QUIET_MS = 30 * 60 * 1000  # between two alerts about one party that fails and works by turns


@dataclass(frozen=True, slots=True)
class Alert:
    """What operators read: the text `text` about the `party` that fails, and `over` when it works again.

    `party` is unique among all that can fail, such as `stripe` or `stripe:sale`.
    """

    party: str
    text: str
    over: str

    @property
    def subject(self) -> str:
        """The subject of its notices."""
        return f"outage:{self.party}"


def outage_of(party: str) -> Alert:
    """Return the alert about an outside service that fails."""
    return Alert(party, "operator-outage", "operator-outage-over")


def refusal_of(what: str) -> Alert:
    """Return the alert about what Stripe refuses: `sale`, `refund` or `question`."""
    return Alert(f"stripe:{what}", "operator-refused", "operator-refused-over")


async def report(
    database: Database, operators: Sequence[int], alert: Alert, since: int | None = None, /, **values: Any
) -> None:
    """Alert the operators of a failure that began at `since` (unix seconds; None is now).

    They get no alert when they know it, or when they got one about this party less than QUIET_MS ago.
    """
    now = int(unix_time())
    if await outages.find_start(alert.party):
        return
    began = now if since is None else since

    async def story() -> None:
        if await outages.begin(
            alert.party, began, QUIET_MS
        ):  # else another replica was first, or it is too soon
            minutes, key = (now - began) // 60, f"{alert.subject}:{began}"
            await outbox.post_to_each(operators, key, alert.subject, alert.text, minutes=minutes, **values)

    await database.transact(story)


async def report_end(database: Database, operators: Sequence[int], alert: Alert, /, **values: Any) -> None:
    """Tell the operators that it works again, if they know that it failed."""
    now = int(unix_time())
    if not await outages.find_start(alert.party):
        return

    async def story() -> None:
        if began := await outages.end(alert.party):
            minutes, key = max(1, (now - began) // 60), f"{alert.subject}:{began}:over"
            await outbox.post_to_each(operators, key, alert.subject, alert.over, minutes=minutes, **values)

    await database.transact(story)
