"""The figures of today and of each day agree with the ledger, on both databases."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bot_platform.domain import ledger, overview
from bot_platform.domain.book_checks import BookCheck
from bot_platform.domain.inbox import Event, EventState
from bot_platform.domain.purchases import Purchase, PurchaseState
from bot_platform.domain.reversals import Reversal
from bot_platform.domain.stages import Stage
from bot_platform.domain.users import User
from bot_platform.flows.buy import buy
from bot_platform.flows.grant import grant
from bot_platform.infra.clock import now
from bot_platform.infra.database import Database
from bot_platform.infra.sql import Ask, query
from tests.makers import PRICES, payments, person


async def past_sale(user: User, days: int, currency: str = "usd", charged: int = 500) -> Purchase:
    """Store a purchase that was paid some days ago, without an entry."""
    began = now() - timedelta(days=days)
    return await Purchase.create(
        request_key=f"past:{days}:{currency}",
        user_id=user.id,
        package="buy_100",
        credits=10_000,
        amount=500,
        currency=currency,
        provider="stripe",
        charged=charged,
        state=PurchaseState.PAID,
        attempt_at=began,
        paid_at=began,
    )


async def spend(database: Database, user: User, amount: int) -> None:
    async def story() -> None:
        account = await ledger.lock(user.id)
        held = await ledger.hold(account, amount, "job:1:1", job_id=1)
        await ledger.capture(account, held, amount)

    await database.transact(story)


async def test_an_empty_database_has_empty_figures(database: Database) -> None:
    assert database
    told = await overview.today()
    assert (told.day.sales, told.day.takings, told.day.sold, told.failed_purchases) == (0, {}, 0, 0)
    assert (told.waits.messages, told.waits.failed_events) == (0, 0)
    assert (told.books.off, told.books.proved_at) == (False, None)
    days = await overview.by_day(query, 7)
    assert [day.date for day in days] == [told.day.date - timedelta(days=ago) for ago in range(6, -1, -1)]
    assert {day.sales for day in days} == {0}


async def test_today_shows_sales_and_where_the_credits_went(database: Database) -> None:
    user = await person(database, credits_=300)
    await buy(payments(database), user, PRICES.get("buy_100"), "press:1")
    await grant(database, user, 250, "Rain.", "g1")
    await grant(database, user, -50, "Sun.", "g2")
    await spend(database, user, 120)
    day = (await overview.today()).day
    assert (day.sales, day.takings) == (1, {("mock", "usd"): 500})
    assert (day.sold, day.spent, day.given, day.taken_back) == (10_000, 120, 500, 0)


async def test_each_day_has_its_own_takings_by_currency(database: Database) -> None:
    user = await person(database)
    await past_sale(user, 1)
    await past_sale(user, 1, "jpy", 700)
    await past_sale(user, 2)
    await past_sale(user, 9)

    async def told(ask: Ask) -> list[dict[tuple[str, str], int]]:
        return [dict(day.takings) for day in await overview.by_day(ask, 3)]

    expected = [{("stripe", "usd"): 500}, {("stripe", "usd"): 500, ("stripe", "jpy"): 700}, {}]
    assert await told(query) == expected
    async with database.reader() as ask:
        assert await told(ask) == expected


async def test_failures_and_the_result_of_the_audit_are_shown(database: Database) -> None:
    user = await person(database)
    for days, state in ((0, PurchaseState.FAILED), (0, PurchaseState.EXPIRED), (3, PurchaseState.FAILED)):
        row = await past_sale(user, days, f"{days}{state.value[:2]}")
        created = now() - timedelta(days=days)
        await Purchase.filter(id=row.id).update(state=state, created_at=created, paid_at=None)
    await Event.create(key="stripe:evt_1", type="x", payload={}, state=EventState.FAILED)
    await BookCheck.create(off=True, proved_at=datetime.fromtimestamp(1_700_000_000, UTC))
    told = await overview.today()
    assert (told.failed_purchases, told.waits.failed_events, told.books.off) == (1, 1, True)
    assert told.books.proved_at is not None
    assert told.books.proved_at.isoformat() == "2023-11-14T22:13:20+00:00"


async def returned(sale: Purchase, key: str, amount: int, days: int, stage: Stage, **more: Any) -> None:
    """Store a refund or a dispute that was made some days ago."""
    at = int((now() - timedelta(days=days)).timestamp())
    await Reversal.create(
        key=f"stripe:{key}",
        provider="stripe",
        payment_ref="pi_1",
        purchase_id=sale.id,
        amount=amount,
        currency="usd",
        stage=stage,
        as_of=at,
        since=at,
        made_at=at,
        **more,
    )


def nets(days: Sequence[overview.Day]) -> list[int]:
    return [day.net.get(("stripe", "usd"), 0) for day in days]


async def test_money_kept_aside_is_no_part_of_the_takings_when_it_comes_and_when_it_goes(
    database: Database,
) -> None:
    kept = await past_sale(await person(database), 0)
    await Purchase.filter(id=kept.id).update(state=PurchaseState.REVERSED, paid_at=None, charged=1500)
    await returned(kept, "re_1", 1500, 0, Stage.REFUNDED)
    (today,) = await overview.by_day(query, 1)
    assert (today.takings, today.returned, today.net) == ({}, {}, {})


async def test_takings_are_net_of_money_that_went_back_on_the_day_when_it_went(database: Database) -> None:
    user = await person(database)
    await past_sale(user, 0)
    old = await past_sale(user, 40)
    await returned(old, "re_1", 100, 1, Stage.REFUNDED)
    await returned(old, "re_2", 50, 0, Stage.REFUND_PENDING)
    await returned(old, "re_3", 70, 0, Stage.REFUND_UNDONE)
    await returned(old, "du_1", 500, 0, Stage.INQUIRY)
    today, days = (await overview.today()).day, await overview.by_day(query, 3)
    assert (today.takings, today.returned) == ({("stripe", "usd"): 500}, {("stripe", "usd"): 50})
    assert nets(days) == [0, -100, 450]
    async with database.reader() as ask:
        assert await overview.by_day(ask, 3) == days


async def test_a_sale_gives_no_more_money_back_than_it_brought(database: Database) -> None:
    sale = await past_sale(await person(database), 2)
    await returned(sale, "re_1", 300, 1, Stage.REFUNDED)
    await returned(sale, "du_1", 500, 0, Stage.LOST)
    assert nets(await overview.by_day(query, 3)) == [500, -300, -200]


async def test_a_won_dispute_returned_nothing_and_one_won_in_part_the_rest(database: Database) -> None:
    sale = await past_sale(await person(database), 2)
    await returned(sale, "du_1", 500, 1, Stage.WON)
    await returned(sale, "du_2", 500, 1, Stage.WON, moved=200, moves=2)
    assert nets(await overview.by_day(query, 3)) == [500, -200, 0]


async def test_a_refund_in_two_parts_is_counted_once_beside_the_total_of_its_charge(
    database: Database,
) -> None:
    # woocommerce/woocommerce#66320: $15 and then the rest of $50 were reported as $65 returned.
    sale = await past_sale(await person(database), 2)
    await returned(sale, "re_1", 150, 1, Stage.REFUNDED)
    await returned(sale, "re_2", 350, 0, Stage.REFUNDED)
    await returned(sale, "ch_1", 500, 0, Stage.REFUNDED_IN_ALL)
    assert nets(await overview.by_day(query, 3)) == [500, -150, -350]
