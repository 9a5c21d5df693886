"""Money that came for a purchase and does not fit it: kept aside, and perhaps returned; no credits move."""

from bot_platform.domain import purchases
from bot_platform.domain.checkout import CheckoutRef
from bot_platform.domain.purchases import Purchase, PurchaseState


async def keep(purchase: Purchase, checkout: CheckoutRef, charged: int | None) -> bool:
    """Store that money came which does not fit a purchase whose account is locked; False when it is known.

    `charged` is in minor units of the currency in which it was paid, None if that is not known.
    """
    if purchase.was_paid or not await purchases.move(purchase, PurchaseState.KEPT_ASIDE):
        return False
    purchase.provider_ref, purchase.payment_ref = checkout.provider_ref, checkout.payment_ref
    purchase.charged = charged
    await purchase.save(update_fields=["provider_ref", "payment_ref", "charged"])
    return True


async def note_returned(purchase: Purchase, money_lost: int) -> bool:
    """Move an uncredited purchase to the state that its returned money requires; True when that is new."""
    is_returned = money_lost >= max(1, purchase.charged or 0)
    return await purchases.move(purchase, PurchaseState.REVERSED if is_returned else PurchaseState.KEPT_ASIDE)
