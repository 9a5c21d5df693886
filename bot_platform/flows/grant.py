"""An operator adds or takes back credits by hand, with a reason that is kept in the ledger."""

from functools import partial

from bot_platform.domain import actions, ledger, outbox
from bot_platform.domain.errors import CannotGrant
from bot_platform.domain.users import User
from bot_platform.flows.wake import wake
from bot_platform.infra.database import Database


async def grant(
    database: Database, user: User, amount: int, reason: str, grant_id: str, *, by: str = actions.CONSOLE
) -> int:
    """Post a grant of `amount` hundredths (negative takes back), once for each `grant_id`.

    Return the available credits afterwards. Raises CannotGrant when more would be taken than is available, or
    when another grant has the same id.
    """
    return await database.transact(partial(_grant, user, amount, reason=reason, grant_id=grant_id, by=by))


async def _grant(user: User, amount: int, *, reason: str, grant_id: str, by: str) -> int:
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
    available = account.available
    await outbox.post(
        cause,
        user.telegram_id,
        f"account:{account.id}",
        "credits-granted" if amount > 0 else "credits-withdrawn",
        credits=abs(amount),
        balance=available,
        reason=reason,
    )
    await wake(account)
    return available
