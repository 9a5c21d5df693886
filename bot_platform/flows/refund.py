"""Money goes back by the way it came: the credits are held, the provider is asked, its answer takes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from bot_platform.domain import actions, ledger, outbox, purchases, refunds, reversals
from bot_platform.domain.checkout import ProviderDown, RefundOrder, RefundRefused
from bot_platform.domain.errors import CannotRefund
from bot_platform.domain.ledger import Account
from bot_platform.domain.purchases import Purchase
from bot_platform.domain.refunds import Refund, RefundState
from bot_platform.flows import provider_events
from bot_platform.flows.context import PaymentContext
from bot_platform.flows.wake import wake

LONGEST_PAUSE = 600  # seconds between two tries


@dataclass(frozen=True, slots=True)
class Terms:
    """What a refund returns, in minor units; the credits it takes back, and how many of them are there."""

    amount: int
    takes: int
    there: int


async def request(
    payments: PaymentContext,
    purchase_id: int,
    *,
    amount: int | None,
    reason: str,
    force: bool,
    request_key: str = "",
    by: str = actions.CONSOLE,
) -> Refund:
    """Write a refund down and hold its credits: `amount` in minor units, None for all that is left.

    `request_key` names the request, so that a repeated one finds its refund; without one, each call
    is its own. Raises CannotRefund; spent credits are a reason, unless `force`.
    """
    key = request_key or uuid4().hex  # the story may be told again after a commit nobody heard of

    async def story() -> Refund:
        purchase = await purchases.look_up(purchase_id)
        if purchase is None:
            raise CannotRefund("refund-no-purchase", purchase=str(purchase_id))
        account = await ledger.lock(purchase.user_id)
        if known := await refunds.find_by_request_key(
            key
        ):  # under the lock: pressed twice at once, asked for once
            return known
        await purchase.refresh_from_db()
        agreed = await _terms(payments, purchase, account, amount, force=force)
        refund = await refunds.request(key, purchase_id, agreed.amount, reason)
        if agreed.there:
            await ledger.reserve(account, agreed.there, refund.cause)
        await actions.record(
            by,
            "refund",
            purchase.subject,
            refund=refund.id,
            amount=agreed.amount,
            currency=purchase.currency,
            reason=reason,
            force=force,
        )
        return refund

    return await payments.database.transact(story)


async def terms(payments: PaymentContext, purchase: Purchase, *, amount: int | None, force: bool) -> Terms:
    """Say what `ask` would do as things stand; raises CannotRefund as it would."""
    account = await ledger.find_account(purchase.user_id)
    return await _terms(payments, purchase, account, amount, force=force)


async def hand_over(payments: PaymentContext, refund: Refund) -> None:
    """Let the loop ask the provider now: whoever wrote the refund down will not."""
    if refund.attempts == 0:
        await payments.database.transact(refunds.reschedule, refund, 0, "", notify=False)


async def carry_out(payments: PaymentContext, refund: Refund) -> Refund:
    """Ask the provider and let the books follow its answer; raises ProviderDown, and may be repeated.

    Whoever comes first, our call's answer or the provider's event, finishes the refund.
    """
    purchase = await purchases.get(refund.purchase_id)
    order = RefundOrder(
        refund_id=refund.id,
        user_id=purchase.user_id,
        payment_ref=purchase.payment_ref or "",
        amount=refund.amount,
        currency=purchase.currency,
        again=refund.attempts > 0,
        old=refund.is_old,
    )
    provider = payments.providers.get(purchase.provider)
    if provider is None:
        raise ProviderDown
    try:
        answer = await provider.refund(order)
    except RefundRefused as no:
        await payments.database.transact(_refused, payments, refund, str(no))
    else:
        await provider_events.apply(payments, answer)
    await refund.refresh_from_db()
    return refund


async def claim(payments: PaymentContext, limit: int) -> Sequence[Refund]:
    """Lease refunds that were asked for and have no answer, `limit` at most."""
    return await payments.database.transact(refunds.claim, limit, notify=False)


async def renew(payments: PaymentContext, ids: Sequence[int]) -> None:
    """Renew the leases of refunds in hand."""
    if ids:
        await payments.database.transact(refunds.renew, ids, notify=False)


async def reschedule(payments: PaymentContext, refund: Refund, why: str) -> None:
    """Ask again after a while: later and later, but for ever, because money is promised."""
    pause = min(LONGEST_PAUSE, 2 ** min(refund.attempts, 12))
    await payments.database.transact(refunds.reschedule, refund, pause * 1000, why, notify=False)


async def _terms(
    payments: PaymentContext, purchase: Purchase, account: Account, amount: int | None, *, force: bool
) -> Terms:
    if not purchase.was_paid or purchase.charged is None:
        raise CannotRefund("refund-not-paid", purchase=str(purchase.id))
    if purchase.payment_ref is None or purchase.provider not in payments.providers:
        raise CannotRefund("refund-no-way", purchase=str(purchase.id), provider=purchase.provider)
    lost = reversals.money_lost(await reversals.of_purchase(purchase.id)) + await refunds.amount_requested(
        purchase.id
    )
    left = purchase.charged - lost
    wanted = left if amount is None else amount
    if not 0 < wanted <= left:
        raise CannotRefund("refund-too-much", left=max(0, left), wanted=wanted, currency=purchase.currency)
    takes = purchases.credits_lost(purchase, lost + wanted) - purchases.credits_lost(purchase, lost)
    available = max(0, account.available)
    if takes > available and not force:
        raise CannotRefund("refund-spent", needed=takes, available=account.available)
    return Terms(wanted, takes, min(takes, available))


async def _refused(payments: PaymentContext, refund: Refund, why: str) -> None:
    """Give the credits free again: the provider keeps the money where it is."""
    purchase = await purchases.get(refund.purchase_id)
    account = await ledger.lock(purchase.user_id)
    await refund.refresh_from_db()
    if refund.state is not RefundState.ASKED:
        return
    if held := await ledger.find_hold(refund.cause):
        await ledger.release(account, held)
    await refunds.finish(refund, RefundState.FAILED, why)
    await outbox.post_to_each(
        payments.admins,
        f"{refund.cause}:refused",
        purchase.subject,
        "operator-refund-refused",
        purchase=str(purchase.id),
        amount=refund.amount,
        currency=purchase.currency,
        reason=why,
    )
    await wake(account)
