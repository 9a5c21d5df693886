"""A buyer reports that they have paid: ask the provider about that purchase now."""

from bot_platform.domain import purchases
from bot_platform.domain.checkout import ProviderDown
from bot_platform.domain.errors import CheckoutOfAnotherAccount, NoSuchPurchase, ProviderUnavailable
from bot_platform.domain.purchases import Purchase, PurchaseState
from bot_platform.domain.users import User
from bot_platform.flows import reconcile
from bot_platform.flows.context import PaymentContext


async def check(payments: PaymentContext, user: User, purchase_id: int) -> tuple[Purchase, bool]:
    """Ask for the state of a purchase; return it, and True if a change was found and its notice is sent.

    Raises NoSuchPurchase for another user's purchase, ProviderUnavailable when the provider does not answer,
    CheckoutOfAnotherAccount when it cannot know the checkout.
    """
    purchase = await purchases.look_up(purchase_id)
    if purchase is None or purchase.user_id != user.id:
        raise NoSuchPurchase
    if purchase.was_paid:
        return purchase, False
    try:
        await reconcile.check_purchase(payments, purchase)
    except ProviderDown:
        raise ProviderUnavailable from None
    before = purchase.state
    await purchase.refresh_from_db()
    provider = payments.providers.get(purchase.provider)
    if purchase.state is before and provider and purchase.account not in {"", provider.account}:
        raise CheckoutOfAnotherAccount
    return purchase, purchase.state not in {before, PurchaseState.EXPIRED}
