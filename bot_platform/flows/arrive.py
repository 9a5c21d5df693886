"""A person arrives: their row, their account and their welcome credits, once; or comes back."""

from bot_platform.domain import ledger, outbox, users
from bot_platform.domain.users import User
from bot_platform.infra.database import Database


async def arrive(
    database: Database, *, telegram_id: int, language: str, welcome_credits: int, request_key: str = ""
) -> tuple[User, bool]:
    """Register the person behind a /start; True when they are new. Credits in hundredths.

    `request_key` names the press: one whose greeting did not reach Telegram is as new the second time.
    """

    async def story() -> tuple[User, bool]:
        user, new = await users.welcome(telegram_id, language, request_key)
        if new:
            await ledger.open_account(user.id)
            await outbox.revive(telegram_id)  # an operator is told things before their first /start
            if welcome_credits:
                account = await ledger.lock(user.id)
                await ledger.post(account, ledger.EntryKind.WELCOME, welcome_credits, f"welcome:{user.id}")
        return user, new or (request_key != "" and user.arrived_by == request_key)

    return await database.transact(story)


async def come_back(database: Database, user: User) -> None:
    """Speak again with somebody who had blocked the bot, and say what could not be said meanwhile."""

    async def story() -> None:
        await users.mark_blocked(user.telegram_id, blocked=False)
        await outbox.revive(user.telegram_id)

    await database.transact(story)
