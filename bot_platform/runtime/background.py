"""What goes on beside the web server for as long as the process lives, and how it comes to its end."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from aiogram import Bot

from bot_platform.flows import broadcast
from bot_platform.flows.context import PaymentContext
from bot_platform.infra.database import Database
from bot_platform.infra.outbound_calls import CallObserver
from bot_platform.infra.worker import run_forever, run_until_done
from bot_platform.runtime import workers
from bot_platform.runtime.metrics import Metrics
from bot_platform.runtime.outage_monitor import OutageMonitor
from bot_platform.telegram.dispatcher import set_admin_commands, set_commands
from bot_platform.telegram.sender import Sender
from bot_platform.telegram.texts import Texts
from bot_platform.telegram.update_inbox import UpdateInbox
from bot_platform.telegram.update_source import RENEW_EVERY, UpdateSource
from bot_platform.work.engine.orders import Orders
from bot_platform.work.engine.runner import Runner

HANDLERS_MAY_TAKE = 3.0  # seconds at the end; with the requests and the closing together under 10
LAST_WORDS_MAY_TAKE = 0.5
LOOK_WHETHER_TO_STOP = 0.5  # seconds between looks whether work in hand was stopped
LOOK_FOR_ROUNDS = 5.0  # seconds between looks whether a round is due
LOOK_FOR_OUTAGES = 5.0


class BackgroundTasks:
    """Every loop of one process: what it hears, what it does by itself, and what it says."""

    def __init__(
        self,
        *,
        database: Database,
        bot: Bot,
        texts: Texts,
        intake: UpdateInbox,
        listening: UpdateSource,
        sender: Sender,
        payments: PaymentContext,
        orders: Orders,
        runner: Runner,
        jobs_at_once: int,
        reconcile_every: int,
        introduce: Callable[[], Awaitable[None]],
        figures: Metrics,
        calls: CallObserver,
        clock: Callable[[], float],
    ) -> None:
        self._listening = listening
        self._updates, self._notices = intake.pump(), sender.pump()
        self._stored, self._refunds = workers.inbox_worker(payments), workers.refund_worker(payments)
        self._work = workers.job_worker(runner, jobs_at_once)
        for pump in (self._updates, self._notices, self._work, self._stored, self._refunds):
            pump.took = figures.took
        database.on_commit += [self._updates.poke, self._notices.poke, self._work.poke]
        outages = OutageMonitor(payments, clock)
        calls.listeners.append(outages.hear)
        rounds = workers.PeriodicJobs(
            payments, every=reconcile_every, on_audit=lambda broken: figures.audited(len(broken))
        )
        tidy = workers.Tidy(orders.context)
        menu = partial(set_commands, bot, texts, orders.kinds)
        admins_menu = partial(set_admin_commands, bot, texts, orders.kinds, payments.admins)
        self._steps: Sequence[Callable[[], Coroutine[Any, Any, None]]] = [
            partial(run_until_done, introduce, name="telegram.introduce"),
            partial(run_until_done, menu, name="telegram.commands"),
            partial(run_until_done, admins_menu, name="telegram.admin_commands"),
            partial(run_until_done, listening.settle, name="telegram.mode"),
            partial(run_forever, listening.stand, name="telegram.part", every=RENEW_EVERY),
            partial(run_forever, listening.poll, name="telegram.poll"),
            self._updates.run,
            self._stored.run,
            self._refunds.run,
            self._work.run,
            partial(run_forever, runner.look, name="work.look", every=LOOK_WHETHER_TO_STOP),
            partial(run_forever, tidy.once, name="work.tidy", every=LOOK_FOR_ROUNDS),
            partial(run_forever, rounds.missed, name="missed", every=LOOK_FOR_ROUNDS),
            partial(run_forever, rounds.reversals, name="reversals", every=LOOK_FOR_ROUNDS),
            partial(run_forever, rounds.audit, name="audit", every=LOOK_FOR_ROUNDS),
            partial(run_forever, outages.look, name="outages", every=LOOK_FOR_OUTAGES),
            partial(
                run_forever,
                partial(broadcast.send_batch, database),
                name="broadcast",
                every=broadcast.BATCH_INTERVAL_MS / 1000,
            ),
        ]
        self._hears: Sequence[asyncio.Task[None]] = ()
        self._speaks: Sequence[asyncio.Task[None]] = ()

    def start(self) -> None:
        """Begin; outside of any transaction, whose connection the loops would inherit."""
        self._hears = [asyncio.create_task(step()) for step in self._steps]
        self._speaks = [asyncio.create_task(self._notices.run())]

    async def go_on(self) -> bool:
        """Whether everything runs."""
        tasks = [*self._hears, *self._speaks]
        return bool(tasks) and not any(
            task.done() and (task.cancelled() or task.exception()) for task in tasks
        )

    async def wind_down(self) -> None:
        """Hear nothing new, finish what was heard, say what came of it."""
        await _cancel(self._hears)
        await self._listening.leave()
        in_hand = (self._updates, self._stored, self._refunds, self._work)
        await asyncio.gather(*(pump.finish(HANDLERS_MAY_TAKE) for pump in in_hand))
        await self._notices.drained(LAST_WORDS_MAY_TAKE)
        await _cancel(self._speaks)
        await self._notices.finish(LAST_WORDS_MAY_TAKE)


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
