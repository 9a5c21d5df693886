"""Refunds: hold the credits, let the provider return the money, then take the credits back."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

from bot_platform.domain import actions, ledger, outbox, purchases, refunds, reversals
from bot_platform.domain.checkout import ProviderDown, RefundRefused
from bot_platform.domain.checkout_orders import RefundOrder
from bot_platform.domain.errors import CannotRefund
from bot_platform.domain.ledger import Account
from bot_platform.domain.purchases import Purchase, PurchaseState
from bot_platform.domain.refunds import Refund, RefundState
from bot_platform.flows import provider_events
from bot_platform.flows.context import PaymentContext
from bot_platform.flows.wake import wake
from bot_platform.infra.backoff import backoff

FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 2, 600  # between two requests to the provider


@dataclass(frozen=True, slots=True)
class Terms:
    """What a refund does: `amount` to return, in minor units, and credits to take back, in hundredths.

    Of the credits that it `takes`, `there` are available; the rest becomes a debt.
    """

    amount: int
    takes: int
    there: int

    @property
    def debt(self) -> int:
        """The credits that are spent already, in hundredths."""
        return self.takes - self.there


async def terms(payments: PaymentContext, purchase: Purchase, *, amount: int | None, force: bool) -> Terms:
    """Return what `request` would do now; raises CannotRefund as it would."""
    account = await ledger.find_account(purchase.user_id)
    return await _terms(payments, purchase, account, amount, force=force)


async def request(
    payments: PaymentContext,
    purchase_id: int,
    *,
    amount: int | None,
    reason: str,
    force: bool,
    most_debt: int | None = None,
    request_key: str = "",
    by: str = actions.CONSOLE,
) -> Refund:
    """Store a refund and hold its credits: `amount` in minor units, None for all that is left.

    `request_key` names the request: a repeated one returns its refund. Without a key, each call is a
    new request. Raises CannotRefund, also when credits are spent, unless `force`; and with `most_debt` (the
    hundredths that the operator has seen) when more would become a debt.

    The refund is leased to the caller: call `carry_out`, or `start_now` to leave it to the worker.
    """
    key = request_key or uuid4().hex  # the story may run again after a commit whose answer was lost
    return await payments.database.transact(
        partial(
            _request,
            payments,
            purchase_id,
            key,
            amount=amount,
            reason=reason,
            force=force,
            most_debt=most_debt,
            by=by,
        )
    )


async def start_now(payments: PaymentContext, refund: Refund) -> None:
    """Release the lease of a new refund, so that the refund worker carries it out now."""
    if refund.attempts == 0:
        await payments.database.transact(refunds.reschedule, refund, 0, "", notify=False)


async def claim(payments: PaymentContext, limit: int) -> Sequence[Refund]:
    """Lease refunds that the provider has not answered yet, at most `limit`."""
    if not await payments.database.transact(refunds.any_to_claim, notify=False):
        return []
    return await payments.database.transact(refunds.claim, limit, notify=False)


async def renew(payments: PaymentContext, ids: Sequence[int]) -> None:
    """Renew the leases of refunds in hand."""
    if ids:
        await payments.database.transact(refunds.renew, ids, notify=False)


async def carry_out(payments: PaymentContext, refund: Refund) -> Refund:
    """Ask the provider to return the money and apply its answer; raises ProviderDown. It may be repeated.

    The refund is finished by the answer or by the provider's event, whichever comes first.
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
        uid=refund.uid,
        since=int(refund.created_at.timestamp()),
    )
    provider = payments.providers.get(purchase.provider)
    if provider is None:
        raise ProviderDown
    try:
        answer = await provider.refund(order)
    except RefundRefused as refusal:
        await payments.database.transact(_fail, payments, refund, str(refusal))
    else:
        await provider_events.apply(payments, answer)
    await refund.refresh_from_db()
    return refund


async def reschedule(payments: PaymentContext, refund: Refund, error: str) -> None:
    """Ask the provider again later. The pauses grow, but there is no last attempt: the money is promised."""
    pause = backoff(refund.attempts, first=FIRST_PAUSE_SECONDS, most=MAX_PAUSE_SECONDS)
    await payments.database.transact(refunds.reschedule, refund, int(pause * 1000), error, notify=False)


async def _request(
    payments: PaymentContext,
    purchase_id: int,
    key: str,
    *,
    amount: int | None,
    reason: str,
    force: bool,
    most_debt: int | None,
    by: str,
) -> Refund:
    purchase = await purchases.look_up(purchase_id)
    if purchase is None:
        raise CannotRefund("refund-no-purchase", purchase=str(purchase_id))
    account = await ledger.lock(purchase.user_id)
    if known := await refunds.find_by_request_key(key):  # under the lock: two presses are one request
        return known
    await purchase.refresh_from_db()
    agreed = await _terms(payments, purchase, account, amount, force=force)
    if most_debt is not None and agreed.debt > most_debt:
        raise CannotRefund("refund-debt-grew", debt=agreed.debt)
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


async def _terms(
    payments: PaymentContext, purchase: Purchase, account: Account, amount: int | None, *, force: bool
) -> Terms:
    if purchase.state is PurchaseState.KEPT_ASIDE:
        raise CannotRefund("refund-kept-aside", purchase=str(purchase.id), payment=purchase.payment_ref or "")
    if not purchase.was_paid or purchase.charged is None:
        raise CannotRefund("refund-not-paid", purchase=str(purchase.id))
    if purchase.payment_ref is None or purchase.provider not in payments.providers:
        raise CannotRefund("refund-no-way", purchase=str(purchase.id), provider=purchase.provider)
    returned = reversals.money_lost(await reversals.of_purchase(purchase.id))
    lost = returned + await refunds.amount_requested(purchase.id)
    left = purchase.charged - lost
    wanted = left if amount is None else amount
    if not 0 < wanted <= left:
        raise CannotRefund("refund-too-much", left=max(0, left), wanted=wanted, currency=purchase.currency)
    takes = purchases.credits_lost(purchase, lost + wanted) - purchases.credits_lost(purchase, lost)
    available = max(0, account.available)
    if takes > available and not force:
        raise CannotRefund("refund-spent", needed=takes, available=account.available)
    return Terms(wanted, takes, min(takes, available))


async def _fail(payments: PaymentContext, refund: Refund, reason: str) -> None:
    """Release the credits of a refund that the provider refused, and alert the operators."""
    purchase = await purchases.get(refund.purchase_id)
    account = await ledger.lock(purchase.user_id)
    await refund.refresh_from_db()
    if refund.state is not RefundState.ASKED:
        return
    if held := await ledger.find_hold(refund.cause):
        await ledger.release(account, held)
    await refunds.finish(refund, RefundState.FAILED, reason)
    about: dict[str, Any] = {
        "purchase": str(purchase.id),
        "amount": refund.amount,
        "currency": purchase.currency,
        "reason": reason,
    }
    await outbox.rewrite(refund.request_key, "admin-refund-refused", **about)
    key = f"{refund.cause}:refused"
    await outbox.post_to_each(payments.operators, key, purchase.subject, "operator-refund-refused", **about)
    await wake(account)
