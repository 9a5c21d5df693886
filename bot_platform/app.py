"""The composition root: builds everything once, starts it, and stops it without losing anything."""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from socket import gethostname

import structlog
from aiogram import Bot
from aiogram.client.session.base import BaseSession
from quart import Blueprint

from bot_platform import caretaker, loops
from bot_platform.calls import Calls
from bot_platform.database import UNREACHABLE, Database
from bot_platform.domain.backlog import backlog
from bot_platform.domain.packages import PriceList
from bot_platform.figures import Figures
from bot_platform.flows import tell_all
from bot_platform.flows.till import Till
from bot_platform.outages import Outages
from bot_platform.payments import choose
from bot_platform.settings import Settings
from bot_platform.telegram.dispatcher import dispatcher, set_admin_commands, set_commands
from bot_platform.telegram.intake import Intake, NotAnUpdate, read
from bot_platform.telegram.listening import LEASE, RENEW_EVERY, Listening, Way
from bot_platform.telegram.sender import Sender
from bot_platform.telegram.session import HttpSession, calls_heard
from bot_platform.telegram.texts import Texts
from bot_platform.web.health import health
from bot_platform.web.metrics import metrics
from bot_platform.web.operator.building import operator_pages
from bot_platform.web.payment_pages import payment_pages
from bot_platform.web.server import finishing, server
from bot_platform.web.serving import listen, serve_until
from bot_platform.web.webhooks import stripe_webhook, telegram_webhook
from bot_platform.work.model import Model
from bot_platform.work.overheard import OverheardModel
from bot_platform.work.runner import Runner
from bot_platform.work.workshop import Workshop
from bot_platform.workplace import model, workplace

log = structlog.get_logger()

HANDLERS_MAY_TAKE = 3.0  # seconds at the end; with the requests and the closing together under 10
LAST_WORDS_MAY_TAKE = 0.5
LOOK_WHETHER_TO_STOP = 0.5  # seconds between looks whether work in hand was stopped
TRIES_TO_HEAR = 5
LOOK_FOR_ROUNDS = 5.0  # seconds between looks whether a round is due
LOOK_FOR_OUTAGES = 5.0


