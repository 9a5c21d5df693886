"""Workers on stored events, refunds and jobs; periodic jobs for missed events, the audit and cleanup."""

from collections.abc import Callable, Sequence
from functools import partial

import structlog

from bot_platform.domain.audit import Broken
from bot_platform.domain.checkout import ProviderDown
from bot_platform.domain.inbox import Event
from bot_platform.domain.jobs import Job
from bot_platform.domain.refunds import Refund
from bot_platform.flows import (
    audit,
    event_retention,
    job_retention,
    lanes,
    notice_retention,
    periodic,
    provider_events,
    reconcile,
    refund,
    updates,
)
from bot_platform.flows.context import Outcome, PaymentContext, WorkContext
from bot_platform.flows.late_webhooks import Deliveries
from bot_platform.infra import safe_errors
from bot_platform.infra.clock import current
from bot_platform.infra.database_errors import LOST_CONNECTION
from bot_platform.infra.worker import LeaseWorker
from bot_platform.runtime.webhook_watch import WebhookWatch
from bot_platform.work.engine.runner import Runner

log = structlog.get_logger()

OnOutcome = Callable[[Event, Outcome], None]

CONCURRENCY = 8  # events, and refunds, at once
LANES_SECONDS, CLEANUP_SECONDS, HOUR_SECONDS, DAY_SECONDS = 30, 60, 3600, 24 * 3600
PROVIDER_DOWN = "the provider cannot be asked"


def inbox_worker(payments: PaymentContext, on_outcome: OnOutcome | None = None) -> LeaseWorker[Event]:
    """Build the worker that applies stored events; `on_outcome` gets each event with its outcome."""
    return LeaseWorker(
        "inbox",
        claim=partial(provider_events.claim, payments),
        handle=partial(_handle_event, payments, on_outcome),
        renew=partial(provider_events.renew, payments),
        concurrency=CONCURRENCY,
        on_error=partial(_reschedule_event, payments),
    )


def refund_worker(payments: PaymentContext) -> LeaseWorker[Refund]:
    """Build the worker that carries out refunds without an answer."""
    return LeaseWorker(
        "refunds",
        claim=partial(refund.claim, payments),
        handle=partial(_carry_out_refund, payments),
        renew=partial(refund.renew, payments),
        concurrency=CONCURRENCY,
        on_error=partial(_reschedule_refund, payments),
    )


def job_worker(runner: Runner, concurrency: int) -> LeaseWorker[Job]:
    """Build the worker that runs queued jobs."""
    return LeaseWorker(
        "work", claim=runner.claim, handle=runner.work, renew=runner.renew, concurrency=concurrency
    )


class Cleanup:
    """Expires parked jobs, erases old texts, deletes old messages and updates; in one replica at a time."""

    def __init__(self, context: WorkContext) -> None:
        self._context = context

    async def run(self) -> None:
        """Clean up jobs every minute, messages and updates every day, and marks while there are any."""
        database = self._context.database
        if await lanes.any_behind(database):
            await periodic.run_if_due(database, "lanes", self._repair_lanes, every=LANES_SECONDS)
        await periodic.run_if_due(database, "work", self._clean_jobs, every=CLEANUP_SECONDS)
        await periodic.run_if_due(database, "updates", self._drop_updates, every=DAY_SECONDS)
        await periodic.run_if_due(database, "notices", self._delete_notices, every=DAY_SECONDS)

    async def _repair_lanes(self, _: int) -> int:
        if unmarked := await lanes.unmark_firsts(self._context.database):
            log.info("lanes.repaired", rows=unmarked)
        return int(current().time())

    async def _clean_jobs(self, _: int) -> int:
        expired = await job_retention.expire(self._context)
        forgotten = await job_retention.forget_old(self._context)
        if expired or forgotten:
            log.info("work.tidied", expired=expired, forgotten=forgotten)
        return int(current().time())

    async def _drop_updates(self, last: int) -> int:
        started = int(current().time())
        if dropped := await updates.drop_old(self._context.database, last):
            log.info("updates.dropped", rows=dropped)
        return started

    async def _delete_notices(self, after: int) -> int:
        keep = self._context.keep_texts
        last, deleted = await notice_retention.delete_old(self._context.database, keep, after)
        if deleted:
            log.info("notices.deleted", rows=deleted)
        return last


