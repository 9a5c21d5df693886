"""What a provider tells of a checkout moves its purchase; a confirmed payment becomes credits, once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot_platform.database import Database
from bot_platform.domain import inbox, ledger, notices, purchases, users
from bot_platform.domain.checkout import (
    CheckoutExpired,
    CheckoutRef,
    NotForUs,
    PaymentConfirmed,
    PaymentFailed,
    PaymentPending,
    PaymentProvider,
    ProviderEvent,
)
from bot_platform.domain.inbox import State as EventState
from bot_platform.domain.packages import Package, PriceList
from bot_platform.domain.purchases import Offer, Purchase, State
from bot_platform.flows.top_up import top_up


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an event, and why when it moved nothing; `alarm` when an operator must look."""

    state: EventState
    reason: str | None = None
    purchase_id: int | None = None
    repeat: bool = False
    alarm: bool = False


async def receive(
    database: Database, provider: PaymentProvider, prices: PriceList, event: ProviderEvent
) -> Outcome:
    """Store a provider's event and apply it, in one transaction; a repeat says what the first one came to.

    Raises ProviderDown when the provider had to be asked and could not be.
    """
    match event.news:
        case NotForUs(keep=False):
            return Outcome(EventState.IGNORED)
        case PaymentConfirmed() as payment:
            sold = await _sold(provider, prices, payment)
            return await database.transact(_receive, event, lambda: _confirm(payment, sold))
        case news:
            return await database.transact(_receive, event, lambda: _note(news))


async def confirm(database: Database, payment: PaymentConfirmed) -> Outcome:
    """Settle a payment that comes without an event."""
    return await database.transact(_confirm, payment, None)


async def _receive(event: ProviderEvent, apply: Callable[[], Awaitable[Outcome]]) -> Outcome:
    received = await inbox.receive(event.key, event.type, event.payload)
    if received is None:
        first = await inbox.find(event.key)
        return Outcome(first.state if first else EventState.HANDLED, repeat=True)
    outcome = await apply()
    await inbox.finish(received, outcome.state, outcome.reason)
    return outcome


async def _sold(provider: PaymentProvider, prices: PriceList, payment: PaymentConfirmed) -> Package | None:
    """Find what was sold in a checkout that we don't know but whose buyer we do; asks the provider."""
    checkout = payment.checkout
    if checkout.user_id is None or await purchases.find(checkout, payment.price):
        return None
    if not await users.exists(checkout.user_id):
        return None
    lines = await provider.lines(checkout)
    if len(lines) != 1 or lines[0].quantity != 1:
        return None
    return prices.sold_as(price=lines[0].price, amount=lines[0].amount, currency=lines[0].currency)


async def _confirm(payment: PaymentConfirmed, sold: Package | None) -> Outcome:
    checkout = payment.checkout
    purchase = await _locked(checkout, payment.price)
    if purchase:
        offer = purchase.offer
    elif sold and checkout.user_id is not None:
        offer = Offer.of(sold, checkout.user_id, checkout.provider)
    else:
        reason = "neither a purchase nor a buyer of ours stands behind this payment"
        names_us = checkout.purchase_id is not None or checkout.user_id is not None
        return Outcome(EventState.IGNORED, reason, alarm=names_us)
    if (offer.amount, offer.currency) != payment.price:
        reason = f"asked for {offer.amount} {offer.currency}, but {payment.amount} {payment.currency} came"
        return Outcome(EventState.FAILED, reason, purchase.id if purchase else None, alarm=True)
    # A purchase that was paid on another page before: the money came twice, so the credits do.
    if purchase is None or (purchase.state is State.PAID and purchase.provider_ref != checkout.provider_ref):
        await ledger.lock(offer.user_id)
        purchase = await purchases.begin(f"{checkout.provider}:{checkout.provider_ref}", offer)
    if await purchases.pay(purchase, payment):
        await top_up(await ledger.find_account(purchase.user_id), purchase, payment.receipt)
    return Outcome(EventState.HANDLED, purchase_id=purchase.id)


async def _note(news: PaymentPending | PaymentFailed | CheckoutExpired | NotForUs) -> Outcome:
    if isinstance(news, NotForUs):
        return Outcome(EventState.IGNORED, news.reason, alarm=news.alarm)
    purchase = await _locked(news.checkout)
    if purchase is None:
        return Outcome(EventState.IGNORED, "no purchase of ours stands behind this checkout")
    outcome = Outcome(EventState.HANDLED, purchase_id=purchase.id)
    if purchase.provider_ref not in {None, news.checkout.provider_ref}:
        return outcome  # news of an older page: the purchase has a newer one
    match news:
        case PaymentPending():
            await _move_and_tell(purchase, State.PROCESSING, "payment-on-its-way", "checkout-on-its-way")
        case PaymentFailed():
            await _move_and_tell(purchase, State.FAILED, "payment-failed", "checkout-failed")
        case CheckoutExpired():
            await _move_and_tell(purchase, State.EXPIRED, None, "checkout-expired")
    return outcome


async def _locked(checkout: CheckoutRef, price: tuple[int, str] | None = None) -> Purchase | None:
    """Find the purchase, lock its buyer's account, and read it again as it is under the lock."""
    purchase = await purchases.find(checkout, price)
    if purchase is None:
        return None
    await ledger.lock(purchase.user_id)
    return await purchases.get(purchase.id)


async def _move_and_tell(purchase: Purchase, to: State, notice: str | None, link_says: str) -> None:
    """Move the purchase, tell its buyer, and let the messages with its link say so too."""
    if not await purchases.move(purchase, to):
        return
    if notice:
        buyer = await users.get(purchase.user_id)
        key = f"{purchase.subject}:{to}"
        await notices.post(key, buyer.telegram_id, purchase.subject, notice, package=purchase.package)
    await notices.rewrite(purchase.link_subject, link_says, package=purchase.package)
