"""An operator in Telegram sees what a refund would do, and confirms it or drops it."""

from functools import partial
from typing import Any

from bot_platform.domain import actions, outbox, purchases, users
from bot_platform.domain.errors import CannotRefund
from bot_platform.domain.outbox import Notice
from bot_platform.flows import refund
from bot_platform.flows.context import PaymentContext
from bot_platform.infra.sql import json_safe

DRAFT = "admin-refund-draft"  # the text of a draft that is neither confirmed nor dropped


async def draft(
    payments: PaymentContext,
    chat_id: int,
    purchase_id: int,
    amount: int | None,
    reason: str,
    request_key: str,
) -> None:
    """Show an operator what a refund would do; raises CannotRefund.

    `amount` is in minor units, None for all that is left.
    """
    purchase = await purchases.look_up(purchase_id)
    if purchase is None:
        raise CannotRefund("refund-no-purchase", purchase=str(purchase_id))
    terms = await refund.terms(payments, purchase, amount=amount, force=True)
    buyer = await users.get(purchase.user_id)
    values = {
        "purchase": str(purchase.id),
        "user": str(buyer.telegram_id),
        "amount": terms.amount,
        "currency": purchase.currency,
        "takes": terms.takes,
        "debt": terms.debt,
        "reason": json_safe(reason),
        "draft": request_key,
    }
    await payments.database.transact(_post, chat_id, _key(request_key), values)


async def confirm(payments: PaymentContext, chat_id: int, request_key: str) -> None:
    """Request the refund of a draft, once; raises CannotRefund.

    The message of the draft then shows that the refund is asked for, and, once it has ended, its outcome.
    """
    shown = await _find(chat_id, request_key)
    if shown.text != DRAFT:
        return
    values = shown.text_values
    requested = await refund.request(
        payments,
        int(values["purchase"]),
        amount=values["amount"],
        reason=values["reason"],
        force=values["debt"] > 0,  # a debt that the draft did not show is not agreed to
        most_debt=values["debt"],
        request_key=shown.key,
        by=actions.telegram(chat_id),
    )
    kept = {name: values[name] for name in ("purchase", "amount", "currency")}
    await payments.database.transact(partial(outbox.rewrite, shown.subject, "admin-refund-asked", **kept))
    await refund.start_now(payments, requested)  # only now: its end writes the outcome into this message


async def drop(payments: PaymentContext, chat_id: int, request_key: str) -> None:
    """Drop a draft: it can no longer be confirmed."""
    shown = await _find(chat_id, request_key)
    if shown.text == DRAFT:
        number = shown.text_values["purchase"]
        await payments.database.transact(
            partial(outbox.rewrite, shown.subject, "admin-refund-dropped", purchase=number)
        )


async def _post(chat_id: int, key: str, values: dict[str, Any]) -> None:
    await outbox.post(key, chat_id, key, DRAFT, rank=outbox.OTHER, **values)


async def _find(chat_id: int, request_key: str) -> Notice:
    shown = await outbox.find(_key(request_key))
    if shown is None or shown.chat_id != chat_id:
        raise CannotRefund("admin-draft-gone")
    return shown


def _key(request_key: str) -> str:
    return f"refund:{request_key}"
