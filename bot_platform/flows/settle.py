"""News about a checkout change its purchase; a confirmed payment becomes credits, once."""

from collections.abc import Sequence
from dataclasses import replace

from bot_platform.domain import ledger, outbox, purchases, users
from bot_platform.domain.checkout import (
    CheckoutExpired,
    CheckoutRef,
    NotForUs,
    PaymentConfirmed,
    PaymentFailed,
    PaymentPending,
)
from bot_platform.domain.inbox import EventState
from bot_platform.domain.packages import Package
from bot_platform.domain.purchases import Offer, Purchase, PurchaseState
from bot_platform.flows import reverse
from bot_platform.flows.context import Outcome, PaymentContext
from bot_platform.flows.top_up import top_up
from bot_platform.flows.wake import wake
from bot_platform.infra import correlation
from bot_platform.infra.sql import advisory_lock


async def package_sold(payments: PaymentContext, payment: PaymentConfirmed) -> Package | None:
    """Ask what a checkout sold that we did not open for a buyer whom we know; raises ProviderDown."""
    checkout = payment.checkout
    if checkout.user_id is None or await purchases.find(checkout, payment.price):
        return None
    if not await users.exists(checkout.user_id):
        return None
    provider = payments.providers.get(checkout.provider, payments.provider)
    lines = await provider.lines(checkout)
    if len(lines) != 1 or lines[0].quantity != 1:
        return None
    return payments.prices.sold_as(price=lines[0].price, amount=lines[0].amount, currency=lines[0].currency)


async def confirm(payment: PaymentConfirmed, sold: Package | None, operators: Sequence[int]) -> Outcome:
    """Credit a payment, once; part of a transaction. `sold` is the answer of `package_sold`."""
    checkout = payment.checkout
    if checkout.payment_ref:
        await advisory_lock(checkout.payment_ref)  # against refunds and disputes of the same payment
    purchase = await _lock(checkout, payment.price)
    if purchase:
        offer = purchase.offer
    elif sold and checkout.user_id is not None:
        offer = Offer.of(sold, checkout.user_id, checkout.provider)
    else:
        return _unknown_payment(checkout)
    if (offer.amount, offer.currency) != payment.price:
        return _wrong_price(payment, offer, purchase)
    # If the purchase was paid on another page before, the buyer paid twice, and gets the credits twice.
    if purchase is None or (purchase.was_paid and purchase.provider_ref != checkout.provider_ref):
        await ledger.lock(offer.user_id)
        purchase = await purchases.begin(f"{checkout.provider}:{checkout.provider_ref}", offer)
    return await _credit(purchase, payment, operators)


async def note(news: PaymentPending | PaymentFailed | CheckoutExpired | NotForUs) -> Outcome:
    """Change the state of an unpaid purchase; part of a transaction."""
    if isinstance(news, NotForUs):
        return Outcome(EventState.IGNORED, news.reason, alarm=news.alarm)
    purchase = await _lock(news.checkout)
    if purchase is None:
        return Outcome(EventState.IGNORED, "no purchase of ours stands behind this checkout")
    correlation.adopt(purchase.request_key)
    outcome = Outcome.of(purchase, EventState.HANDLED)
    if purchase.provider_ref not in {None, news.checkout.provider_ref}:
        return outcome  # the news are about an older page of this purchase
    match news:
        case PaymentPending():
            moved = await _move(
                purchase, PurchaseState.PROCESSING, "payment-on-its-way", "checkout-on-its-way"
            )
        case PaymentFailed():
            moved = await _move(purchase, PurchaseState.FAILED, "payment-failed", "checkout-failed")
        case CheckoutExpired():
            moved = await _move(purchase, PurchaseState.EXPIRED, None, "checkout-expired")
    return replace(outcome, changed=moved)


async def _lock(checkout: CheckoutRef, price: tuple[int, str] | None = None) -> Purchase | None:
    """Find the purchase, lock its buyer's account, and read the purchase again under the lock."""
    purchase = await purchases.find(checkout, price)
    if purchase is None:
        return None
    await ledger.lock(purchase.user_id)
    return await purchases.get(purchase.id)


def _unknown_payment(checkout: CheckoutRef) -> Outcome:
    reason = "neither a purchase nor a buyer of ours stands behind this payment"
    names_us = checkout.purchase_id is not None or checkout.user_id is not None
    return Outcome(EventState.IGNORED, reason, alarm=names_us)


def _wrong_price(payment: PaymentConfirmed, offer: Offer, purchase: Purchase | None) -> Outcome:
    reason = f"asked for {offer.amount} {offer.currency}, but {payment.amount} {payment.currency} came"
    if purchase:
        return Outcome.of(purchase, EventState.FAILED, reason, alarm=True)
    return Outcome(EventState.FAILED, reason, alarm=True)


async def _credit(purchase: Purchase, payment: PaymentConfirmed, operators: Sequence[int]) -> Outcome:
    correlation.adopt(purchase.request_key)
    payment_ref = payment.checkout.payment_ref
    paid = await purchases.pay(purchase, payment)
    if paid:
        await top_up(await ledger.find_account(purchase.user_id), purchase, payment.receipt)
    elif purchase.payment_ref is None and payment_ref:
        await purchases.set_payment_ref(purchase, payment_ref)
    await reverse.join(purchase, operators)
    if paid:  # only after earlier refunds and disputes have taken their credits back
        await wake(await ledger.find_account(purchase.user_id))
    return Outcome.of(purchase, EventState.HANDLED, changed=paid)


async def _move(purchase: Purchase, to: PurchaseState, notice: str | None, link_text: str) -> bool:
    """Move the purchase to a state, notify its buyer, and update the messages with its link."""
    if not await purchases.move(purchase, to):
        return False
    if notice:
        buyer = await users.get(purchase.user_id)
        key = f"{purchase.subject}:{to}"
        place = await outbox.place_of(purchase.link_subject)
        chat_id, package = buyer.telegram_id, purchase.package
        await outbox.post(key, chat_id, purchase.subject, notice, place=place, package=package)
    await outbox.rewrite(purchase.link_subject, link_text, package=purchase.package)
    return True
