"""Keeps money aside that does not fit its purchase, until an operator decides about it."""

from collections.abc import Sequence
from typing import Any

from bot_platform.domain import kept_aside, outbox, users
from bot_platform.domain.checkout import CheckoutRef
from bot_platform.domain.inbox import EventState
from bot_platform.domain.purchases import Purchase
from bot_platform.flows import reverse
from bot_platform.flows.context import Outcome
from bot_platform.infra import correlation


async def keep_aside(
    purchase: Purchase, checkout: CheckoutRef, charged: int | None, reason: str, operators: Sequence[int]
) -> Outcome:
    """Keep a payment aside, and tell the buyer once; part of a transaction that has locked the account.

    `charged` as in `kept_aside.keep`. The outcome fails with an alarm, so that the event can be replayed
    and the operators read the reason. A payment that was returned since needs nobody any more.
    """
    correlation.adopt(purchase.request_key)
    kept = await kept_aside.keep(purchase, checkout, charged)
    if kept:
        buyer = await users.get(purchase.user_id)
        about: dict[str, Any] = {"package": purchase.package, "purchase": str(purchase.id)}
        key = f"{purchase.subject}:kept_aside"
        place = await outbox.place_of(purchase.link_subject)
        await outbox.post(
            key, buyer.telegram_id, purchase.subject, "payment-kept-aside", place=place, **about
        )
        await outbox.rewrite(purchase.link_subject, "checkout-kept-aside", returned="no", **about)
        await reverse.join(purchase, operators)
    if purchase.is_uncredited and purchase.was_paid:
        return Outcome.of(purchase, EventState.HANDLED, "the money was returned", changed=kept)
    return Outcome.of(purchase, EventState.FAILED, reason, alarm=True, changed=kept)
