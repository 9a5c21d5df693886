"""The parts of one process, built once from the settings and passed down as arguments."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from socket import gethostname

import structlog
from aiogram import Bot
from aiogram.client.session.base import BaseSession
from quart import Blueprint

from bot_platform.config.settings import Settings
from bot_platform.flows.context import PaymentContext, WorkContext
from bot_platform.flows.late_webhooks import Deliveries
from bot_platform.infra.clock import Clock
from bot_platform.infra.commit_events import CommitEvent
from bot_platform.infra.database import Database
from bot_platform.infra.outbound_calls import CallObserver
from bot_platform.providers import choose
from bot_platform.providers.observed_model import ObservedModel
from bot_platform.runtime.metrics import Metrics
from bot_platform.telegram.bot_link import BotLink
from bot_platform.telegram.dispatcher import dispatcher, names_of_commands
from bot_platform.telegram.markdown import pages
from bot_platform.telegram.plain_answers import name_decode_errors
from bot_platform.telegram.sender import Sender
from bot_platform.telegram.session import HttpSession, observe_calls
from bot_platform.telegram.texts import Texts
from bot_platform.telegram.update_inbox import UpdateInbox
from bot_platform.telegram.update_source import Mode, UpdateSource
from bot_platform.work.catalog import found_kinds
from bot_platform.work.engine.model import Model, Rates
from bot_platform.work.engine.orders import Orders
from bot_platform.work.engine.runner import Runner

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Outside:
    """The connections to the outside world: the real ones, or those of a sandbox with pages of its own.

    `bot_link` replaces the bot's address at Telegram, `model` the model that the settings name.
    `start` and `close` run with the service; `stopping` runs before the server waits for open requests.
    """

    telegram: BaseSession
    pages: Sequence[Blueprint] = ()
    bot_link: str = ""
    local_links: bool = False
    model: Model | None = None
    start: Callable[[], Awaitable[None]] | None = None
    stopping: Callable[[], None] | None = None
    close: Callable[[], Awaitable[None]] | None = None
    clock: Clock = field(default_factory=Clock)


def real_world(settings: Settings) -> Outside:
    """Connect to Telegram over the network, through the proxy if one is set."""
    return Outside(HttpSession(settings.telegram_api_base, settings.proxy_url))


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one process, wired to each other and not yet started."""

    settings: Settings
    outside: Outside
    database: Database
    metrics: Metrics
    calls: CallObserver
    deliveries: Deliveries
    bot: Bot
    bot_link: BotLink
    texts: Texts
    payments: PaymentContext
    orders: Orders
    runner: Runner
    update_inbox: UpdateInbox
    update_source: UpdateSource
    sender: Sender
    closes: Sequence[Callable[[], Awaitable[None]]]

    async def close(self) -> None:
        """Close the connections to the outside, but not the database."""
        for close in reversed(self.closes):
            await close()


def build(settings: Settings, outside: Outside) -> Services:
    """Build the parts of one process; call it with a running event loop."""
    database = Database(settings.database_url, outside.clock)
    metrics, calls, texts = Metrics(), CallObserver(), Texts()
    database.on_commit_event += [metrics.count, warn_of_lost_alert]
    calls.listeners.append(metrics.count_call)
    bot = Bot(settings.telegram_bot_token.get_secret_value(), session=outside.telegram)
    bot.session.middleware(observe_calls(calls))
    bot.session.middleware(name_decode_errors)
    payments = _payments(settings, database, calls)
    model = outside.model or choose.model(settings)
    observed = ObservedModel(model, calls) if model else None
    orders, runner = _work(settings, database, observed)
    talk = dispatcher(
        database=database,
        payments=payments,
        orders=orders,
        prices=payments.prices,
        texts=texts,
        welcome_credits=settings.welcome_credits,
    )
    commands = names_of_commands(orders.kinds)
    inbox = UpdateInbox(database, bot, talk, commands=commands, operators=payments.operators)
    return Services(
        settings=settings,
        outside=outside,
        database=database,
        metrics=metrics,
        calls=calls,
        deliveries=Deliveries(),
        bot=bot,
        bot_link=BotLink(outside.bot_link),
        texts=texts,
        payments=payments,
        orders=orders,
        runner=runner,
        update_inbox=inbox,
        update_source=UpdateSource(database, bot, inbox, _mode(settings)),
        sender=Sender(
            database,
            bot,
            texts,
            payments.prices,
            operators=payments.operators,
            local_links=outside.local_links,
        ),
        closes=[
            bot.session.close,
            *(provider.close for provider in payments.providers.values()),
            *([observed.close] if observed else []),
        ],
    )


def warn_of_lost_alert(event: CommitEvent) -> None:
    """Log an alert that did not reach an operator."""
    if event.name == "alert lost":
        log.warning(
            "alert.lost",
            **event.labels,
            do="Somebody in ADMIN_TELEGRAM_IDS must have started the bot and not blocked it.",
        )


def _payments(settings: Settings, database: Database, calls: CallObserver) -> PaymentContext:
    providers = choose.providers(settings, calls)
    return PaymentContext(
        database=database,
        provider=next(iter(providers.values())),
        providers=providers,
        events=choose.events(settings),
        prices=settings.price_list(),
        operators=settings.admin_telegram_ids,
    )


def _work(settings: Settings, database: Database, model: Model | None) -> tuple[Orders, Runner]:
    context = WorkContext(
        database=database,
        pages=pages,
        jobs_per_user=settings.jobs_per_user,
        jobs_at_once=settings.jobs_at_once,
        low_balance=settings.low_balance,
        keep_texts=timedelta(days=settings.keep_texts_days),
    )
    kinds = found_kinds()
    rates = Rates(settings.ai_credits_per_1k_input, settings.ai_credits_per_1k_output)
    return Orders(context, kinds, model, rates), Runner(context, kinds, model, rates)


def _mode(settings: Settings) -> Mode:
    return Mode(
        webhook=settings.telegram_mode == "webhook",
        webapp_url=settings.webapp_url,
        secret=settings.telegram_secret,
        process=_process_number(settings.host, settings.port),
    )


def _process_number(host: str, port: int) -> int:
    """Return a number that is unique among the replicas and stays the same after a restart."""
    name = f"{gethostname()}:{host}:{port}"
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:7])
