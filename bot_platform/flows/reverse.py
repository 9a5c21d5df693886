"""Refunds and disputes take back the credits of their purchase, or return them, in any order of arrival."""

from collections.abc import Sequence
from typing import Any

from bot_platform.domain import (
    kept_aside,
    ledger,
    outbox,
    purchase_lookup,
    purchases,
    refunds,
    reversals,
    users,
)
from bot_platform.domain.checkout import PaymentReversed, Stage
from bot_platform.domain.inbox import EventState
from bot_platform.domain.ledger import Account
from bot_platform.domain.purchases import Purchase
from bot_platform.domain.reversals import Reversal
from bot_platform.flows import freeze
from bot_platform.flows.context import Outcome, alarm_key
from bot_platform.flows.wake import wake
from bot_platform.infra.sql import advisory_lock

# Operators get an alert for these: an inquiry has a deadline, and a dispute takes money.
ALERT_STAGES = reversals.FREEZES | reversals.DISPUTES


async def reverse(news: PaymentReversed, operators: Sequence[int]) -> Outcome:
    """Store what a provider reports against a payment, and correct the credits; part of a transaction.

    News about a payment that we do not know yet wait for it, see `join`.
    """
    await advisory_lock(news.payment_ref)  # the payment itself may be settling now
    purchase = await purchase_lookup.find_paid_by(news.provider, news.payment_ref)
    if purchase is None:
        await reversals.note(news, None, None)
        return Outcome(EventState.HANDLED, "it waits for its payment")
    # Money that was kept aside may have come in another currency, and its amount is in that.
    if news.currency not in {None, purchase.currency} and not purchase.is_uncredited:
        return Outcome.of(purchase, EventState.FAILED, _other_currency(purchase, news.currency), alarm=True)
    account = await ledger.lock(purchase.user_id)
    await purchase.refresh_from_db()
    changed = await reversals.note(news, purchase.id, purchase.user_id)
    await _finish_our_refund(account, purchase, news, operators)
    await _correct(account, purchase, news.stage)
    if changed:
        await _alert_operators(purchase, news, operators)
    if news.unknown:
        await outbox.post_to_each(
            operators,
            f"{news.key}:unknown:{news.unknown}",
            purchase.subject,
            "operator-unknown-status",
            what=news.key,
            status=news.unknown,
            **_values(purchase),
        )
    return Outcome.of(purchase, EventState.HANDLED, changed=changed)


async def join(purchase: Purchase, operators: Sequence[int], *, again: bool = False) -> None:
    """Apply the reversals that came before their payment to the purchase, which is paid or kept aside now.

    `again`: apply also those that came while it was kept aside. Part of a transaction that has locked the
    buyer's account.
    """
    if purchase.payment_ref is None:
        return
    known = await reversals.of_purchase(purchase.id) if again else ()
    last: Stage | None = known[-1].stage if known else None
    for row in await reversals.waiting(purchase.provider, purchase.payment_ref):
        if row.currency not in {None, purchase.currency} and not purchase.is_uncredited:
            reason = _other_currency(purchase, row.currency)
            await outbox.post_to_each(
                operators,
                alarm_key(row.key, reason),
                purchase.subject,
                "operator-finding",
                what=row.key,
                reason=reason,
                purchase=str(purchase.id),
            )
            continue
        await reversals.join(row, purchase.id, purchase.user_id)
        await _alert_operators(purchase, row, operators)
        last = row.stage
    if last:
        await _correct(await ledger.find_account(purchase.user_id), purchase, last)


async def _finish_our_refund(
    account: Account, purchase: Purchase, news: PaymentReversed, operators: Sequence[int]
) -> None:
    """If the news answer a refund that we requested, release its hold and finish it."""
    refund = await refunds.find_named(news.refund_id, news.refund_uid) if news.refund_id else None
    if refund is None or (refund.purchase_id, refund.amount) != (purchase.id, news.amount):
        return
    if news.stage not in reversals.REFUNDS:
        return
    if held := await ledger.find_hold(refund.cause):
        await ledger.release(account, held)
    undone = news.stage is Stage.REFUND_UNDONE
    end = refunds.RefundState.FAILED if undone else refunds.RefundState.DONE
    if refund.state is end or refund.state is refunds.RefundState.FAILED:
        return
    await refunds.finish(refund, end, "it did not go through" if undone else None)
    shown = "admin-refund-undone" if undone else "admin-refund-done"
    await outbox.rewrite(refund.request_key, shown, **(_values(purchase) | {"amount": refund.amount}))
    if undone:
        await outbox.post_to_each(
            operators,
            f"{refund.cause}:undone",
            purchase.subject,
            "operator-refund-undone",
            **_values(purchase),
        )


