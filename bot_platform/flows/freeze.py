"""A bank's open question freezes new spending, until it is closed or an operator lifts the freeze."""

from uuid import uuid4

from bot_platform.domain import account_flags, actions, ledger, outbox, reversals, users
from bot_platform.domain.checkout import Stage
from bot_platform.domain.ledger import Account
from bot_platform.domain.users import User
from bot_platform.flows.wake import wake
from bot_platform.infra.database import Database

# How it is told when the end of a question is no good news.
FREED: dict[Stage | None, str] = {Stage.DISPUTED: "spending-free-disputed"}


async def follow(account: Account, why: Stage | None = None) -> None:
    """Freeze or free a locked account as its reversals ask, and tell its person; part of a transaction.

    `why` is the stage that changed something, if one did.
    """
    frozen = await reversals.freezes(account.user_id)
    if frozen == account.frozen:
        return
    await account_flags.freeze(account, frozen=frozen)
    person = await users.get(account.user_id)
    text = "spending-frozen" if frozen else FREED.get(why, "spending-free")
    key = f"freeze:{account.id}:{uuid4().hex}"  # each change is told once: only one try of a story commits
    await outbox.post(key, person.telegram_id, f"account:{account.id}", text)


async def unfreeze(database: Database, user: User, *, by: str = actions.CONSOLE) -> int:
    """Let a person spend although questions of a bank are open; returns how many were."""

    async def story() -> int:
        account = await ledger.lock(user.id)
        lifted = await reversals.unfreeze(user.id)
        if lifted:
            await actions.record(by, "lift", user.subject, questions=lifted)
        await follow(account)
        await wake(account)
        return lifted

    return await database.transact(story)
