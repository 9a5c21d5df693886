"""Starts one process, and stops it without losing anything."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial

import structlog
from quart import Blueprint

from bot_platform.config.settings import Settings, SettingsError
from bot_platform.domain.backlog import backlog
from bot_platform.flows import bot_of_database
from bot_platform.infra import clock, worker
from bot_platform.infra.database import Database
from bot_platform.infra.database_errors import FINAL, UNREACHABLE, reason_of
from bot_platform.runtime.background import BackgroundTasks
from bot_platform.runtime.services import Outside, Services, build
from bot_platform.telegram.refusals import Channel, explain
from bot_platform.telegram.update_inbox import InvalidUpdate, UpdateInbox, read
from bot_platform.telegram.update_source import LEASE_SECONDS, UpdateSource
from bot_platform.web.health import health
from bot_platform.web.metrics import metrics
from bot_platform.web.operator.blueprint import operator_pages
from bot_platform.web.payment_pages import payment_pages
from bot_platform.web.server import finishing, server
from bot_platform.web.serving import listen, serve_until
from bot_platform.web.webhooks import stripe_webhook, telegram_webhook

log = structlog.get_logger()

STOP_SECONDS = 4.0  # for the background tasks, until the database is asked whether it still answers
MODE_CHECKS = 5  # for another process of this database that receives updates in the other mode
BACKLOG_TIMEOUT_SECONDS = 2  # to read the gauges from the database for /metrics


class CannotStart(Exception):
    """The process cannot start although its settings are right; the message says what to do."""


class Platform:
    """One process: a web server and a dispatcher in one event loop, over one database."""

    def __init__(self, settings: Settings, outside: Outside) -> None:
        self.services = build(settings, outside)
        self.background = BackgroundTasks(self.services)

    async def run(self, stop: asyncio.Event, on_ready: Callable[[int], None] | None = None) -> None:
        """Serve until `stop` is set, then finish what is in hand; `on_ready` gets the port.

        Raises CannotStart when the address is taken, the database does not answer, or another process
        receives updates in the other mode; SettingsError when the database belongs to another bot.
        """
        services, outside = self.services, self.services.outside
        async with AsyncExitStack() as stack:
            stack.push_async_callback(services.close)
            listener = _listen(services.settings)
            stack.callback(listener.close)
            await _open(services.database, stack)
            if reason := await bot_of_database.conflict(services.database, services.bot.id):
                raise SettingsError([reason])
            await _check_mode(services.update_source)
            if outside.start:
                await outside.start()
            if outside.close:
                stack.push_async_callback(outside.close)
            self.background.start()
            stack.push_async_callback(self._stop_background)
            _log_start(services)
            app = finishing(server(_pages(services, self.background)))
            await serve_until(stop, app, listener, on_ready=on_ready, stopping=outside.stopping)
            log.info("stopping")
        log.info("stopped")

    async def _stop_background(self) -> None:
        """Let the tasks finish what is in hand, unless the database hangs: then it is done again later."""
        stopping = asyncio.create_task(self.background.stop())
        while not stopping.done():
            await asyncio.wait({stopping}, timeout=STOP_SECONDS)
            if not stopping.done() and not await self.services.database.answers():
                log.warning("stopping.database_hangs")
                stopping.cancel()
                await asyncio.gather(stopping, return_exceptions=True)
                return
        await stopping


def _listen(settings: Settings) -> socket.socket:
    host, port = settings.host, settings.port
    try:
        return listen(host, port)
    except OSError as error:
        reason = f"PORT: cannot listen on {host}:{port} ({error.strerror}), try another PORT"
        raise CannotStart(reason) from error


async def _open(database: Database, stack: AsyncExitStack) -> None:
    try:
        await database.open()
    except UNREACHABLE as error:
        raise CannotStart(f"DATABASE_URL: the database cannot be opened ({reason_of(error)})") from error
    stack.push_async_callback(database.close)
    try:
        applied = await worker.retry(database.migrate, name="migrate", final=FINAL)
    except UNREACHABLE as error:
        raise CannotStart(f"DATABASE_URL: the database does not answer ({reason_of(error)})") from error
    if applied:
        log.info("migrated", applied=applied)


async def _check_mode(source: UpdateSource) -> None:
    """Wait until the lease of a dead process ends; raises CannotStart while a live one holds it."""
    for _ in range(MODE_CHECKS):
        if (reason := await source.conflict()) is None:
            return
        await clock.current().sleep(LEASE_SECONDS / (MODE_CHECKS - 2))
    raise CannotStart(reason)


def _pages(services: Services, background: BackgroundTasks) -> list[Blueprint]:
    settings, payments = services.settings, services.payments
    pages = [
        _health(services, background),
        metrics(lambda: _metrics_text(services)),
        stripe_webhook(payments, services.metrics.observe_duration, services.deliveries),
        payment_pages(lambda: services.bot_link.url),
        *services.outside.pages,
    ]
    if token := settings.operator_token:
        words = partial(explain, channel=Channel.PAGE, say=services.texts.say)
        pages.append(operator_pages(payments, token.get_secret_value(), settings.webapp_url, words))
    if settings.telegram_mode == "webhook":
        pages.append(
            telegram_webhook(settings.telegram_secret, lambda body: _store(services.update_inbox, body))
        )
    return pages


def _health(services: Services, background: BackgroundTasks) -> Blueprint:
    async def database() -> str | None:
        return None if await services.database.answers() else ""

    async def telegram() -> str | None:
        return services.update_source.problem()

    async def dispatcher() -> str | None:
        return None if await background.is_running() else ""

    async def workers() -> str | None:
        return background.standstill()

    async def standstill() -> str | None:
        """Say what a restart would cure; nothing that the database explains is."""
        is_running = await background.is_running()
        problem = background.standstill(for_restart=True) if is_running else "a task has ended"
        return problem if problem and await services.database.answers() else None

    checks = {"database": database, "telegram": telegram, "dispatcher": dispatcher, "workers": workers}
    return health(checks, standstill)


async def _metrics_text(services: Services) -> tuple[bytes, str]:
    """Return the metrics; when the database does not answer, its gauges keep their last values."""
    with contextlib.suppress(*UNREACHABLE):
        async with asyncio.timeout(BACKLOG_TIMEOUT_SECONDS):
            services.metrics.set_backlog(await backlog())
    return services.metrics.text()


async def _store(inbox: UpdateInbox, body: bytes) -> bool:
    try:
        await inbox.store_one(read(body))
    except InvalidUpdate:
        return False
    return True


def _log_start(services: Services) -> None:
    settings, provider = services.settings, services.payments.provider.name
    log.info(
        "started",
        payments=provider,
        live=settings.stripe_live and provider != "mock",
        telegram=settings.telegram_mode,
        database=services.database.name,
    )
