"""An operator in Telegram is shown what a refund would do, and says yes or no to it, once."""

from functools import partial
from typing import Any

from bot_platform.domain import actions, outbox, purchases, users
from bot_platform.domain.errors import CannotRefund
from bot_platform.domain.outbox import Notice
from bot_platform.flows import refund
from bot_platform.flows.context import PaymentContext
from bot_platform.infra.sql import json_safe


async def draft(
    payments: PaymentContext,
    chat_id: int,
    purchase_id: int,
    amount: int | None,
    reason: str,
    request_key: str,
) -> None:
    """Show an operator what a refund would do: `amount` in minor units, None for all. Raises CannotRefund."""
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
        "debt": terms.takes - terms.there,
        "reason": json_safe(reason),
        "draft": request_key,
    }
    await payments.database.transact(_write, chat_id, _key(request_key), values)


async def confirm(payments: PaymentContext, chat_id: int, request_key: str) -> None:
    """Ask for the refund that was shown, once; raises CannotRefund."""
    shown = await _shown(chat_id, request_key)
    if shown.text != "admin-refund-draft":
        return
    said = shown.text_values
    asked = await refund.request(
        payments,
        int(said["purchase"]),
        amount=said["amount"],
        reason=said["reason"],
        force=said["debt"] > 0,  # what was not shown is not agreed to
        request_key=shown.key,
        by=actions.telegram(chat_id),
    )
    await refund.hand_over(payments, asked)
    done = {name: said[name] for name in ("purchase", "amount", "currency")}
    await payments.database.transact(partial(outbox.rewrite, shown.subject, "admin-refund-asked", **done))


async def drop(payments: PaymentContext, chat_id: int, request_key: str) -> None:
    """Let a refund that was shown never be asked for."""
    shown = await _shown(chat_id, request_key)
    if shown.text == "admin-refund-draft":
        about = shown.text_values["purchase"]
        await payments.database.transact(
            partial(outbox.rewrite, shown.subject, "admin-refund-dropped", purchase=about)
        )


async def _shown(chat_id: int, request_key: str) -> Notice:
    shown = await outbox.find(_key(request_key))
    if shown is None or shown.chat_id != chat_id:
        raise CannotRefund("admin-draft-gone")
    return shown


async def _write(chat_id: int, key: str, values: dict[str, Any]) -> None:
    await outbox.post(key, chat_id, key, "admin-refund-draft", rank=outbox.OTHER, **values)


def _key(request_key: str) -> str:
    return f"refund:{request_key}"
