"""News about a checkout change its purchase; a confirmed payment becomes credits, once."""

from collections.abc import Sequence
from dataclasses import replace

from bot_platform.domain import ledger, outbox, purchase_lookup, purchases, users
from bot_platform.domain.checkout import (
    CheckoutExpired,
    CheckoutNews,
    CheckoutRef,
    NotForUs,
    PaymentConfirmed,
    PaymentFailed,
    PaymentPending,
    PaymentUnclear,
)
from bot_platform.domain.inbox import EventState
from bot_platform.domain.packages import Package, PriceList
from bot_platform.domain.purchases import Offer, Purchase, PurchaseState
from bot_platform.flows import reverse
from bot_platform.flows.context import Outcome, PaymentContext
from bot_platform.flows.keep_aside import keep_aside
from bot_platform.flows.top_up import top_up
from bot_platform.flows.wake import wake
from bot_platform.infra import correlation
from bot_platform.infra.sql import advisory_lock

UNKNOWN_STATE = "the provider says {!r}, which this version does not know: it is treated as on its way"


async def identify(
    payments: PaymentContext, payment: PaymentConfirmed
) -> tuple[PaymentConfirmed, Package | None]:
    """Ask what a checkout sold that we did not open; raises ProviderDown.

    Return the payment, and the package if its buyer is known and it belongs to no purchase yet. The payment
    loses the number of a purchase whose package has a price at Stripe that this checkout did not sell.
    """
    checkout = payment.checkout
    purchase = await purchase_lookup.find(checkout, payment.price)
    if purchase:
        by_number = purchase_lookup.is_by_number(purchase, checkout)
        if not by_number or not payments.prices.has_stripe_price(purchase.package):
            return payment, None
        sold = await _sold(payments, checkout)
        if sold and sold.code == purchase.package:
            return payment, None
        payment = replace(payment, checkout=replace(checkout, purchase_id=None))
    elif checkout.user_id is None or not await users.exists(checkout.user_id):
        return payment, None
    else:
        sold = await _sold(payments, checkout)
    return payment, sold


async def _sold(payments: PaymentContext, checkout: CheckoutRef) -> Package | None:
    provider = payments.providers.get(checkout.provider, payments.provider)
    lines = await provider.lines(checkout)
    if len(lines) != 1 or lines[0].quantity != 1:
        return None
    return payments.prices.sold_as(price=lines[0].price, amount=lines[0].amount, currency=lines[0].currency)


async def confirm(payments: PaymentContext, payment: PaymentConfirmed, sold: Package | None) -> Outcome:
    """Credit a payment, once, or keep it aside; part of a transaction. `sold` is what `identify` says.

    It fits if the price is that of the purchase, or the one that the price list has now: so an operator who
    corrects the list can accept what was kept aside. With a discount it fits nothing, because we give none.
    """
    checkout = payment.checkout
    if checkout.payment_ref:
        await advisory_lock(checkout.payment_ref)  # against refunds and disputes of the same payment
    purchase = await _lock(checkout, payment.price)
    if purchase:
        offer = purchase.offer
    elif sold and checkout.user_id is not None:
        offer = Offer.of(sold, checkout.user_id, checkout.provider)
    else:
        return await _unknown_payment(checkout)
    # If the purchase was paid on another page before, the buyer paid twice, and gets the credits twice.
    if purchase is None or (purchase.has_money and purchase.provider_ref != checkout.provider_ref):
        await ledger.lock(offer.user_id)
        purchase = await purchases.begin(f"{checkout.provider}:{checkout.provider_ref}", offer)
    is_priced = (offer.amount, offer.currency) == payment.price or _is_listed(offer, payment, payments.prices)
    if is_priced and (not payment.discount or purchase.paid_at):  # credited before: a replay changes nothing
        return await _credit(purchase, payment, payments.operators)
    came = f"{payment.amount} {payment.currency}"
    if payment.discount:
        came += f" less a discount of {payment.discount} that we did not give"
    reason = f"asked for {offer.amount} {offer.currency}, but {came} came"
    return await keep_aside(purchase, checkout, payment.charged, reason, payments.operators)


async def note(news: CheckoutNews | NotForUs, operators: Sequence[int]) -> Outcome:
    """Change the state of an unpaid purchase; part of a transaction."""
    if isinstance(news, NotForUs):
        return await _nothing_to_do(news)
    purchase = await _lock(news.checkout)
    if isinstance(news, PaymentUnclear):
        if purchase:
            return await keep_aside(purchase, news.checkout, None, news.reason, operators)
        return Outcome(
            EventState.IGNORED, news.reason, alarm=news.checkout.marked, marked=news.checkout.marked
        )
    if purchase is None:
        reason = "no purchase of ours stands behind this checkout"
        return Outcome(EventState.IGNORED, reason, marked=news.checkout.marked)
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
    if isinstance(news, PaymentPending) and news.unknown and purchase.state is PurchaseState.PROCESSING:
        outcome = replace(outcome, reason=UNKNOWN_STATE.format(news.unknown), alarm=True)
    return replace(outcome, changed=moved)


async def _lock(checkout: CheckoutRef, price: tuple[int, str] | None = None) -> Purchase | None:
    """Find the purchase, lock its buyer's account, and read the purchase again under the lock."""
    purchase = await purchase_lookup.find(checkout, price)
    if purchase is None:
        return None
    await ledger.lock(purchase.user_id)
    return await purchases.get(purchase.id)


async def _unknown_payment(checkout: CheckoutRef) -> Outcome:
    """Ignore a payment that nothing here fits; it is another shop's unless it carries our mark or our ids."""
    reason = "neither a purchase nor a buyer of ours stands behind this payment"
    ours = checkout.marked or bool(await purchase_lookup.find(checkout))
    return Outcome(EventState.IGNORED, reason, alarm=ours, marked=ours)


async def _nothing_to_do(news: NotForUs) -> Outcome:
    """Ignore news; without our mark and a purchase of ours they are those of another shop, and no alarm."""
    if news.checkout is None:
        return Outcome(EventState.IGNORED, news.reason, alarm=news.alarm)
    purchase = await purchase_lookup.find(news.checkout) or await _paid_by(news.checkout)
    if purchase:
        return Outcome.of(purchase, EventState.IGNORED, news.reason, alarm=news.alarm)
    marked = news.checkout.marked
    return Outcome(EventState.IGNORED, news.reason, alarm=news.alarm and marked, marked=marked)


async def _paid_by(checkout: CheckoutRef) -> Purchase | None:
    if checkout.payment_ref is None:
        return None
    return await purchase_lookup.find_paid_by(checkout.provider, checkout.payment_ref)


def _is_listed(offer: Offer, payment: PaymentConfirmed, prices: PriceList) -> bool:
    """Whether the price list sells what was offered for what was paid."""
    wanted = offer.package, offer.credits, *payment.price
    return any((one.code, one.credits, one.amount, one.currency) == wanted for one in prices)


async def _credit(purchase: Purchase, payment: PaymentConfirmed, operators: Sequence[int]) -> Outcome:
    correlation.adopt(purchase.request_key)
    payment_ref = payment.checkout.payment_ref
    was_kept_aside = purchase.is_uncredited
    paid = await purchases.pay(purchase, payment)
    if paid:
        await top_up(await ledger.find_account(purchase.user_id), purchase, payment.receipt)
    elif purchase.payment_ref is None and payment_ref:
        await purchases.set_payment_ref(purchase, payment_ref)
    await reverse.join(purchase, operators, again=was_kept_aside)
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
