"""Reads the books to show them; changes nothing."""

from collections import Counter
from collections.abc import Mapping, Sequence

from tortoise.functions import Count

from bot_platform.domain import inbox, outbox
from bot_platform.domain.inbox import Event
from bot_platform.domain.ledger import Entry
from bot_platform.domain.outbox import Notice
from bot_platform.domain.reversals import Reversal

UNDONE = (inbox.EventState.RECEIVED, inbox.EventState.FAILED)


async def history(account_id: int, limit: int) -> Sequence[Entry]:
    """Read the account's last entries, newest first."""
    return await Entry.filter(account_id=account_id).order_by("-seq").limit(limit)


async def reversals_of(purchase_ids: Sequence[int]) -> Sequence[Reversal]:
    """Read all reversals of several purchases, in the order of their first events."""
    if not purchase_ids:
        return []
    return await Reversal.filter(purchase_id__in=list(purchase_ids)).order_by("created_at", "key")


async def notices_of(chat_id: int) -> Mapping[outbox.NoticeState, int]:
    """Count a chat's notices by state; a state without notices counts 0."""
    counted = Notice.filter(chat_id=chat_id).annotate(n=Count("id")).group_by("state")
    return Counter({outbox.NoticeState(row["state"]): row["n"] for row in await counted.values("state", "n")})


async def undone_events() -> Mapping[inbox.EventState, int]:
    """Count the provider events that wait or failed, by state."""
    undone = Event.filter(lane=None, state__in=list(UNDONE))
    counted = undone.annotate(n=Count("id")).group_by("state")
    return Counter({inbox.EventState(row["state"]): row["n"] for row in await counted.values("state", "n")})
