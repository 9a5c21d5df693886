"""Looks after money by itself: stored events, unanswered refunds, what no webhook told, and the audit."""

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
    job_retention,
    periodic,
    provider_events,
    reconcile,
    refund,
    updates,
)
from bot_platform.flows.context import Outcome, PaymentContext, WorkContext
from bot_platform.infra.clock import current
from bot_platform.infra.database_errors import LOST_CONNECTION
from bot_platform.infra.worker import LeaseWorker
from bot_platform.work.engine.runner import Runner

log = structlog.get_logger()

OnOutcome = Callable[[Event, Outcome], None]

AT_ONCE = 8
TIDY_EVERY = 60
HOUR, DAY = 3600, 24 * 3600


def inbox_worker(payments: PaymentContext, on_outcome: OnOutcome | None = None) -> LeaseWorker[Event]:
    """Build the loop that handles events which were stored and not handled."""

    async def handle(row: Event) -> None:
        try:
            outcome = await provider_events.handle(payments, row)
        except ProviderDown:
            await provider_events.reschedule(payments, row, "the provider cannot be asked", counts=False)
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

    async def broke(row: Event, fault: Exception) -> None:
        says = f"{type(fault).__name__}: {fault}"[:1000]
        await provider_events.reschedule(payments, row, says, counts=not isinstance(fault, LOST_CONNECTION))

    return LeaseWorker(
        "inbox",
        claim=partial(provider_events.claim, payments),
        handle=handle,
        renew=partial(provider_events.renew, payments),
        concurrency=AT_ONCE,
        on_error=broke,
    )


def refund_worker(payments: PaymentContext) -> LeaseWorker[Refund]:
    """Build the loop that carries out refunds which were asked for and not answered."""

    async def carry_out(row: Refund) -> None:
        try:
            ended = await refund.carry_out(payments, row)
        except ProviderDown:
            await refund.reschedule(payments, row, "the provider cannot be asked")
            return
        log.info("refund.ended", refund=row.id, state=ended.state.value, says=ended.error)

    async def broke(row: Refund, fault: Exception) -> None:
        await refund.reschedule(payments, row, f"{type(fault).__name__}: {fault}"[:1000])

    return LeaseWorker(
        "refunds",
        claim=partial(refund.claim, payments),
        handle=carry_out,
        renew=partial(refund.renew, payments),
        concurrency=AT_ONCE,
        on_error=broke,
    )


def job_worker(runner: Runner, at_once: int) -> LeaseWorker[Job]:
    """Build the loop that works on what was ordered."""
    return LeaseWorker(
        "work", claim=runner.claim, handle=runner.work, renew=runner.renew, concurrency=at_once
    )


class Cleanup:
    """Ends work that has waited too long, forgets its texts in time, and drops updates of long ago."""

    def __init__(self, context: WorkContext) -> None:
        self._context = context

    async def run(self) -> None:
        """Do what is due: work each minute, updates each day, in whichever replica comes first."""
        await periodic.run_if_due(self._context.database, "work", self._look, every=TIDY_EVERY)
        await periodic.run_if_due(self._context.database, "updates", self._drop, every=DAY)

    async def _look(self, _: int) -> int:
        expired, forgotten = (
            await job_retention.expire(self._context),
            await job_retention.forget_old(self._context),
        )
        if expired or forgotten:
            log.info("work.tidied", expired=expired, forgotten=forgotten)
        return int(current().time())

    async def _drop(self, _: int) -> int:
        if dropped := await updates.drop_old(self._context.database):
            log.info("updates.dropped", rows=dropped)
        return int(current().time())


class PeriodicJobs:
    """What is looked after every so often, by whichever replica comes first."""

    def __init__(
        self, payments: PaymentContext, *, every: int, on_audit: Callable[[Sequence[Broken]], None]
    ) -> None:
        self._payments, self._every, self._on_audit = payments, every, on_audit
        self._at_start = True  # when things were missed, whenever the last look was

    async def missed(self) -> None:
        """Look for events and payments that no webhook told of."""
        name = f"missed:{self._payments.provider.name}"
        look, early = self._look_for_missed, self._at_start
        if await periodic.run_if_due(self._payments.database, name, look, every=self._every, early=early):
            self._at_start = False

    async def reversals(self) -> None:
        """Read refunds and disputes as they stand."""
        name = f"reversals:{self._payments.provider.name}"
        await periodic.run_if_due(self._payments.database, name, self._read_reversals, every=DAY)

    async def audit(self) -> None:
        """Prove the books."""
        await periodic.run_if_due(self._payments.database, "audit", self._prove, every=HOUR)

    async def _look_for_missed(self, mark: int) -> int:
        began = int(current().time())
        sells = [self._payments.provider]  # under the mock, Stripe is left in peace
        since = mark - reconcile.OVERLAP if mark else began - reconcile.FIRST_LOOK
        missed = sum([n async for n in reconcile.missed_events(self._payments, sells, since)])
        found = [o async for o in reconcile.silent_purchases(self._payments, sells) if o.changed]
        if missed or found:
            log.info("reconcile.found", events=missed, purchases=[o.purchase_id for o in found])
        return began

    async def _read_reversals(self, _: int) -> int:
        began = int(current().time())
        sells = [self._payments.provider]
        since = began - reconcile.DISPUTES_LAST
        async for outcome in reconcile.reversed_payments(self._payments, sells, since):
            if outcome.changed or outcome.alarm:
                log.warning("reconcile.reversal", purchase=outcome.purchase_id, says=outcome.reason)
        return began

    async def _prove(self, _: int) -> int:
        broken = await audit.audit_books(self._payments.database, self._payments.admins, lambda _: None)
        self._on_audit(broken)
        if broken:
            log.error("audit.books_off", rows=len(broken), first=broken[0].says)
        else:
            log.info("audit.balanced")
        return int(current().time())
