"""A press of a package's button opens a checkout, or, with the mock, pays at once."""

from bot_platform.domain import ledger, outbox, purchases
from bot_platform.domain.checkout import CheckoutPage, PaymentConfirmed, PaymentProvider
from bot_platform.domain.checkout_orders import CheckoutOrder
from bot_platform.domain.errors import Banned, CheckoutUnavailable
from bot_platform.domain.packages import Package
from bot_platform.domain.places import ANYWHERE, Place
from bot_platform.domain.purchases import Offer, Purchase, PurchaseState
from bot_platform.domain.users import User
from bot_platform.flows import provider_events
from bot_platform.flows.context import PaymentContext


async def buy(
    payments: PaymentContext, user: User, package: Package, request_key: str, place: Place = ANYWHERE
) -> None:
    """Sell a package. `request_key` names the press: a repeated press finds the same purchase.

    The messages about it stand at `place`.

    Raises Banned, or CheckoutUnavailable when the provider could not open a checkout.
    """
    database, provider = payments.database, payments.provider
    purchase = await database.transact(_begin, provider, user, package, request_key, place)
    if purchase is None or purchase.can_be_paid:
        return
    order = CheckoutOrder(purchase.id, user.id, package, purchase.attempt, purchase.attempt_at, purchase.uid)
    try:
        answer = await provider.open(order)
    except CheckoutUnavailable:
        await database.transact(_fail_attempt, user.id, purchase.id, order.attempt)
        raise
    if isinstance(answer, PaymentConfirmed):
        await provider_events.apply(payments, answer, purchase.subject)
    else:
        await database.transact(_attach_page, user, purchase.id, answer, request_key, place)


async def _begin(
    provider: PaymentProvider, user: User, package: Package, request_key: str, place: Place
) -> Purchase | None:
    """Find or create the purchase of this press; return None when there is nothing left to do for it."""
    account = await ledger.lock(user.id)  # two presses of one user run one after the other
    if account.banned:
        raise Banned
    offer = Offer.of(package, user.id, provider.name, provider.account)
    purchase = await purchases.find_by_request_key(request_key)
    if purchase and purchase.state is PurchaseState.OPEN and purchase.account != offer.account:
        request_key = f"{request_key}@{offer.account}"  # the key was replaced since: this press begins again
        purchase = await purchases.find_by_request_key(request_key)
    if purchase is None:
        latest = await purchases.latest(offer)
        if latest and latest.state is PurchaseState.PROCESSING:
            key = f"{latest.subject}:still:{request_key}"
            await outbox.post(key, user.telegram_id, latest.subject, "still-on-its-way", place=place)
        if latest and latest.state is PurchaseState.KEPT_ASIDE:
            key, number = f"{latest.subject}:still:{request_key}", str(latest.id)
            await outbox.post(
                key, user.telegram_id, latest.subject, "still-kept-aside", place=place, purchase=number
            )
        same = latest and (
            latest.is_younger(provider.same_press_seconds) or latest.can_be_paid or latest.is_opening
        )
        purchase = latest if same else await purchases.begin(request_key, offer)
    if purchase is None or purchase.state is not PurchaseState.OPEN:
        return None
    if purchase.can_be_paid:
        await _send_link(user, purchase, request_key, place)
    return purchase


async def _fail_attempt(user_id: int, purchase_id: int, attempt: int) -> None:
    await ledger.lock(user_id)
    purchase = await purchases.get(purchase_id)
    if purchase.attempt == attempt and purchase.link is None:
        await purchases.next_attempt(purchase)


async def _attach_page(
    user: User, purchase_id: int, page: CheckoutPage, request_key: str, place: Place
) -> None:
    await ledger.lock(user.id)
    purchase = await purchases.get(purchase_id)
    if purchase.state is not PurchaseState.OPEN:
        return  # it was paid before we knew the link; the receipt is sent
    await purchases.attach(purchase, page)
    await _send_link(user, purchase, request_key, place)


async def _send_link(user: User, purchase: Purchase, request_key: str, place: Place) -> None:
    key = f"{purchase.subject}:link:{request_key}"
    chat_id, values = user.telegram_id, {"url": purchase.link, "purchase": purchase.id}
    await outbox.post(key, chat_id, purchase.link_subject, "checkout-link", place=place, **values)
