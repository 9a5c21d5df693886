"""A new user is registered once, with an account and welcome credits."""

import asyncio

from bot_platform.domain import ledger, statement
from bot_platform.flows.arrive import arrive
from bot_platform.infra.database import Database


async def test_a_new_user_gets_the_welcome_credits_once(database: Database) -> None:
    arrivals = [arrive(database, telegram_id=7, language="en", welcome_credits=500) for _ in range(20)]
    results = await asyncio.gather(*arrivals)
    assert [new for _, new in results].count(True) == 1
    account = await ledger.find_account(results[0][0].id)
    assert account.balance == 500
    causes = [entry.cause for entry in await statement.history(account.id, 10)]
    assert causes == [f"welcome:{account.user_id}"]
