"""Somebody whom we depend on fails for minutes, or works again: the operators hear of each once."""

from collections.abc import Sequence

from bot_platform.domain import outbox, schedules
from bot_platform.infra.database import Database

QUIET_MS = 30 * 60 * 1000  # after an alert: a party that fails and works by turns is told of once


async def report_outage(
    database: Database, admins: Sequence[int], party: str, why: str, since: int, now: int
) -> None:
    """Tell that a party fails since a moment (unix seconds), unless that is known or one was told lately.

    `why` is the result of its calls, as in `calls.py`.
    """
    name = _name(party)
    if await schedules.mark(name):
        return

    async def story() -> None:
        if await schedules.begin(name, early=False) is None:
            return  # another replica was first, or it is too soon
        await schedules.end(name, since, QUIET_MS)
        await outbox.post_to_each(
            admins,
            f"{name}:{since}",
            name,
            "operator-outage",
            party=party,
            why=why,
            minutes=(now - since) // 60,
        )

    await database.transact(story)


async def report_recovery(database: Database, admins: Sequence[int], party: str, now: int) -> None:
    """Tell that a party works again (at `now`, unix seconds), if it was told that it does not."""
    name = _name(party)
    if not await schedules.mark(name):
        return

    async def story() -> None:
        if since := await schedules.mark(name):
            await schedules.set_mark(name, 0)
            await outbox.post_to_each(
                admins,
                f"{name}:{since}:over",
                name,
                "operator-outage-over",
                party=party,
                minutes=max(1, (now - since) // 60),
            )

    await database.transact(story)


def _name(party: str) -> str:
    """Name the round whose mark says since when a party fails, 0 while it works."""
    return f"outage:{party}"
