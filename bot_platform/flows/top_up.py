"""Credits a paid purchase and sends the receipt."""

from bot_platform.domain import ledger, outbox, users
from bot_platform.domain.ledger import Account
from bot_platform.domain.purchases import Purchase
from bot_platform.infra import commit_events


async def top_up(account: Account, purchase: Purchase, receipt: str) -> None:
    """Credit a paid purchase to its locked account; part of a transaction."""
    await ledger.post(
        account,
        ledger.EntryKind.PURCHASE,
        purchase.credits,
        f"purchase:{purchase.id}",
        purchase_id=purchase.id,
    )
    commit_events.record("sale", provider=purchase.provider)
    buyer = await users.get(purchase.user_id)
    await outbox.post(
        f"{purchase.subject}:receipt",
        buyer.telegram_id,
        purchase.subject,
        receipt,
        place=await outbox.place_of(purchase.link_subject),
        credits=purchase.credits,
        balance=account.available,
    )
    await outbox.rewrite(
        purchase.link_subject,
        "checkout-paid",
        credits=purchase.credits,
        amount=purchase.amount,
        currency=purchase.currency,
    )
