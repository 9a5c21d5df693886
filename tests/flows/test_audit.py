"""An audit that finds very many broken accounts."""

import asyncio
import itertools

from bot_platform.domain.ledger import Account
from bot_platform.flows.audit import audit_books
from bot_platform.flows.grant import grant
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from tests.makers import person

USERS = 20_000


async def test_marking_very_many_accounts_does_not_block_other_transactions(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    await database.open()
    await query(
        "INSERT INTO users (id, telegram_id, language, blocked_bot, created_at)"
        " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
        " SELECT i, i, 'en', 0, CURRENT_TIMESTAMP FROM n",
        USERS,
    )
    await query(
        "INSERT INTO account (user_id, balance, held, seq, frozen, broken)"
        " SELECT id, 1, 0, 0, 0, 0 FROM users"
    )
    user = await person(database, USERS + 1)
    auditing = asyncio.create_task(audit_books(database, (), lambda _: None))
    marked_between_writes = set()
    for n in itertools.count():
        await grant(database, user, 1, "busy", f"g{n}")
        marked_between_writes.add(await Account.filter(broken=True).count())
        if auditing.done():
            break
    assert len(await auditing) == USERS
    assert await Account.filter(broken=True).count() == USERS
    await database.close()
    assert len(marked_between_writes - {0, USERS}) >= 5
