"""A bank's open inquiry or fraud warning freezes new spending, until it ends or an operator unfreezes."""

from uuid import uuid4

from bot_platform.domain import account_flags, actions, ledger, outbox, reversals, users
from bot_platform.domain.checkout import Stage
from bot_platform.domain.ledger import Account
from bot_platform.domain.users import User
from bot_platform.flows.wake import wake
from bot_platform.infra.database import Database


async def unfreeze(database: Database, user: User, *, by: str = actions.CONSOLE) -> bool:
    """Let a user spend although inquiries or warnings are open; return whether this changed anything."""
    return await database.transact(_unfreeze, user, by)


async def update(account: Account, stage: Stage | None = None) -> None:
    """Freeze or unfreeze a locked account as its reversals require, and notify its user.

    Part of a transaction. `stage` is the stage of the reversal that changed, if one did.
    """
    frozen = await reversals.freezes(account.user_id)
    if frozen == account.frozen:
        return
    await account_flags.freeze(account, frozen=frozen)
    if frozen:
        text = "spending-frozen"
    else:  # an inquiry that ends as a dispute is no good news
        text = "spending-free-disputed" if stage is Stage.DISPUTED else "spending-free"
    user = await users.get(account.user_id)
    key = f"freeze:{account.id}:{uuid4().hex}"  # one notice for each change: only one run of a story commits
    await outbox.post(key, user.telegram_id, f"account:{account.id}", text)


async def _unfreeze(user: User, by: str) -> bool:
    account = await ledger.lock(user.id)
    was_frozen, questions = account.frozen, await reversals.unfreeze(user.id)
    await update(account)
    await wake(account)
    # An account may be frozen without an open question, which is a fault that ends here.
    changed = bool(questions) or was_frozen != account.frozen
    if changed:
        await actions.record(by, "lift", user.subject, questions=questions)
    return changed
