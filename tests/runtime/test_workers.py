"""The periodic jobs of a process."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest

from bot_platform.domain.audit import Broken
from bot_platform.domain.checkout import News, ProviderDown, ProviderEvent
from bot_platform.domain.inbox import Event
from bot_platform.domain.ledger import Account
from bot_platform.domain.outbox import Notice
from bot_platform.domain.schedules import Schedule
from bot_platform.flows import updates
from bot_platform.flows.updates import IncomingUpdate
from bot_platform.infra.clock import now
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from bot_platform.providers.mock import MockPayments
from bot_platform.runtime import workers
from tests.makers import context, payments, person

ADMIN = 900


class RecordingProvider(MockPayments):
    """A provider that records the questions that it gets, and raises ProviderDown while it is `down`."""

    name = "stripe"
    down = False

    def __init__(self) -> None:
        self.events_since: list[int] = []
        self.reversals_since: list[int] = []

    async def events(self, since: int) -> AsyncIterator[Sequence[ProviderEvent]]:
        self.events_since.append(since)
        if self.down:
            raise ProviderDown
        yield ()

    async def reversals(self, since: int) -> AsyncIterator[Sequence[News]]:
        self.reversals_since.append(since)
        yield ()


def periodic_jobs(
    database: Database, provider: RecordingProvider, audits: list[int] | None = None
) -> workers.PeriodicJobs:
    def on_audit(broken: Sequence[Broken]) -> None:
        if audits is not None:
            audits.append(len(broken))

    return workers.PeriodicJobs(
        payments(database, provider, operators=(ADMIN,)), every=300, on_audit=on_audit
    )


async def test_each_replica_looks_at_its_start_and_then_one_of_them_when_it_is_due(
    database: Database,
) -> None:
    provider = RecordingProvider()
    replicas = [periodic_jobs(database, provider) for _ in range(2)]
    for _ in range(3):
        for replica in replicas:
            await replica.missed()
    assert len(provider.events_since) == 2
    await query("UPDATE schedule SET next_at = 0")
    for replica in replicas:
        await replica.missed()
    assert len(provider.events_since) == 3


async def test_a_look_that_failed_is_repeated_at_once_from_the_same_mark(database: Database) -> None:
    provider = RecordingProvider()
    replica = periodic_jobs(database, provider)
    await replica.missed()
    mark = (await Schedule.get()).position
    await query("UPDATE schedule SET next_at = 0")
    provider.down = True
    for _ in range(2):
        with pytest.raises(ProviderDown):
            await replica.missed()
    provider.down = False
    await replica.missed()
    assert provider.events_since[1:] == [provider.events_since[1]] * 3
    assert (await Schedule.get()).position >= mark


async def test_the_hourly_audit_reports_its_result_marks_accounts_and_alerts(database: Database) -> None:
    user, audits = await person(database, credits_=100), list[int]()
    replica = periodic_jobs(database, RecordingProvider(), audits)
    await replica.audit()
    await replica.audit()
    assert audits == [0]
    await Account.filter(user_id=user.id).update(balance=101)
    await query("UPDATE schedule SET next_at = 0")
    await replica.audit()
    assert audits == [0, 1]
    assert (await Account.get()).broken
    assert await Notice.filter(chat_id=ADMIN, text="operator-books-off").count() == 1


async def test_refunds_and_disputes_are_read_once_a_day(database: Database) -> None:
    provider = RecordingProvider()
    for _ in range(3):
        await periodic_jobs(database, provider).reversals()
    assert len(provider.reversals_since) == 1


async def test_updates_that_were_handled_a_week_ago_are_dropped_once_a_day(database: Database) -> None:
    await updates.store(database, 1, [IncomingUpdate(n, 7, 7, {"update_id": n}) for n in range(4)])
    for row in await Event.all():
        await updates.handled(database, row)
    cleanup = workers.Cleanup(context(database))

    async def age(*numbers: int) -> None:
        old = Event.filter(key__in=[f"tg:1:7:{n}" for n in numbers])
        await old.update(handled_at=now() - updates.RETENTION - timedelta(seconds=1))

    await age(0, 1)
    await cleanup.run()
    assert await Event.all().count() == 2
    await age(2)
    await cleanup.run()
    assert await Event.all().count() == 2
    await query("UPDATE schedule SET next_at = 0")
    await cleanup.run()
    assert [row.key for row in await Event.all()] == ["tg:1:7:3"]
