"""A grant of an operator is posted once."""

import asyncio

import pytest

from bot_platform.domain import ledger, statement
from bot_platform.domain.errors import CannotGrant
from bot_platform.domain.outbox import Notice
from bot_platform.flows.audit import audit_books
from bot_platform.flows.grant import grant
from bot_platform.infra.database import Database
from tests.makers import balance, person


async def test_a_grant_repeated_at_once_is_posted_once_and_notified_once(database: Database) -> None:
    user = await person(database)
    given = await asyncio.gather(*(grant(database, user, 500, "Rain.", "g1") for _ in range(10)))
    assert given == [500] * 10
    assert await Notice.filter(text="credits-granted").count() == 1
    (entry,) = await statement.history((await ledger.find_account(user.id)).id, 10)
    assert (entry.amount, entry.cause, entry.note) == (500, "grant:g1", "Rain.")


async def test_concurrent_negative_grants_never_take_more_than_is_available(database: Database) -> None:
    user = await person(database, credits_=1_000)
    tries = [grant(database, user, -300, "Sun.", f"g{n}") for n in range(6)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, CannotGrant) for result in results) == 3
    assert await balance(user) == 100
    assert not await audit_books(database, (), lambda _: None)


async def test_held_credits_cannot_be_taken(database: Database) -> None:
    user = await person(database, credits_=1_000)

    async def hold() -> ledger.Hold:
        return await ledger.hold(await ledger.lock(user.id), 900, "work:1")

    await database.transact(hold)
    with pytest.raises(CannotGrant):
        await grant(database, user, -101, "Sun.", "g1")
    assert await grant(database, user, -100, "Sun.", "g2") == 0
    assert not await audit_books(database, (), lambda _: None)


async def test_a_grant_that_took_everything_can_be_repeated(database: Database) -> None:
    user = await person(database, credits_=100)
    for _ in range(2):
        assert await grant(database, user, -100, "Sun.", "g1") == 0


async def test_a_grant_id_of_another_user_is_refused(database: Database) -> None:
    one, other = await person(database, 1), await person(database, 2)
    await grant(database, one, 500, "Rain.", "g1")
    with pytest.raises(CannotGrant):
        await grant(database, other, 900, "Rain.", "g1")
