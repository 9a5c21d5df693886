"""An operator bans or unbans a user: a ban takes no credits, but stops new purchases and new paid work."""

from functools import partial
from uuid import uuid4

from bot_platform.domain import account_flags, actions, ledger, outbox
from bot_platform.domain.users import User
from bot_platform.flows.wake import wake
from bot_platform.infra.database import Database


async def ban(
    database: Database, user: User, *, banned: bool, reason: str, by: str = actions.CONSOLE
) -> bool:
    """Ban or unban a user, and notify them with the reason; return False when nothing changed.

    Parked jobs stay parked during a ban, and start after it.
    """
    change_id = uuid4().hex  # one notice for each change: only one run of the story commits
    return await database.transact(partial(_ban, user, change_id, banned=banned, reason=reason, by=by))


async def _ban(user: User, change_id: str, *, banned: bool, reason: str, by: str) -> bool:
    account = await ledger.lock(user.id)
    if account.banned == banned:
        return False
    await account_flags.ban(account, banned=banned)
    action = "ban" if banned else "unban"
    text = "banned" if banned else "let-back"
    await actions.record(by, action, user.subject, reason=reason)
    key, subject = f"{action}:{change_id}", f"account:{account.id}"
    await outbox.post(key, user.telegram_id, subject, text, reason=reason or "none")
    await wake(account)
    return True
