"""Registers new users, and resumes sending to users who have unblocked the bot."""

from bot_platform.domain import ledger, outbox, users
from bot_platform.domain.users import User
from bot_platform.infra.database import Database


async def arrive(
    database: Database, *, telegram_id: int, language: str, welcome_credits: int, request_key: str = ""
) -> tuple[User, bool]:
    """Register a user at their first message; return the user, and True if they are new.

    `welcome_credits` are in hundredths. `request_key` names the message: when Telegram did not take
    the greeting and the same message is handled again, the user counts as new again.
    """
    return await database.transact(_arrive, telegram_id, language, welcome_credits, request_key)


async def come_back(database: Database, user: User) -> None:
    """Note that a user no longer blocks the bot, and send the notices that could not be sent meanwhile."""
    await database.transact(_come_back, user.id, user.telegram_id)


async def _arrive(
    telegram_id: int, language: str, welcome_credits: int, request_key: str
) -> tuple[User, bool]:
    user, new = await users.welcome(telegram_id, language, request_key)
    if new:
        await ledger.open_account(user.id)
        account = await ledger.lock(user.id)
        if welcome_credits:
            await ledger.post(account, ledger.EntryKind.WELCOME, welcome_credits, f"welcome:{user.id}")
        await outbox.revive(telegram_id)  # operators may get notices before their first message
    return user, new or (request_key != "" and user.arrived_by == request_key)


async def _come_back(user_id: int, telegram_id: int) -> None:
    await ledger.lock(user_id)
    await users.mark_blocked(telegram_id, blocked=False)
    await outbox.revive(telegram_id)
