"""Reads the books to tell their story; changes nothing."""

from collections.abc import Sequence

from bot_platform.domain.ledger import Entry


async def history(account_id: int, limit: int) -> Sequence[Entry]:
    """Read the account's last entries, newest first."""
    return await Entry.filter(account_id=account_id).order_by("-seq").limit(limit)
