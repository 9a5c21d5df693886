"""The last check of the books says whether they are off, and counts each change."""

from functools import partial

from bot_platform.domain import book_checks
from bot_platform.infra.database import Database


async def test_each_change_is_counted_and_a_repeat_is_not(database: Database) -> None:
    first = await book_checks.last()
    assert (first.off, first.changes, first.proved_at) == (False, 0, None)
    changes = [
        (await database.transact(partial(book_checks.record, off=off), notify=False)).changes
        for off in (False, True, True, False, True)
    ]
    assert changes == [0, 1, 1, 2, 3]
    last = await book_checks.last()
    assert (last.off, last.changes) == (True, 3)
    assert last.proved_at is not None
