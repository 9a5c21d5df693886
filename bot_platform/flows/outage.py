"""Alerts the operators once when Stripe or the model fails for minutes, and once when it works again."""

from collections.abc import Sequence

from bot_platform.domain import outbox, schedules
from bot_platform.infra.database import Database

QUIET_MS = 30 * 60 * 1000  # after an alert: a party that fails again and again sends one


async def report_outage(
    database: Database, admins: Sequence[int], party: str, why: str, since: int, now: int
) -> None:
    """Alert that a party has failed since `since`, unless it is known or the last alert is too recent.

    `since` and `now` are unix seconds; `why` is the result of its calls, see `infra/outbound_calls.py`.
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
    """Report that a party works again at `now` (unix seconds), if its outage was reported."""
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
    """Return the schedule whose mark is the start of the party's outage, 0 while it works."""
    return f"outage:{party}"
