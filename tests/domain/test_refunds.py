"""Rows of refunds: leased to one worker, one of each purchase at a time."""

import asyncio
from uuid import uuid4

from bot_platform.domain import purchases, refunds
from bot_platform.domain.purchases import Offer
from bot_platform.domain.refunds import Refund, RefundState
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from tests.makers import PRICES, person


async def purchase(database: Database, name: str = "p") -> int:
    user = await person(database)
    offer = Offer.of(PRICES.get("buy_100"), user.id, "stripe")
    return int((await database.transact(purchases.begin, name, offer)).id)


async def ask(database: Database, purchase_id: int, amount: int) -> Refund:
    return await database.transact(refunds.request, uuid4().hex, purchase_id, amount, "asked")


async def due() -> None:
    await query("UPDATE refund SET lease_until = 0, next_at = 0")


async def test_a_refund_is_claimed_once_until_its_lease_expires(database: Database) -> None:
    asked = await ask(database, await purchase(database), 100)
    assert await database.transact(refunds.claim, 10, notify=False) == []
    await due()
    (row,) = await database.transact(refunds.claim, 10, notify=False)
    assert (row.id, row.attempts) == (asked.id, 1)
    assert await database.transact(refunds.claim, 10, notify=False) == []


async def test_refunds_of_one_purchase_run_in_turn_and_other_purchases_do_not_wait(
    database: Database,
) -> None:
    one, other = await purchase(database), await purchase(database, "q")
    first, _, third = [await ask(database, id_, 100) for id_ in (one, one, other)]
    await due()
    claims = await asyncio.gather(*(database.transact(refunds.claim, 10, notify=False) for _ in range(3)))
    assert sorted(row.id for rows in claims for row in rows) == [first.id, third.id]


async def test_only_unanswered_refunds_are_claimed(database: Database) -> None:
    id_ = await purchase(database)
    rows = [await ask(database, id_, amount) for amount in (100, 20, 3)]
    assert await refunds.amount_requested(id_) == 123
    await database.transact(refunds.finish, rows[0], RefundState.DONE, notify=False)
    await database.transact(refunds.finish, rows[1], RefundState.FAILED, "no", notify=False)
    assert await refunds.amount_requested(id_) == 3
    await due()
    assert [row.id for row in await database.transact(refunds.claim, 10, notify=False)] == [rows[2].id]


async def test_a_rescheduled_refund_waits_and_keeps_its_reason(database: Database) -> None:
    row = await ask(database, await purchase(database), 100)
    await database.transact(refunds.reschedule, row, 60_000, "down", notify=False)
    assert await database.transact(refunds.claim, 10, notify=False) == []
    found = await refunds.find(row.id)
    assert found
    assert (found.error, found.state) == ("down", RefundState.ASKED)
    assert await refunds.find(404) is None
