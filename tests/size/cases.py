"""What is measured: claims, lists, pages, rounds and commands, each by the product's own functions."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bot_platform.domain import (
    actions,
    attention,
    backlog,
    book_checks,
    inbox,
    job_texts,
    jobs,
    ledger,
    listings,
    overview,
    purchase_checks,
    purchases,
    refunds,
    statement,
    timeline,
    users,
)
from bot_platform.domain.jobs import JobState
from bot_platform.domain.listings import Place
from bot_platform.domain.purchases import Purchase, PurchaseState
from bot_platform.domain.users import User
from bot_platform.flows import audit, deliver, late_webhooks, provider_events, refund, run_job, updates
from bot_platform.infra.backup import sqlite
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from bot_platform.providers.mock import MockPayments
from bot_platform.runtime.workers import Cleanup, PeriodicJobs
from bot_platform.web.operator.pages import about_purchase
from tests.makers import context, payments
from tests.size.past import FIRST_CHAT
from tests.size.waiting import BUSY

BATCH = 8  # rows of one claim, as a worker's
CHART_DAYS = 90
LISTED = 10

Step = Callable[[], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to measure: its name, what does it, and what is done after each run that is not measured."""

    name: str
    run: Step
    undo: Callable[[Any], Awaitable[object]] | None = None


class SilentProvider(MockPayments):
    """A provider by Stripe's name that has no news."""

    name = "stripe"


def claims(database: Database) -> Sequence[Case]:
    """List the claims of all workers; each is given back."""
    till, desk = payments(database, SilentProvider()), context(database)
    return [
        Case("claim updates", partial(updates.claim, database, BATCH), partial(_give_back, "event")),
        Case("claim events", partial(provider_events.claim, till, BATCH), partial(_give_back, "event")),
        Case("claim refunds", partial(refund.claim, till, BATCH), partial(_give_back, "refund")),
        Case("claim jobs", partial(run_job.claim, desk, BATCH), partial(_give_back, "job")),
        Case("claim notices", partial(deliver.claim, database, BATCH), partial(_give_back, "notice")),
    ]


def idle_looks(database: Database) -> Sequence[Case]:
    """List the looks of the workers while nothing waits, many times a minute."""
    return [
        Case(case.name.replace("claim", "round: idle look for"), case.run, case.undo)
        for case in claims(database)
    ]


async def _give_back(table: str, rows: Sequence[Any]) -> None:
    changed = {
        "job": "state = 'queued', fence = 0, attempts = 0, lease_until = 0",
        "notice": "tried_at = 0, attempts = 0, lease_until = 0",
    }.get(table, "attempts = 0, lease_until = 0")
    for row in rows:
        await query(f'UPDATE "{table}" SET {changed} WHERE id = ?', row.id)  # noqa: S608 -- names of tests


async def lists() -> Sequence[Case]:
    """List what people and operators get as lists in Telegram, those of the longest history."""
    busy, sale = await _busy(), await _sale()
    account = await ledger.find_account(busy.id)
    names = [SilentProvider.name]
    search = partial(listings.search, providers=names)
    return [
        Case("list: history of a user", partial(statement.history, account.id, LISTED)),
        Case("list: purchases of a user", partial(purchases.recent, busy.id, LISTED)),
        Case("list: /jobs of a user", partial(jobs.open_of, busy.id)),
        Case("list: jobs that wait for credits", partial(jobs.waiting, busy.id)),
        Case("list: conversation of a user", partial(job_texts.conversation, busy.id, "ask", LISTED)),
        Case("list: the day", overview.today),
        Case("list: what needs a look", attention.findings),
        Case("list: backlog, as for metrics", backlog.backlog),
        Case("list: last sales", partial(listings.last_paid, LISTED)),
        Case("list: transfers", partial(listings.count_sales, PurchaseState.PROCESSING)),
        Case("list: refunds without an answer", refunds.unanswered),
        Case("list: figures of a user", partial(timeline.about, busy)),
        Case("list: timeline of a user", partial(timeline.of_person, busy)),
        Case("list: timeline of a purchase", partial(timeline.of_purchase, sale)),
        Case("list: search of a number", partial(search, str(busy.telegram_id))),
        Case("list: search of a checkout", partial(search, sale.provider_ref)),
        Case("list: search of a payment", partial(search, sale.payment_ref)),
        Case("list: search of an event", partial(search, "evt_past_1")),
        Case("list: search of nothing", partial(search, "no_such_name")),
    ]


