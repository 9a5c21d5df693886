"""Old messages that explain no money are deleted, in small steps, each notice once looked at."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot_platform.domain import broadcasts, old_notices, outbox
from bot_platform.domain.outbox import Notice
from bot_platform.flows import updates
from bot_platform.infra.clock import now
from bot_platform.infra.database import Database

PAGE_SIZE = 500  # notices of one transaction
# Until then an update of Telegram may come again, and finds by the key that its answer was written.
LEAST = updates.RETENTION + timedelta(days=1)


async def delete_old(database: Database, keep: timedelta, after: int) -> tuple[int, int]:
    """Delete messages older than `keep` with ids above `after`; return the last id and how many.

    It ends at the first younger message, and at one of a broadcast that has ended later than that.
    """
    deleted, moment = 0, now() - max(keep, LEAST)
    while True:
        last, count = await database.transact(_delete_page, moment, after, notify=False)
        if last == after:
            return after, deleted
        after, deleted = last, deleted + count


async def _delete_page(moment: datetime, after: int) -> tuple[int, int]:
    rows = await old_notices.older_than(moment, after, PAGE_SIZE)
    rows = rows[: await _end_of_counted(rows, moment)]
    ended = [row for row in rows if old_notices.explains_nothing(row)]
    await old_notices.delete(ended)
    return (rows[-1].id if rows else after), len(ended)


async def _end_of_counted(rows: Sequence[Notice], moment: datetime) -> int:
    """Return how many of the notices come before the first one of a broadcast that is not counted.

    A broadcast that has ended before the moment is counted now: its progress is shown after its notices are
    deleted.
    """
    numbers = {number for row in rows if (number := old_notices.broadcast_of(row)) is not None}
    for broadcast in await broadcasts.ended_before(moment, numbers):
        if broadcast.sent is None:
            told = await outbox.tally(broadcast.subject)
            await broadcasts.keep_tally(broadcast, told.sent, told.dead)
        numbers.discard(broadcast.id)
    return next((n for n, row in enumerate(rows) if old_notices.broadcast_of(row) in numbers), len(rows))
