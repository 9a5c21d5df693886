"""Tells the operators once that an outside service fails for minutes, and once that it works again."""

from collections.abc import Sequence

from bot_platform.domain import outages, outbox
from bot_platform.infra.database import Database

QUIET_MS = 30 * 60 * 1000  # between two alerts about a service that fails and works by turns


async def report_outage(
    database: Database, operators: Sequence[int], party: str, why: str, since: int, now: int
) -> None:
    """Alert the operators that a service fails since a time (unix seconds).

    They get no alert when they know it, or when they got one about this service less than QUIET_MS ago.
    `why` is the result of its calls, as in `infra/outbound_calls.py`.
    """
    if await outages.find_start(party):
        return

    async def story() -> None:
        if not await outages.begin(party, since, QUIET_MS):
            return  # another replica was first, or it is too soon
        await outbox.post_to_each(
            operators,
            f"{_subject(party)}:{since}",
            _subject(party),
            "operator-outage",
            party=party,
            why=why,
            minutes=(now - since) // 60,
        )

    await database.transact(story)


async def report_recovery(database: Database, operators: Sequence[int], party: str, now: int) -> None:
    """Tell the operators that a service works again (at `now`, unix seconds), if they know of an outage."""
    if not await outages.find_start(party):
        return

    async def story() -> None:
        if since := await outages.end(party):
            await outbox.post_to_each(
                operators,
                f"{_subject(party)}:{since}:over",
                _subject(party),
                "operator-outage-over",
                party=party,
                minutes=max(1, (now - since) // 60),
            )

    await database.transact(story)


def _subject(party: str) -> str:
    return f"outage:{party}"
