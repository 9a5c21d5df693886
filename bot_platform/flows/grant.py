"""An operator gives credits by hand, or takes them, with a reason that stands in the books."""

from bot_platform.domain import actions, ledger, outbox
from bot_platform.domain.errors import CannotGrant
from bot_platform.domain.users import User
from bot_platform.flows.wake import wake
from bot_platform.infra.database import Database


async def grant(
    database: Database, user: User, amount: int, reason: str, grant_id: str, *, by: str = actions.CONSOLE
) -> int:
    """Post a grant, negative takes back, once for each `grant_id`; returns what is available then.

    Raises CannotGrant when more would be taken than is available, or the id stands for another grant.
    """

    async def story() -> int:
        account = await ledger.lock(user.id)
        cause = f"grant:{grant_id}"
        if known := await ledger.find_entry(cause):
            if (known.account_id, known.amount) != (account.id, amount):
                raise CannotGrant("grant-id-used", id=grant_id)
            return account.available
        if amount < 0 and account.available < -amount:
            raise CannotGrant("grant-too-much", wanted=-amount, available=account.available)
        await ledger.post(account, ledger.EntryKind.GRANT, amount, cause, note=reason)
        await actions.record(by, "grant", user.subject, credits=amount, reason=reason, grant=grant_id)
        await outbox.post(
            cause,
            user.telegram_id,
            f"account:{account.id}",
            "credits-granted" if amount > 0 else "credits-withdrawn",
            credits=abs(amount),
            balance=account.available,
            reason=reason,
        )
        left = account.available
        await wake(account)
        return left

    return await database.transact(story)
