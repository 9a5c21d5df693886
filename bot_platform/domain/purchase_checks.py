"""When to ask the provider about a purchase of which no webhook tells."""

from collections.abc import Sequence
from datetime import timedelta

from tortoise.expressions import Q

from bot_platform.domain.purchases import FIRST_CHECK_AFTER, Purchase, PurchaseState
from bot_platform.infra.clock import now

MAX_PAUSE = timedelta(hours=1)  # between two checks; a moment further ahead is none (infra/moments.py)
UNPAID = (PurchaseState.OPEN, PurchaseState.PROCESSING)


async def due(providers: Sequence[str], after: int, limit: int, *, all_of_them: bool) -> Sequence[Purchase]:
    """Read open purchases whose check is due, or all of them, by id, beginning after `after`."""
    unpaid = Purchase.filter(state__in=UNPAID, provider__in=list(providers), id__gt=after)
    # What was made in the future, or is to be asked about later than all, is from before the clock was set.
    is_due = Q(ask_at__lte=now()) | Q(ask_at__gt=now() + MAX_PAUSE) | Q(created_at__gt=now())
    asked = unpaid if all_of_them else unpaid.filter(is_due)
    return await asked.exclude(provider_ref=None).order_by("id").limit(limit)


async def mark_checked(purchase: Purchase) -> None:
    """Set the next check: the older the purchase, the longer until then, MAX_PAUSE at most."""
    pause = max(FIRST_CHECK_AFTER, (now() - purchase.created_at) / 4)
    purchase.ask_at = now() + min(pause, MAX_PAUSE)
    await purchase.save(update_fields=["ask_at"])
