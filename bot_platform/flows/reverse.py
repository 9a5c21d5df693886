"""Refunds and disputes take back the credits of their purchase, or give them back, whatever their order."""

from collections.abc import Sequence
from typing import Any

from bot_platform.domain import ledger, outbox, purchases, refunds, reversals, users
from bot_platform.domain.checkout import PaymentReversed, Stage
from bot_platform.domain.inbox import EventState
from bot_platform.domain.ledger import Account
from bot_platform.domain.purchases import Purchase
from bot_platform.flows import freeze
from bot_platform.flows.context import Outcome, alarm_key
from bot_platform.flows.wake import wake
from bot_platform.infra.sql import advisory_lock

# A bank's questions have deadlines, and money has an owner: these an operator hears of.
TELL_THE_OPERATOR = reversals.FREEZES | reversals.DISPUTES


async def reverse(news: PaymentReversed, admins: Sequence[int]) -> Outcome:
    """Note what a provider says against a payment, and let the books follow; part of a transaction."""
    await advisory_lock(news.payment_ref)  # with the payment itself, which may be settling now
    purchase = await purchases.find_paid_by(news.provider, news.payment_ref)
    if purchase is None:
        await reversals.note(news, None, None)
        return Outcome(EventState.HANDLED, "it waits for its payment")
    if news.currency not in {None, purchase.currency}:
        return Outcome.of(purchase, EventState.FAILED, _other_currency(purchase, news.currency), alarm=True)
    account = await ledger.lock(purchase.user_id)
    await purchase.refresh_from_db()
    changed = await reversals.note(news, purchase.id, purchase.user_id)
    await _answer_ours(account, purchase, news, admins)
    await _follow(account, purchase, news.stage)
    if changed:
        await _tell_the_operator(purchase, news.key, news.stage, news.amount, admins)
    return Outcome.of(purchase, EventState.HANDLED, changed=changed)


async def join(purchase: Purchase, admins: Sequence[int]) -> None:
    """Let a purchase that is paid now meet what came before its payment; its account is locked."""
    if purchase.payment_ref is None:
        return
    why: Stage | None = None
    for row in await reversals.waiting(purchase.provider, purchase.payment_ref):
        if row.currency not in {None, purchase.currency}:
            reason = _other_currency(purchase, row.currency)
            await outbox.post_to_each(
                admins,
                alarm_key(row.key, reason),
                purchase.subject,
                "operator-finding",
                what=row.key,
                reason=reason,
                purchase=str(purchase.id),
            )
            continue
        await reversals.join(row, purchase.id, purchase.user_id)
        await _tell_the_operator(purchase, row.key, row.stage, row.amount, admins)
        why = row.stage
    if why:
        await _follow(await ledger.find_account(purchase.user_id), purchase, why)


async def _follow(account: Account, purchase: Purchase, why: Stage) -> None:
    """Bring what was taken back to what all reversals of the purchase come to (money.md 5)."""
    lost = reversals.money_lost(await reversals.of_purchase(purchase.id))
    target = purchases.credits_lost(purchase, lost)
    taken = target - purchase.reversed
    if taken:
        n = 1 + await ledger.times_reversed(purchase.id)
        cause = f"reverse:{purchase.id}:{n}"
        await ledger.post(account, ledger.EntryKind.REVERSAL, -taken, cause, purchase_id=purchase.id)
        await purchases.reverse(purchase, target)
        await _tell_the_buyer(account, purchase, why, taken, n)
    await freeze.follow(account, why)
    await wake(account)  # after a refund of ours let go of its credits, or some were given back


async def _answer_ours(
    account: Account, purchase: Purchase, news: PaymentReversed, admins: Sequence[int]
) -> None:
    """Finish the refund of ours that this is; its hold has kept the credits until now."""
    refund = await refunds.find(news.refund_id) if news.refund_id else None
    if refund is None or refund.purchase_id != purchase.id or news.stage not in reversals.REFUNDS:
        return
    if held := await ledger.find_hold(refund.cause):
        await ledger.release(account, held)
    undone = news.stage is Stage.REFUND_UNDONE
    end = refunds.RefundState.FAILED if undone else refunds.RefundState.DONE
    if refund.state is end or refund.state is refunds.RefundState.FAILED:
        return
    await refunds.finish(refund, end, "it did not go through" if undone else None)
    if undone:
        await outbox.post_to_each(
            admins, f"{refund.cause}:undone", purchase.subject, "operator-refund-undone", **_of(purchase)
        )


async def _tell_the_buyer(account: Account, purchase: Purchase, why: Stage, taken: int, n: int) -> None:
    buyer = await users.get(purchase.user_id)
    await outbox.post(
        f"{purchase.subject}:reversed:{n}",
        buyer.telegram_id,
        purchase.subject,
        "credits-taken-back" if taken > 0 else "credits-given-back",
        why="dispute" if why in reversals.DISPUTES else "refund",
        part="yes" if abs(taken) < purchase.credits else "no",
        credits=abs(taken),
        balance=account.available,
        debt="yes" if account.available < 0 else "no",
        **_of(purchase),
    )
    status = "checkout-reversed" if purchase.reversed else "checkout-paid"
    await outbox.rewrite(
        purchase.link_subject,
        status,
        credits=purchase.credits,
        amount=purchase.amount,
        currency=purchase.currency,
        reversed=purchase.reversed,
    )


async def _tell_the_operator(
    purchase: Purchase, key: str, stage: Stage, amount: int, admins: Sequence[int]
) -> None:
    if stage not in TELL_THE_OPERATOR:
        return
    buyer = await users.get(purchase.user_id)
    await outbox.post_to_each(
        admins,
        f"{key}:{stage}",
        purchase.subject,
        "operator-dispute",
        stage=stage.value,
        disputed=amount,
        user=str(buyer.telegram_id),
        **_of(purchase),
    )


def _other_currency(purchase: Purchase, currency: str | None) -> str:
    return f"paid in {purchase.currency}, but reversed in {currency}"


def _of(purchase: Purchase) -> dict[str, Any]:
    """Say of which purchase a notice speaks."""
    return {"purchase": str(purchase.id), "amount": purchase.amount, "currency": purchase.currency}
