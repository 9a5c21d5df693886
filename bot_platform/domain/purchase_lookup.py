"""Finds the purchase that a provider's checkout or payment belongs to."""

from bot_platform.domain.checkout import CheckoutRef
from bot_platform.domain.purchases import Purchase


async def find(checkout: CheckoutRef, price: tuple[int, str] | None = None) -> Purchase | None:
    """Find the purchase of a checkout: by the provider's reference, else by our id.

    Our id alone is not enough: after a restore from a backup it may be the id of another purchase. So the
    uid must be equal. A checkout without one was made by hand, or by a version that gave none: then the price
    (minor units, currency) must be equal, or, if it is not known, the buyer. Another buyer is never ours.
    """
    provider, ref = checkout.provider, checkout.provider_ref
    by_ref = await Purchase.get_or_none(provider=provider, provider_ref=ref)
    if by_ref or checkout.purchase_id is None:
        return by_ref
    by_id = await Purchase.get_or_none(provider=provider, id=checkout.purchase_id)
    if by_id is None or checkout.user_id not in {None, by_id.user_id}:
        return None
    if checkout.purchase_uid is not None:
        return by_id if checkout.purchase_uid == by_id.uid else None
    if price is None:
        return by_id if checkout.user_id == by_id.user_id else None
    return by_id if price == (by_id.amount, by_id.currency) else None


def is_by_number(purchase: Purchase, checkout: CheckoutRef) -> bool:
    """Whether only its number led to this purchase: another shop on the account may count too."""
    return purchase.provider_ref != checkout.provider_ref and checkout.purchase_uid is None


async def find_by_ref(provider_ref: str) -> Purchase | None:
    """Find the purchase with this reference, of any provider."""
    return await Purchase.get_or_none(provider_ref=provider_ref)


async def find_paid_by(provider: str, payment_ref: str) -> Purchase | None:
    """Find the purchase that was paid by this payment."""
    return await Purchase.filter(provider=provider, payment_ref=payment_ref).order_by("id").first()
