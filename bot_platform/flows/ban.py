"""An operator bans a person, or lets them back: what they paid for stays theirs, nothing new is begun."""

from uuid import uuid4

from bot_platform.domain import account_flags, actions, ledger, outbox
from bot_platform.domain.users import User
from bot_platform.flows.wake import wake
from bot_platform.infra.database import Database


async def ban(
    database: Database, user: User, *, banned: bool, reason: str, by: str = actions.CONSOLE
) -> bool:
    """Ban or let back, and tell the person; False when that was so before. What waited goes on waiting.

    The person reads the reason, if one is given.
    """
    told = uuid4().hex  # each change is told once: only one try of the story commits

    async def story() -> bool:
        account = await ledger.lock(user.id)
        if account.banned == banned:
            return False
        await account_flags.ban(account, banned=banned)
        what = "ban" if banned else "unban"
        await actions.record(by, what, user.subject, reason=reason)
        text = "banned" if banned else "let-back"
        await outbox.post(
            f"{what}:{told}", user.telegram_id, f"account:{account.id}", text, reason=reason or "none"
        )
        await wake(account)
        return True

    return await database.transact(story)
