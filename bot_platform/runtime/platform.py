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

from bot_platform.config.settings import Settings
from bot_platform.domain.backlog import backlog
from bot_platform.domain.packages import PriceList
from bot_platform.flows.context import PaymentContext
from bot_platform.infra import worker
from bot_platform.infra.database import UNREACHABLE, Database
from bot_platform.infra.outbound_calls import CallObserver
from bot_platform.providers import choose
from bot_platform.providers.observed_model import ObservedModel
from bot_platform.runtime.background import BackgroundTasks
from bot_platform.runtime.metrics import Metrics
from bot_platform.runtime.workplace import model, workplace
from bot_platform.telegram.dispatcher import dispatcher
from bot_platform.telegram.sender import Sender
from bot_platform.telegram.session import HttpSession, observe_calls
from bot_platform.telegram.texts import Texts
from bot_platform.telegram.update_inbox import NotAnUpdate, UpdateInbox, read
from bot_platform.telegram.update_source import LEASE, UpdateSource, Way
from bot_platform.web.health import health
from bot_platform.web.metrics import metrics
from bot_platform.web.operator.blueprint import operator_pages
from bot_platform.web.payment_pages import payment_pages
from bot_platform.web.server import finishing, server
from bot_platform.web.serving import listen, serve_until
from bot_platform.web.webhooks import stripe_webhook, telegram_webhook
from bot_platform.work.engine.model import Model

log = structlog.get_logger()

TRIES_TO_HEAR = 5


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
        self._figures = Metrics()
        self._database.on_fact.append(self._figures.happened)
        self._calls = CallObserver()
        self._calls.listeners.append(self._figures.called)
        self._way_back = outside.way_back

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
            bot.session.middleware(observe_calls(self._calls))
            stack.push_async_callback(bot.session.close)
            prices, texts = self._settings.price_list(), Texts()
            payments = self._payments(stack, prices)
            ai = self._outside.model or model(self._settings)
            if ai:
                ai = ObservedModel(ai, self._calls)
                stack.push_async_callback(ai.close)
            orders, runner = workplace(self._settings, self._database, ai)
            talk = dispatcher(
                database=self._database,
                payments=payments,
                orders=orders,
                prices=prices,
                texts=texts,
                welcome_credits=self._settings.welcome_credits,
            )
            intake = UpdateInbox(self._database, bot, talk)
            sender = Sender(self._database, bot, texts, prices, local_links=self._outside.local_links)
            listening = UpdateSource(
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
            goings_on = BackgroundTasks(
                database=self._database,
                bot=bot,
                texts=texts,
                intake=intake,
                listening=listening,
                sender=sender,
                payments=payments,
                orders=orders,
                runner=runner,
                jobs_at_once=self._settings.jobs_at_once,
                reconcile_every=self._settings.reconcile_every,
                introduce=partial(self._introduce, bot),
                figures=self._figures,
                calls=self._calls,
                clock=self._outside.clock,
            )
            routes = [
                health({"database": self._database.answers, "dispatcher": goings_on.go_on}),
                metrics(self._figures_text),
                stripe_webhook(payments, self._figures.took),
                payment_pages(lambda: self._way_back),
                *self._outside.pages,
            ]
            if token := self._settings.operator_token:
                routes.append(operator_pages(payments, token.get_secret_value(), self._settings.webapp_url))
            if self._settings.telegram_mode == "webhook":
                routes.append(telegram_webhook(self._settings.telegram_secret, _store_in(intake)))
            await self._go_on(stack, goings_on)
            log.info(
                "started",
                payments=payments.provider.name,
                live=self._settings.stripe_live and payments.provider.name != "mock",
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

    def _payments(self, stack: AsyncExitStack, prices: PriceList) -> PaymentContext:
        providers = choose.providers(self._settings, self._calls)
        for provider in providers.values():
            stack.push_async_callback(provider.close)
        return PaymentContext(
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
        applied = await worker.retry(self._database.migrate, name="migrate")
        if applied is None:
            raise CannotStart("DATABASE_URL: the database does not answer; see the log lines above")
        if applied:
            log.info("migrated", applied=applied)

    async def _go_on(self, stack: AsyncExitStack, goings_on: BackgroundTasks) -> None:
        if self._outside.start:
            await self._outside.start()
        if self._outside.close:
            stack.push_async_callback(self._outside.close)
        goings_on.start()
        stack.push_async_callback(goings_on.wind_down)

    async def _introduce(self, bot: Bot) -> None:
        me = await bot.get_me()
        self._way_back = self._way_back or f"https://t.me/{me.username}"
        log.info("telegram.bot", username=me.username)

    async def _may_hear(self, listening: UpdateSource) -> None:
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


def _process(host: str, port: int) -> int:
    """Give this process a number among its replicas, the same when it is started again after a crash."""
    name = f"{gethostname()}:{host}:{port}"
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:7])


def _store_in(intake: UpdateInbox) -> Callable[[bytes], Awaitable[bool]]:
    async def store(body: bytes) -> bool:
        try:
            await intake.store([read(body)])
        except NotAnUpdate:
            return False
        return True

    return store
