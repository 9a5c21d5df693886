"""Tells the operators once that the payment provider refuses its work, and once that it does it again."""

from collections.abc import Sequence

from bot_platform.domain import outages, outbox
from bot_platform.flows.outage import QUIET_MS
from bot_platform.infra.clock import current
from bot_platform.infra.database import Database


async def report(database: Database, operators: Sequence[int], what: str, words: str) -> None:
    """Alert the operators that sales, refunds or questions are refused; `words` are the provider's.

    They get no alert when they know it, or when they got one about the same less than QUIET_MS ago.
    """
    party, now = _party(what), int(current().time())
    if await outages.find_start(party):
        return

    async def story() -> None:
        if await outages.begin(party, now, QUIET_MS):
            key = f"{party}:{now}"
            await outbox.post_to_each(operators, key, party, "operator-refused", what=what, says=words)

    await database.transact(story)


async def report_end(database: Database, operators: Sequence[int], what: str) -> None:
    """Tell the operators that it is done again, if they know that it was refused."""
    party = _party(what)
    if not await outages.find_start(party):
        return

    async def story() -> None:
        if since := await outages.end(party):
            key = f"{party}:{since}:over"
            await outbox.post_to_each(operators, key, party, "operator-refused-over", what=what)

    await database.transact(story)


def _party(what: str) -> str:
    return f"stripe:{what}"