async def _correct(account: Account, purchase: Purchase, stage: Stage) -> None:
    """Take back, or return, what all its reversals together require (docs/money.md, Reversals)."""
    lost = reversals.money_lost(await reversals.of_purchase(purchase.id))
    if purchase.is_uncredited:
        await _return_kept(purchase, lost)
    else:
        await _take_back(account, purchase, stage, lost)
    await freeze.update(account, stage)
    await wake(account)  # our refund may have released its hold, or credits may have been returned


async def _return_kept(purchase: Purchase, lost: int) -> None:
    """Note that money which was kept aside went back, or did not; no credits are concerned."""
    if not await kept_aside.note_returned(purchase, lost):
        return
    returned = "yes" if purchase.was_paid else "no"
    buyer = await users.get(purchase.user_id)
    about: dict[str, Any] = {"package": purchase.package, "purchase": str(purchase.id)}
    if purchase.was_paid:
        key = f"{purchase.subject}:returned"
        place = await outbox.place_of(purchase.link_subject)
        await outbox.post(key, buyer.telegram_id, purchase.subject, "payment-returned", place=place, **about)
    await outbox.rewrite(purchase.link_subject, "checkout-kept-aside", returned=returned, **about)


async def _take_back(account: Account, purchase: Purchase, stage: Stage, lost: int) -> None:
    target = purchases.credits_lost(purchase, lost)
    taken = target - purchase.reversed
    if taken:
        n = 1 + await ledger.times_reversed(purchase.id)
        cause = f"reverse:{purchase.id}:{n}"
        await ledger.post(account, ledger.EntryKind.REVERSAL, -taken, cause, purchase_id=purchase.id)
        await purchases.reverse(purchase, target)
        await _notify_buyer(account, purchase, stage, taken, n)


async def _notify_buyer(account: Account, purchase: Purchase, stage: Stage, taken: int, n: int) -> None:
    buyer = await users.get(purchase.user_id)
    await outbox.post(
        f"{purchase.subject}:reversed:{n}",
        buyer.telegram_id,
        purchase.subject,
        "credits-taken-back" if taken > 0 else "credits-given-back",
        place=await outbox.place_of(purchase.link_subject),
        why="dispute" if stage in reversals.DISPUTES else "refund",
        part="yes" if abs(taken) < purchase.credits else "no",
        credits=abs(taken),
        balance=account.available,
        debt="yes" if account.available < 0 else "no",
        **_values(purchase),
    )
    await outbox.rewrite(
        purchase.link_subject,
        "checkout-reversed" if purchase.reversed else "checkout-paid",
        credits=purchase.credits,
        amount=purchase.amount,
        currency=purchase.currency,
        reversed=purchase.reversed,
    )


async def _alert_operators(
    purchase: Purchase, news: PaymentReversed | Reversal, operators: Sequence[int]
) -> None:
    """Tell operators of each stage, and of each change of what a dispute has taken."""
    if news.stage not in ALERT_STAGES:
        return
    taken = reversals.taken_by_dispute(news)
    buyer = await users.get(purchase.user_id)
    await outbox.post_to_each(
        operators,
        f"{news.key}:{news.stage}:{taken}",
        purchase.subject,
        "operator-dispute",
        stage=news.stage.value,
        disputed=news.amount,
        taken=taken,
        part="yes" if 0 < taken < news.amount else "no",
        credited="no" if purchase.is_uncredited else "yes",
        disputed_currency=news.currency or purchase.currency,
        user=str(buyer.telegram_id),
        **_values(purchase),
    )


def _other_currency(purchase: Purchase, currency: str | None) -> str:
    return f"paid in {purchase.currency}, but reversed in {currency}"


def _values(purchase: Purchase) -> dict[str, Any]:
    """Return the values by which a notice names its purchase."""
    return {"purchase": str(purchase.id), "amount": purchase.amount, "currency": purchase.currency}
