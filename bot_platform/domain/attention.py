"""What needs an operator now: each finding with its kind, and the row to look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot_platform.domain import outbox
from bot_platform.domain.inbox import Event, EventState, GivenUp
from bot_platform.domain.outbox import Notice, NoticeState
from bot_platform.domain.purchases import Purchase, PurchaseState
from bot_platform.domain.refunds import Refund, RefundState
from bot_platform.domain.reversals import Reversal
from bot_platform.domain.stages import Stage
from bot_platform.infra.clock import now

MAX_EACH = 20  # findings of one kind
ABOUT_A_LOST_MESSAGE = "operator-notice-lost"  # the text to operators about another message
REFUND_DAYS, MESSAGE_DAYS = 30, 7  # how long a refusal and a lost message are shown
OPEN_AT_THE_BANK = {
    Stage.DISPUTED: "dispute",
    Stage.APPEALED: "appeal",
    Stage.INQUIRY: "inquiry",
    Stage.WARNED: "warning",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at: `number` is the id of a purchase, an event, or a chat, as `kind` tells.

    `amount` is in minor units of `currency`; `why` is the reason that the database has.
    """

    kind: str
    number: int
    at: datetime
    amount: int = 0
    currency: str = ""
    why: str = ""


async def findings() -> Sequence[Finding]:
    """Read what needs an operator, at most MAX_EACH of each kind, the latest first."""
    found = [
        *await _at_the_bank(),
        *await _refused_refunds(),
        *await _kept_aside(),
        *await _failed_events(),
        *await _lost_updates(),
        *await _lost_messages(),
    ]
    return sorted(found, key=lambda finding: finding.at, reverse=True)


async def _at_the_bank() -> Sequence[Finding]:
    """Find disputes, inquiries and fraud warnings that are open; other shops' have no purchase here."""
    rows = Reversal.filter(stage__in=list(OPEN_AT_THE_BANK), purchase_id__not_isnull=True)
    return [
        _open_question(row, row.purchase)
        for row in await rows.order_by("-as_of").limit(MAX_EACH).prefetch_related("purchase")
    ]


def _open_question(row: Reversal, sale: Any) -> Finding:
    at = datetime.fromtimestamp(row.at, UTC)
    return Finding(OPEN_AT_THE_BANK[row.stage], sale.id, at, row.amount or sale.amount, sale.currency)


async def _refused_refunds() -> Sequence[Finding]:
    """Find refunds that failed, and that no later refund of the same purchase replaces."""
    since = now() - timedelta(days=REFUND_DAYS)
    failed = Refund.filter(state=RefundState.FAILED, created_at__gte=since)
    rows = await failed.order_by("-id").limit(MAX_EACH).prefetch_related("purchase")
    others = Refund.filter(purchase_id__in=[row.purchase_id for row in rows]).exclude(
        state=RefundState.FAILED
    )
    later = dict(await others.order_by("id").values_list("purchase_id", "id")) if rows else {}
    return [
        Finding("refund", row.purchase_id, row.created_at, row.amount, row.purchase.currency, row.error or "")
        for row in rows
        if later.get(row.purchase_id, 0) < row.id
    ]


async def _kept_aside() -> Sequence[Finding]:
    """Find payments that do not fit their purchase; one that was found by asking has no event that failed."""
    rows = await Purchase.filter(state=PurchaseState.KEPT_ASIDE).order_by("-id").limit(MAX_EACH)
    return [Finding("kept_aside", row.id, row.created_at) for row in rows]


async def _failed_events() -> Sequence[Finding]:
    rows = Event.filter(state=EventState.FAILED, lane=None).order_by("-id").limit(MAX_EACH)
    only = await rows.only("id", "type", "error", "received_at")
    return [Finding("event", row.id, row.received_at, why=row.error or row.type) for row in only]


async def _lost_updates() -> Sequence[Finding]:
    """Find what people wrote or pressed and was given up, while its row is kept."""
    given_up = Event.filter(state=EventState.FAILED, lane__not_isnull=True).exclude(error=GivenUp.UNREADABLE)
    only = await given_up.order_by("-id").limit(MAX_EACH).only("id", "lane", "error", "received_at")
    return [Finding("update", row.lane or 0, row.received_at, why=row.error or "") for row in only]


async def _lost_messages() -> Sequence[Finding]:
    """Find messages that were given up, but not those to people who blocked the bot."""
    since = now() - timedelta(days=MESSAGE_DAYS)
    ranks = [outbox.MONEY, outbox.OTHER]
    dead = Notice.filter(state=NoticeState.DEAD, rank__in=ranks, created_at__gte=since)
    known = dead.exclude(error__in=[outbox.BLOCKED, outbox.WITHDRAWN]).exclude(text=ABOUT_A_LOST_MESSAGE)
    rows = await known.order_by("-id").limit(MAX_EACH)
    return [Finding("message", row.chat_id, row.created_at, why=row.error or "") for row in rows]
