"""A person arrives: their row, their account and their welcome credits, once."""

from bot_platform.database import Database
from bot_platform.domain import ledger, users
from bot_platform.domain.users import User


async def arrive(
    database: Database, *, telegram_id: int, language: str, welcome_credits: int
) -> tuple[User, bool]:
    """Register the person behind a /start; True when they are new. Credits in hundredths."""

    async def story() -> tuple[User, bool]:
        user, new = await users.welcome(telegram_id, language)
        if new:
            await ledger.open_account(user.id)
            if welcome_credits:
                account = await ledger.lock(user.id)
                await ledger.post(account, ledger.Kind.WELCOME, welcome_credits, f"welcome:{user.id}")
        elif user.blocked_bot:
            await users.mark_blocked(telegram_id, blocked=False)
        return user, new

    return await database.transact(story)
