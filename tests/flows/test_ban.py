"""A ban stops new purchases and new work, and takes no credits."""

import pytest

from bot_platform.domain import actions, ledger
from bot_platform.domain.errors import Banned
from bot_platform.domain.jobs import Job, JobState
from bot_platform.domain.outbox import Notice
from bot_platform.flows import order_work
from bot_platform.flows.audit import audit_books
from bot_platform.flows.ban import ban
from bot_platform.flows.buy import buy
from bot_platform.flows.grant import grant
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from tests.makers import PRICES, balance, context, payments, person


async def test_a_banned_user_can_neither_buy_nor_order_and_keeps_their_credits(database: Database) -> None:
    user = await person(database, credits_=1_000)
    assert await ban(database, user, banned=True, reason="Spam.", by=actions.telegram(42))
    with pytest.raises(Banned):
        await buy(payments(database), user, PRICES.get("buy_100"), "press:1")
    with pytest.raises(Banned):
        await order_work.order(context(database), user, "ask", {}, "order:1", most=100, needs=100)
    assert await balance(user) == 1_000
    assert [notice.text for notice in await Notice.filter(text="banned")] == ["banned"]


async def test_a_parked_job_stays_parked_during_a_ban_and_starts_by_itself_after_it(
    database: Database,
) -> None:
    user = await person(database)
    await order_work.order(context(database), user, "ask", {}, "order:1", most=100, needs=100)
    await ban(database, user, banned=True, reason="Spam.")
    await grant(database, user, 500, "Because.", "g1")
    (job,) = await Job.all()
    assert job.state is JobState.PARKED
    assert (await Notice.get(subject=job.subject)).text == "work-waits-banned"
    assert not await audit_books(database, (), lambda _: None)
    await ban(database, user, banned=False, reason="A mistake.")
    assert [job.state for job in await Job.all()] == [JobState.QUEUED]
    assert not await audit_books(database, (), lambda _: None)


async def test_a_repeated_ban_changes_nothing_and_each_change_is_in_the_action_log(
    database: Database,
) -> None:
    user = await person(database)
    by = actions.telegram(42)
    changed = [await ban(database, user, banned=b, reason="R.", by=by) for b in (True, True, False, False)]
    assert changed == [True, False, True, False]
    logged = [(action.by, action.what, action.details) for action in await actions.of([user.subject], 10)]
    assert logged == [(by, "unban", {"reason": "R."}), (by, "ban", {"reason": "R."})]
    assert not (await ledger.find_account(user.id)).banned


@pytest.mark.parametrize("sql", ["UPDATE action SET what = 'x'", "DELETE FROM action"])
async def test_the_action_log_can_be_neither_changed_nor_deleted(database: Database, sql: str) -> None:
    user = await person(database)
    await ban(database, user, banned=True, reason="R.")
    with pytest.raises(Exception, match="append-only"):
        await query(sql)
    assert len(await actions.of([user.subject], 10)) == 1