async def pages(database: Database) -> Sequence[Case]:
    """List the operator's pages by the functions behind them, first and far pages."""
    busy, sale = await _busy(), await _sale()
    account = await ledger.find_account(busy.id)
    far = Place(older=sale.id // 2)

    async def home() -> None:
        async with database.reader() as ask:
            await overview.by_day(ask, CHART_DAYS)
        await overview.today()
        await attention.findings()

    async def user() -> None:
        await listings.entries(account.id, Place())
        await purchases.recent(busy.id, LISTED)
        await jobs.open_of(busy.id)
        await statement.notices_of(busy.telegram_id)
        await actions.of([busy.subject], LISTED)

    of_states = [
        Case(f"page: purchases, {state.value}", partial(listings.sales, Place(), state))
        for state in PurchaseState
    ]
    of_states += [
        Case(f"page: jobs, {state.value}", partial(listings.work, Place(), state)) for state in JobState
    ]
    of_states += [
        Case(f"page: events, {state.value}", partial(listings.events, Place(), state))
        for state in inbox.EventState
    ]
    return [
        Case("page: home", home),
        Case("page: purchases", partial(listings.sales, Place())),
        Case("page: purchases, far", partial(listings.sales, far)),
        Case("page: a purchase", partial(about_purchase, sale.id)),
        Case("page: people", partial(listings.people, Place())),
        Case("page: a user", user),
        Case(
            "page: entries of a user, far",
            partial(listings.entries, account.id, Place(older=account.seq // 2)),
        ),
        Case("page: jobs", partial(listings.work, Place())),
        Case("page: events", partial(listings.events, Place())),
        Case("page: actions", partial(listings.acts, Place())),
        Case("page: audit", book_checks.last),
        *of_states,
    ]


def rounds(database: Database) -> Sequence[Case]:
    """List the periodic work as it is once a minute, an hour or a day, when the time before was done."""
    till, desk = payments(database, SilentProvider()), context(database)
    cleanup = Cleanup(desk)
    periodic = PeriodicJobs(till, every=60, on_audit=lambda _: None)
    due = partial(purchase_checks.due, [till.provider.name], 0, LISTED, all_of_them=False)
    return [
        Case("round: cleanup, nothing due", cleanup.run),
        Case("round: cleanup, retention", partial(_when_due, cleanup.run)),
        Case("round: trimming of events", partial(_when_due, periodic.trim_events)),
        Case("round: purchases to ask about", due),
        Case("round: missed events and purchases", partial(_when_due, periodic.missed)),
        Case("round: reversals", partial(_when_due, periodic.reversals)),
        Case("round: last delivery of a webhook", late_webhooks.last_delivery),
    ]


async def _when_due(round_: Step) -> None:
    await query("UPDATE schedule SET next_at = 0")
    await round_()


def commands(database: Database) -> Sequence[Case]:
    """List what an operator types; PostgreSQL's backup is a program of its own."""

    async def backup() -> None:
        with tempfile.TemporaryDirectory() as folder:
            copy = partial(sqlite.back_up, Path(database.file or ""), Path(folder, "backup"), force=True)
            await asyncio.to_thread(copy)

    found = [
        Case("command: audit", partial(_prove, database)),
        Case("command: events", partial(inbox.list_provider_events, None, 50)),
        Case("command: events --failed", partial(inbox.list_provider_events, inbox.EventState.FAILED, 50)),
        Case("command: event", partial(inbox.look_up, "evt_past_1")),
    ]
    return [*found, Case("command: backup", backup)] if database.file else found


async def _prove(database: Database) -> None:
    assert not await audit.audit_books(database, (), lambda _: None), "the past itself is wrong"


async def _busy() -> User:
    """Find the person with the longest history."""
    found = await users.find(FIRST_CHAT + BUSY)
    assert found
    return found


async def _sale() -> Purchase:
    """Find a paid sale of this person, from long ago: number 20 is one of theirs."""
    found = await purchases.look_up(20)
    assert found
    return found