class CannotStart(Exception):
    """Something outside the settings forbids the start; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Outside:
    """How the world outside is reached: real, or a sandbox with pages of its own."""

    telegram: BaseSession
    pages: Sequence[Blueprint] = ()
    way_back: str = ""  # the bot's address, where Telegram's own name for it is not it
    local_links: bool = False
    model: Model | None = None  # instead of the one that the settings name
    start: Callable[[], Awaitable[None]] | None = None
    stopping: Callable[[], None] | None = None  # before the server waits for open pages
    close: Callable[[], Awaitable[None]] | None = None
    clock: Callable[[], float] = time.time  # unix seconds


def real_world(settings: Settings) -> Outside:
    """Reach Telegram over the network, through the proxy where one is set."""
    return Outside(HttpSession(settings.telegram_api_base, settings.proxy_url))


class Platform:
    """One process: a web server and a dispatcher on one loop, over one database."""

    def __init__(self, settings: Settings, outside: Outside) -> None:
        self._settings, self._outside = settings, outside
        self._database = Database(settings.database_url)
        self._figures = Figures()
        self._database.on_fact.append(self._figures.happened)
        self._calls = Calls()
        self._calls.listeners.append(self._figures.called)
        self._way_back = outside.way_back
        self._loops: list[asyncio.Task[None]] = []

    async def run(self, stop: asyncio.Event, on_ready: Callable[[int], None] | None = None) -> None:
        """Serve until `stop` is set, then finish what is in hand; `on_ready` hears the port.

        Raises CannotStart when the address is taken or the database does not answer.
        """
        host, port = self._settings.host, self._settings.port
        try:
            listener = listen(host, port)
        except OSError as fault:
            why = f"PORT: cannot listen on {host}:{port} ({fault.strerror}), try another PORT"
            raise CannotStart(why) from fault
        async with AsyncExitStack() as stack:
            stack.callback(listener.close)
            await self._open_database(stack)
            bot = Bot(self._settings.telegram_bot_token.get_secret_value(), session=self._outside.telegram)
            bot.session.middleware(calls_heard(self._calls))
            stack.push_async_callback(bot.session.close)
            prices, texts = self._settings.price_list(), Texts()
            till = self._till(stack, prices)
            ai = self._outside.model or model(self._settings)
            if ai:
                ai = OverheardModel(ai, self._calls)
                stack.push_async_callback(ai.close)
            workshop, runner = workplace(self._settings, self._database, ai)
            talk = dispatcher(
                database=self._database,
                till=till,
                workshop=workshop,
                prices=prices,
                texts=texts,
                welcome_credits=self._settings.welcome_credits,
            )
            intake = Intake(self._database, bot, talk)
            sender = Sender(self._database, bot, texts, prices, local_links=self._outside.local_links)
            listening = Listening(
                self._database,
                bot,
                intake,
                Way(
                    webhook=self._settings.telegram_mode == "webhook",
                    webapp_url=self._settings.webapp_url,
                    secret=self._settings.telegram_secret,
                    process=_process(host, port),
                ),
            )
            await self._may_hear(listening)
            routes = [
                health({"database": self._database.answers, "dispatcher": self._dispatcher_runs}),
                metrics(self._figures_text),
                stripe_webhook(till, self._figures.took),
                payment_pages(lambda: self._way_back),
                *self._outside.pages,
            ]
            if token := self._settings.operator_token:
                routes.append(operator_pages(till, token.get_secret_value(), self._settings.webapp_url))
            if self._settings.telegram_mode == "webhook":
                routes.append(telegram_webhook(self._settings.telegram_secret, _store_in(intake)))
            await self._start_loops(stack, bot, texts, intake, listening, sender, till, workshop, runner)
            log.info(
                "started",
                payments=till.provider.name,
                live=self._settings.stripe_live and till.provider.name != "mock",
                telegram=self._settings.telegram_mode,
                database=self._database.name,
            )
            await serve_until(
                stop,
                finishing(server(routes)),
                listener,
                on_ready=on_ready,
                stopping=self._outside.stopping,
            )
            log.info("stopping")
        log.info("stopped")

    def _till(self, stack: AsyncExitStack, prices: PriceList) -> Till:
        providers = choose.providers(self._settings, self._calls)
        for provider in providers.values():
            stack.push_async_callback(provider.close)
        return Till(
            database=self._database,
            provider=next(iter(providers.values())),
            providers=providers,
            events=choose.events(self._settings),
            prices=prices,
            admins=self._settings.admin_telegram_ids,
        )

    async def _open_database(self, stack: AsyncExitStack) -> None:
        try:
            await self._database.open()
        except UNREACHABLE as fault:
            raise CannotStart(f"DATABASE_URL: the database cannot be opened ({fault})") from fault
        stack.push_async_callback(self._database.close)
        applied = await loops.soon(self._database.migrate, name="migrate")
        if applied is None:
            raise CannotStart("DATABASE_URL: the database does not answer; see the log lines above")
        if applied:
            log.info("migrated", applied=applied)

    async def _start_loops(
        self,
        stack: AsyncExitStack,
        bot: Bot,
        texts: Texts,
        intake: Intake,
        ears: Listening,
        sender: Sender,
        till: Till,
        workshop: Workshop,
        runner: Runner,
    ) -> None:
        if self._outside.start:
            await self._outside.start()
        if self._outside.close:
            stack.push_async_callback(self._outside.close)
        updates, notices = intake.pump(), sender.pump()
        work = caretaker.work_pump(runner, self._settings.jobs_at_once)
        self._database.on_commit += [updates.poke, notices.poke, work.poke]
        listening = [
            updates.run(),
            loops.until_done(lambda: self._introduce(bot), name="telegram.introduce"),
            loops.until_done(lambda: set_commands(bot, texts, workshop.kinds), name="telegram.commands"),
            loops.until_done(
                lambda: set_admin_commands(bot, texts, workshop.kinds, till.admins),
                name="telegram.admin_commands",
            ),
            loops.until_done(ears.settle, name="telegram.mode"),
            loops.repeat(ears.stand, name="telegram.part", every=RENEW_EVERY),
        ]
        if self._settings.telegram_mode == "polling":
            listening.append(loops.repeat(ears.poll, name="telegram.poll"))
        stored, refunds = caretaker.inbox_pump(till), caretaker.refunds_pump(till)
        rounds = caretaker.Rounds(
            till,
            every=self._settings.reconcile_every,
            on_audit=lambda broken: self._figures.audited(len(broken)),
        )
        tidy = caretaker.Tidy(workshop.desk)
        outages = Outages(till, self._outside.clock)
        self._calls.listeners.append(outages.hear)
        for pump in (updates, notices, work, stored, refunds):
            pump.took = self._figures.took
        listening += [stored.run(), refunds.run()]
        listening += [
            loops.repeat(rounds.missed, name="missed", every=LOOK_FOR_ROUNDS),
            loops.repeat(rounds.reversals, name="reversals", every=LOOK_FOR_ROUNDS),
            loops.repeat(rounds.audit, name="audit", every=LOOK_FOR_ROUNDS),
            work.run(),
            loops.repeat(runner.look, name="work.look", every=LOOK_WHETHER_TO_STOP),
            loops.repeat(tidy.once, name="work.tidy", every=LOOK_FOR_ROUNDS),
            loops.repeat(
                partial(tell_all.portion, self._database), name="broadcast", every=tell_all.EVERY_MS / 1000
            ),
            loops.repeat(outages.look, name="outages", every=LOOK_FOR_OUTAGES),
        ]
        hears = [asyncio.create_task(step) for step in listening]
        speaks = asyncio.create_task(notices.run())
        self._loops = [*hears, speaks]

        async def wind_down() -> None:
            """Hear nothing new, finish what was heard, say what came of it."""
            await _cancel(hears)
            await ears.leave()
            await asyncio.gather(
                updates.finish(HANDLERS_MAY_TAKE),
                stored.finish(HANDLERS_MAY_TAKE),
                refunds.finish(HANDLERS_MAY_TAKE),
                work.finish(HANDLERS_MAY_TAKE),
            )
            await notices.drained(LAST_WORDS_MAY_TAKE)
            await _cancel([speaks])
            await notices.finish(LAST_WORDS_MAY_TAKE)

        stack.push_async_callback(wind_down)

    async def _introduce(self, bot: Bot) -> None:
        me = await bot.get_me()
        self._way_back = self._way_back or f"https://t.me/{me.username}"
        log.info("telegram.bot", username=me.username)

    async def _may_hear(self, listening: Listening) -> None:
        """Wait out the lease of one that died; raises CannotStart when one lives that hears otherwise."""
        for _ in range(TRIES_TO_HEAR):
            if (why := await listening.forbidden()) is None:
                return
            await asyncio.sleep(LEASE / (TRIES_TO_HEAR - 2))
        raise CannotStart(why)

    async def _figures_text(self) -> tuple[bytes, str]:
        """Write the figures; those of the database as they last were, when it does not answer."""
        with contextlib.suppress(*UNREACHABLE):
            async with asyncio.timeout(2):
                self._figures.waits(await backlog())
        return self._figures.text()

    async def _dispatcher_runs(self) -> bool:
        return bool(self._loops) and not any(
            task.done() and (task.cancelled() or task.exception()) for task in self._loops
        )


def _process(host: str, port: int) -> int:
    """Give this process a number among its replicas, the same when it is started again after a crash."""
    name = f"{gethostname()}:{host}:{port}"
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:7])


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _store_in(intake: Intake) -> Callable[[bytes], Awaitable[bool]]:
    async def store(body: bytes) -> bool:
        try:
            await intake.store([read(body)])
        except NotAnUpdate:
            return False
        return True

    return store
