"""Every background task of one process, and the order in which they stop."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from bot_platform.flows import broadcast
from bot_platform.infra.loop_health import STANDSTILL_SECONDS, LoopHealth
from bot_platform.infra.worker import LeaseWorker, run_forever, run_until_done
from bot_platform.runtime import workers
from bot_platform.runtime.outage_monitor import OutageMonitor
from bot_platform.runtime.refusal_monitor import RefusalMonitor
from bot_platform.runtime.services import Services
from bot_platform.runtime.webhook_watch import WebhookWatch
from bot_platform.telegram.dispatcher import set_admin_commands, set_commands
from bot_platform.telegram.update_source import RENEW_SECONDS

HANDLER_SECONDS = 3.0  # to finish rows in hand at the stop; the whole stop stays below 10
LAST_NOTICES_SECONDS = 0.5  # to send the notices of the last rows
STOPPED_WORK_SECONDS = 0.5  # between two looks for running jobs that users want to stop
LONG_STEP_SECONDS = 1800.0  # that an audit or a look for missed events may take
PERIODIC_SECONDS = 5.0  # between two looks for due periodic jobs

Step = Callable[[], Coroutine[Any, Any, None]]


class BackgroundTasks:
    """Receives updates, handles the queues in the database, runs periodic jobs, sends notices."""

    def __init__(self, services: Services) -> None:
        payments, runner = services.payments, services.runner
        self._source = services.update_source
        self._updates, self._notices = services.update_inbox.worker(), services.sender.worker()
        self._events, self._refunds = workers.inbox_worker(payments), workers.refund_worker(payments)
        self._jobs = workers.job_worker(runner, services.settings.jobs_at_once)
        for worker in self.workers:
            worker.on_duration = services.metrics.observe_duration
        services.database.on_commit += [self._updates.notify, self._notices.notify, self._jobs.notify]
        outages, refusals = OutageMonitor(payments, self._source.health), RefusalMonitor(payments)
        services.calls.listeners.append(outages.observe)
        services.calls.answer_listeners.append(refusals.observe)
        self._loops: list[LoopHealth] = []
        self._steps: Sequence[Step] = [
            *self._start_up(services),
            *self._queues(),
            *self._periodic(services),
            self._loop(outages.check, "outages", PERIODIC_SECONDS),
            self._loop(refusals.check, "refusals", PERIODIC_SECONDS),
        ]
        self._tasks: Sequence[asyncio.Task[None]] = ()
        self._sending: Sequence[asyncio.Task[None]] = ()

    @property
    def workers(self) -> Sequence[LeaseWorker[Any]]:
        """All workers on queues in the database."""
        return (self._updates, self._events, self._refunds, self._jobs, self._notices)

    def standstill(self, *, for_restart: bool = False) -> str | None:
        """Name the loops that stand still or only fail, and why; None when all are well.

        `for_restart` as in `LoopHealth.problem`.
        """
        watched = [*self._loops, *(health for worker in self.workers for health in worker.health)]
        return "; ".join(filter(None, (loop.problem(for_restart=for_restart) for loop in watched))) or None

    def start(self) -> None:
        """Start all tasks. Not to be called in a transaction: the tasks would inherit its connection."""
        self._tasks = [asyncio.create_task(step()) for step in self._steps]
        self._sending = [asyncio.create_task(self._notices.run())]

    async def is_running(self) -> bool:
        """Whether the tasks were started and none of them has failed."""
        tasks = [*self._tasks, *self._sending]
        return bool(tasks) and not any(
            task.done() and (task.cancelled() or task.exception()) for task in tasks
        )

    async def stop(self) -> None:
        """Claim nothing new, finish the rows in hand, and send their notices."""
        await _cancel(self._tasks)
        await self._source.release()
        in_hand = (self._updates, self._events, self._refunds, self._jobs)
        await asyncio.gather(*(worker.finish(HANDLER_SECONDS) for worker in in_hand))
        await self._notices.wait_idle(LAST_NOTICES_SECONDS)
        await _cancel(self._sending)
        await self._notices.finish(LAST_NOTICES_SECONDS)

    def _start_up(self, services: Services) -> Sequence[Step]:
        """Return the tasks that run once, as soon as Telegram answers."""
        bot, texts, kinds = services.bot, services.texts, services.orders.kinds
        menu = partial(set_commands, bot, texts, kinds)
        operators_menu = partial(set_admin_commands, bot, texts, kinds, services.payments.operators)
        return [
            partial(run_until_done, partial(services.bot_link.load, bot), name="telegram.introduce"),
            partial(run_until_done, menu, name="telegram.commands"),
            partial(run_until_done, operators_menu, name="telegram.admin_commands"),
            partial(run_until_done, self._source.set_mode, name="telegram.mode"),
        ]

    def _queues(self) -> Sequence[Step]:
        """Return the tasks that receive updates and handle all queues but that of notices."""
        return [
            self._loop(self._source.keep_lease, "telegram.part", RENEW_SECONDS),
            partial(run_forever, self._source.poll, name="telegram.poll"),
            self._updates.run,
            self._events.run,
            self._refunds.run,
            self._jobs.run,
        ]

    def _periodic(self, services: Services) -> Sequence[Step]:
        """Return the tasks that look for stopped jobs and for due periodic jobs."""
        payments = services.payments
        money = workers.PeriodicJobs(
            payments,
            every=services.settings.reconcile_every,
            watch=WebhookWatch(payments, services.deliveries),
            on_audit=lambda broken: services.metrics.set_audit(len(broken)),
        )
        cleanup = workers.Cleanup(services.orders.context)
        batch_seconds = broadcast.BATCH_INTERVAL_MS / 1000
        return [
            self._loop(services.runner.check, "work.look", STOPPED_WORK_SECONDS),
            self._loop(cleanup.run, "work.tidy", PERIODIC_SECONDS, limit=LONG_STEP_SECONDS),
            self._loop(money.trim_events, "payloads", PERIODIC_SECONDS, limit=LONG_STEP_SECONDS),
            self._loop(
                money.missed, "missed", PERIODIC_SECONDS, limit=LONG_STEP_SECONDS, judges_errors=False
            ),
            self._loop(
                money.reversals, "reversals", PERIODIC_SECONDS, limit=LONG_STEP_SECONDS, judges_errors=False
            ),
            self._loop(money.audit, "audit", PERIODIC_SECONDS, limit=LONG_STEP_SECONDS),
            self._loop(partial(broadcast.send_batch, services.database), "broadcast", batch_seconds),
        ]

    def _loop(
        self,
        step: Step,
        name: str,
        every: float,
        *,
        limit: float = STANDSTILL_SECONDS,
        judges_errors: bool = True,
    ) -> Step:
        """Make the task of a loop, and watch it; errors of Stripe are the outage monitor's business."""
        health = LoopHealth(name, limit=limit, judges_errors=judges_errors)
        self._loops.append(health)
        return partial(run_forever, step, name=name, every=every, health=health)


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
