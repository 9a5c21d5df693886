"""When to ask the provider about a purchase of which no webhook tells."""

from collections.abc import Sequence

from bot_platform.domain.purchases import FIRST_CHECK_AFTER, Purchase, PurchaseState
from bot_platform.infra.clock import now

UNPAID = (PurchaseState.OPEN, PurchaseState.PROCESSING)


async def due(providers: Sequence[str], after: int, limit: int, *, all_of_them: bool) -> Sequence[Purchase]:
    """Read open purchases whose check is due, or all of them, by id, beginning after `after`."""
    unpaid = Purchase.filter(state__in=UNPAID, provider__in=list(providers), id__gt=after)
    asked = unpaid if all_of_them else unpaid.filter(ask_at__lte=now())
    return await asked.exclude(provider_ref=None).order_by("id").limit(limit)


async def mark_checked(purchase: Purchase) -> None:
    """Set the next check: the older the purchase, the longer until then."""
    purchase.ask_at = now() + max(FIRST_CHECK_AFTER, (now() - purchase.created_at) / 4)
    await purchase.save(update_fields=["ask_at"])
