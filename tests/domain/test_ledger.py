"""The ledger: entries, holds, captures and releases."""

import asyncio

import pytest
from tortoise.exceptions import OperationalError

from bot_platform.domain import ledger, statement
from bot_platform.domain.errors import AccountFrozen, NotEnough
from bot_platform.domain.ledger import Account, Entry, EntryKind, Hold, HoldState
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from tests.makers import balance, person


async def _held(user_id: int, amount: int, cause: str) -> Hold:
    return await ledger.hold(await ledger.lock(user_id), amount, cause)


async def _capture(user_id: int, hold: Hold, amount: int) -> bool:
    return await ledger.capture(await ledger.lock(user_id), hold, amount)


async def _release(user_id: int, hold: Hold) -> bool:
    return await ledger.release(await ledger.lock(user_id), hold)


async def test_a_cause_is_posted_once_and_says_so(database: Database) -> None:
    user = await person(database)

    async def post() -> bool:
        return await ledger.post(await ledger.lock(user.id), EntryKind.WELCOME, 100, "once")

    results = await asyncio.gather(*(database.transact(post) for _ in range(10)))
    assert results.count(True) == 1
    assert await balance(user) == 100


async def test_entries_are_numbered_without_a_gap_and_carry_the_balance(database: Database) -> None:
    user = await person(database)

    async def post(amount: int, cause: str) -> None:
        await ledger.post(await ledger.lock(user.id), EntryKind.WELCOME, amount, cause)

    for amount in (500, -200, -900, 50):
        await database.transact(post, amount, f"c{amount}")
    account = await ledger.find_account(user.id)
    entries = list(reversed(await statement.history(account.id, 10)))
    assert [(e.seq, e.amount, e.balance_after) for e in entries] == [
        (1, 500, 500),
        (2, -200, 300),
        (3, -900, -600),
        (4, 50, -550),
    ]
    assert (account.balance, account.seq) == (-550, 4)


async def test_credits_for_k_of_n_holds_admit_exactly_k(database: Database) -> None:
    user = await person(database, credits_=350)
    tries = [database.transact(_held, user.id, 100, f"work:{n}") for n in range(10)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, Hold) for result in results) == 3
    assert sum(isinstance(result, NotEnough) for result in results) == 7
    account = await ledger.find_account(user.id)
    assert (account.balance, account.held, account.available) == (350, 300, 50)


async def test_a_repeated_hold_is_the_first_one(database: Database) -> None:
    user = await person(database, credits_=100)
    first = await database.transact(_held, user.id, 60, "work:1")
    again = await database.transact(_held, user.id, 60, "work:1")
    assert first.id == again.id
    assert (await ledger.find_account(user.id)).held == 60


async def test_a_capture_charges_and_releases_the_rest_once(database: Database) -> None:
    user = await person(database, credits_=100)
    hold = await database.transact(_held, user.id, 60, "work:1")
    results = await asyncio.gather(*(database.transact(_capture, user.id, hold, 25) for _ in range(5)))
    assert results.count(True) == 1
    account = await ledger.find_account(user.id)
    assert (account.balance, account.held) == (75, 0)
    (charge,) = await Entry.filter(kind=EntryKind.CHARGE)
    assert (charge.amount, charge.cause) == (-25, "work:1:charge")


async def test_a_release_returns_everything_and_ends_the_hold(database: Database) -> None:
    user = await person(database, credits_=100)
    hold = await database.transact(_held, user.id, 60, "work:1")
    assert await database.transact(_release, user.id, hold)
    assert not await database.transact(_capture, user.id, hold, 60)
    account = await ledger.find_account(user.id)
    assert (account.balance, account.held) == (100, 0)
    assert (await Hold.get(id=hold.id)).state is HoldState.RELEASED


async def test_a_capture_of_nothing_leaves_no_entry(database: Database) -> None:
    user = await person(database, credits_=100)
    hold = await database.transact(_held, user.id, 60, "work:1")
    assert await database.transact(_capture, user.id, hold, 0)
    assert await balance(user) == 100
    assert not await Entry.exists(kind=EntryKind.CHARGE)


@pytest.mark.parametrize("amount", [-1, 61])
async def test_a_capture_beyond_its_hold_is_a_bug(database: Database, amount: int) -> None:
    user = await person(database, credits_=100)
    hold = await database.transact(_held, user.id, 60, "work:1")
    with pytest.raises(ValueError, match="takes 0 to 60"):
        await database.transact(_capture, user.id, hold, amount)


async def test_a_frozen_account_holds_nothing_new(database: Database) -> None:
    user = await person(database, credits_=100)
    await Account.filter(user_id=user.id).update(frozen=True)
    with pytest.raises(AccountFrozen):
        await database.transact(_held, user.id, 1, "work:1")


@pytest.mark.parametrize("sql", ["UPDATE entry SET amount = 1", "DELETE FROM entry"])
async def test_the_database_refuses_to_change_an_entry(database: Database, sql: str) -> None:
    user = await person(database, credits_=100)
    with pytest.raises(Exception, match="append-only"):
        await query(sql)
    assert await balance(user) == 100


async def test_sqlite_refuses_to_replace_an_entry(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    await database.open()
    await person(database, credits_=100)
    with pytest.raises(Exception, match="append-only"):
        await query("INSERT OR REPLACE INTO entry SELECT * FROM entry")
    await database.close()


async def test_postgres_refuses_to_truncate_the_entries(postgres_url: str) -> None:
    database = Database(postgres_url)
    await database.open()
    with pytest.raises(Exception, match="append-only"):
        await query("TRUNCATE entry")
    await database.close()


async def test_a_wrong_statement_is_raised_and_not_repeated(database: Database) -> None:
    tries = []

    async def story() -> None:
        tries.append(1)
        await query("SELECT nothing FROM nowhere")

    with pytest.raises(OperationalError):
        await database.transact(story)
    assert len(tries) == 1