class PeriodicJobs:
    """Periodic jobs about money: each is run by one replica at a time when it is due.

    `every` is the time in seconds between two looks for missed events; `watch` gets what they found.
    `on_audit` gets the broken rows of each audit.
    """

    def __init__(
        self,
        payments: PaymentContext,
        *,
        every: int,
        watch: WebhookWatch | None = None,
        on_audit: Callable[[Sequence[Broken]], None],
    ) -> None:
        self._payments, self._every, self._on_audit = payments, every, on_audit
        self._watch = watch or WebhookWatch(payments, Deliveries())
        self._at_start = True  # the first look is not put off: events were missed while we were down

    async def missed(self) -> None:
        """Look for events and payments that no webhook reported."""
        name = f"missed:{self._payments.provider.name}"
        look, early = self._look_for_missed, self._at_start
        if await periodic.run_if_due(self._payments.database, name, look, every=self._every, early=early):
            self._at_start = False

    async def reversals(self) -> None:
        """Read the current state of refunds and disputes, once a day."""
        name = f"reversals:{self._payments.provider.name}"
        await periodic.run_if_due(
            self._payments.database, name, self._read_reversals, every=DAY_SECONDS, retry=self._every
        )

    async def trim_events(self) -> None:
        """Take from stored events what nothing reads, once a day: an earlier version stored all of it."""
        await periodic.run_if_due(self._payments.database, "payloads", self._trim_events, every=DAY_SECONDS)

    async def audit(self) -> None:
        """Audit the books, once an hour."""
        await periodic.run_if_due(self._payments.database, "audit", self._audit, every=HOUR_SECONDS)

    async def _look_for_missed(self, mark: int) -> int:
        started = int(current().time())
        providers = [self._payments.provider]  # with the mock, Stripe is not asked
        is_mark = 0 < mark <= started  # one that is still to come was made by a clock that was ahead
        since = mark - reconcile.OVERLAP_SECONDS if is_mark else started - reconcile.FIRST_LOOK_SECONDS
        missed, fault = 0, None
        try:
            missed = sum([n async for n in reconcile.missed_events(self._payments, providers, since)])
        except ProviderDown as error:  # a key may read sessions although it may not read events
            fault = error
        found = [o async for o in reconcile.silent_purchases(self._payments, providers) if o.changed]
        if missed or found:
            log.info("reconcile.found", events=missed, purchases=[o.purchase_id for o in found])
        await self._watch.look_ended(missed + len(found), started)
        if fault:
            raise fault
        return started

    async def _read_reversals(self, _: int) -> int:
        started = int(current().time())
        providers = [self._payments.provider]
        since = started - reconcile.MAX_DISPUTE_SECONDS
        async for outcome in reconcile.reversed_payments(self._payments, providers, since):
            if outcome.changed or outcome.alarm:
                log.warning("reconcile.reversal", purchase=outcome.purchase_id, says=outcome.reason)
        return started

    async def _trim_events(self, after: int) -> int:
        last, trimmed = await event_retention.trim(self._payments, after)
        if trimmed:
            log.info("events.trimmed", rows=trimmed)
        return last

    async def _audit(self, _: int) -> int:
        broken = await audit.audit_books(self._payments.database, self._payments.operators, lambda _: None)
        self._on_audit(broken)
        if broken:
            log.error("audit.books_off", rows=len(broken), first=broken[0].says)
        else:
            log.info("audit.balanced")
        return int(current().time())


async def _handle_event(payments: PaymentContext, on_outcome: OnOutcome | None, row: Event) -> None:
    try:
        outcome = await provider_events.handle(payments, row)
    except ProviderDown:
        await provider_events.reschedule(payments, row, PROVIDER_DOWN, counts=False)
        return
    log.info(
        "inbox.handled",
        key=row.key,
        type=row.type,
        outcome=outcome.state.value,
        says=outcome.reason,
        **outcome.ids(row.key),
    )
    if on_outcome:
        on_outcome(row, outcome)


async def _reschedule_event(payments: PaymentContext, row: Event, error: Exception) -> None:
    counts = not isinstance(error, LOST_CONNECTION)
    await provider_events.reschedule(payments, row, safe_errors.text(error), counts=counts)


async def _carry_out_refund(payments: PaymentContext, row: Refund) -> None:
    try:
        ended = await refund.carry_out(payments, row)
    except ProviderDown:
        await refund.reschedule(payments, row, PROVIDER_DOWN)
        return
    log.info("refund.ended", refund=row.id, state=ended.state.value, says=ended.error)


async def _reschedule_refund(payments: PaymentContext, row: Refund, error: Exception) -> None:
    await refund.reschedule(payments, row, safe_errors.text(error))
