"""What forbids an account to spend: a freeze, a ban, and books that are off."""

from collections.abc import Sequence

from bot_platform.domain.ledger import Account


async def freeze(account: Account, *, frozen: bool) -> None:
    """Forbid or allow new spending from a locked account."""
    account.frozen = frozen
    await account.save(update_fields=["frozen"])


async def ban(account: Account, *, banned: bool) -> None:
    """Forbid the user of a locked account to begin anything, or allow it again."""
    account.banned = banned
    await account.save(update_fields=["banned"])


async def mark_broken(account_ids: Sequence[int], *, broken: bool) -> None:
    """Forbid spending from accounts whose books are off, or allow it again."""
    await Account.filter(id__in=list(account_ids)).update(broken=broken)


async def broken_accounts() -> Sequence[int]:
    """List the ids of the accounts whose books are off."""
    return [account.id for account in await Account.filter(broken=True).order_by("id")]


async def find_owner(account_id: int) -> int | None:
    """Return the id of the account's user; None when there is no such account."""
    account = await Account.get_or_none(id=account_id)
    return account.user_id if account else None


async def owner_of(account_id: int) -> int:
    """Return the id of the account's user."""
    return (await Account.get(id=account_id)).user_id
