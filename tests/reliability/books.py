"""Purchases prepared by the hundred, and the books looked over afterwards."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from bot_platform.domain import ledger, purchases, users
from bot_platform.domain.checkout import CheckoutPage
from bot_platform.domain.purchases import Offer
from bot_platform.infra.clock import now
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from bot_platform.sandbox.telegram_state import Person
from tests.makers import PRICES, session_event
from tests.reliability.platforms import in_database

FIRST_BUYER = 6_000_000_000  # a prepared buyer's Telegram id is this and their number
IN_ONE_STORY = 200
CREDITED = 10_000  # hundredths in the package they buy
# What was kept aside, and perhaps returned, has no credits and no time of payment.
PAID = """p.state NOT IN ('open', 'processing', 'expired', 'failed', 'kept_aside')
    AND (p.state <> 'reversed' OR p.paid_at IS NOT NULL)"""

LOOKS = {
    "balance is not the sum of its entries": """
        SELECT a.id FROM account a LEFT JOIN entry e ON e.account_id = a.id
        GROUP BY a.id, a.balance HAVING a.balance <> COALESCE(SUM(e.amount), 0)""",
    "entries are not numbered to seq without a gap": """
        SELECT a.id FROM account a LEFT JOIN entry e ON e.account_id = a.id
        GROUP BY a.id, a.seq HAVING a.seq <> COUNT(e.id) OR a.seq <> COALESCE(MAX(e.seq), 0)""",
    "the last entry does not name the balance": """
        SELECT a.id FROM account a JOIN entry e ON e.account_id = a.id AND e.seq = a.seq
        WHERE e.balance_after <> a.balance""",
    "a paid purchase without its one entry": f"""
        SELECT p.id FROM purchase p LEFT JOIN entry e ON e.purchase_id = p.id AND e.kind = 'purchase'
        WHERE {PAID} GROUP BY p.id, p.credits
        HAVING COUNT(e.id) <> 1 OR SUM(e.amount) <> p.credits""",  # noqa: S608 -- the names are ours
    "an entry of a purchase that nobody paid": f"""
        SELECT p.id FROM purchase p JOIN entry e ON e.purchase_id = p.id AND e.kind = 'purchase'
        WHERE NOT ({PAID})""",  # noqa: S608 -- as above
}


def buyer(number: int) -> Person:
    """Name a prepared buyer."""
    return Person(id=FIRST_BUYER + number, first_name=f"Buyer {number}")


async def prepare(url: str, numbers: Sequence[int]) -> None:
    """Let each of these buyers arrive and be about to pay for 100 credits."""

    async def several(some: Sequence[int]) -> None:
        for number in some:
            user, _ = await users.welcome(FIRST_BUYER + number, "en")
            await ledger.open_account(user.id)
            offer = Offer.of(PRICES.get("buy_100"), user.id, "stripe")
            begun = await purchases.begin(f"prepared:{number}", offer)
            until = now() + timedelta(hours=20)
            await purchases.attach(begun, CheckoutPage(f"cs_test_{number}", "https://pay.example/", until))

    async def all_of_them(database: Database) -> None:
        for first in range(0, len(numbers), IN_ONE_STORY):
            await database.transact(several, numbers[first : first + IN_ONE_STORY])

    await in_database(url, all_of_them)


def paid(number: int) -> dict[str, Any]:
    """Make the event that a prepared buyer has paid."""
    return session_event(id_=f"evt_{number}", id=f"cs_test_{number}", payment_intent=f"pi_{number}")


async def faults(url: str) -> list[str]:
    """Look over all books: sums, numbers, and each paid purchase's one entry; says what is wrong."""

    async def look(_: Database) -> list[str]:
        return [f"{what}: {row['id']}" for what, sql in LOOKS.items() for row in await query(sql)]

    return await in_database(url, look)


async def not_credited_once(url: str, numbers: Sequence[int]) -> list[str]:
    """Look over prepared buyers who have all paid once; says who has not exactly what they paid for."""

    async def look(_: Database) -> list[str]:
        rows = await query(
            "SELECT u.telegram_id AS who, a.balance AS has FROM users u JOIN account a ON a.user_id = u.id"
        )
        has = {row["who"] - FIRST_BUYER: row["has"] for row in rows}
        return [f"buyer {n} has {has.get(n)}" for n in numbers if has.get(n) != CREDITED]

    return await in_database(url, look)
