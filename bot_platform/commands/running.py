"""What commands share: the event loop, the exit codes, an open database and an open payment context."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from bot_platform.config.settings import DatabaseSettings, MoneySettings
from bot_platform.domain.errors import Refusal
from bot_platform.flows.context import PaymentContext
from bot_platform.infra import logs
from bot_platform.infra.database import Database
from bot_platform.infra.database_errors import UNREACHABLE, reason_of

OK, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130  # exit codes


def run(work: Coroutine[Any, Any, int]) -> int:
    """Run a command and return its exit code; prints a refusal or a lost database as one line."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        try:
            return runner.run(work)
        except Refusal as refusal:
            from bot_platform.telegram.refusals import Channel, explain  # noqa: PLC0415 -- takes half a second
            from bot_platform.telegram.texts import Texts  # noqa: PLC0415 -- as above

            print(explain(refusal, Channel.CONSOLE, Texts().say), file=sys.stderr)
        except KeyboardInterrupt:
            return INTERRUPTED
        except BrokenPipeError:  # the reader, such as `head`, has ended
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except UNREACHABLE as fault:
            print(f"DATABASE_URL: the database does not answer ({reason_of(fault)})", file=sys.stderr)
        return FAILED


@asynccontextmanager
async def open_database(settings: DatabaseSettings) -> AsyncIterator[Database]:
    """Open the database and migrate it; the log goes to standard error, only answers to standard output."""
    level = "CRITICAL" if settings.log_level != "DEBUG" else "DEBUG"  # the command itself prints its errors
    logs.set_up(level, settings.log_format, sys.stderr)
    database = Database(settings.database_url)
    await database.open()
    try:
        await database.migrate()
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def open_payments(settings: MoneySettings) -> AsyncIterator[PaymentContext]:
    """Open the database and the payment providers as the service does."""
    from bot_platform.providers import choose  # noqa: PLC0415 -- Stripe takes a second, not needed for --help

    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings))
        providers = choose.providers(settings)
        for provider in providers.values():
            stack.push_async_callback(provider.close)
        yield PaymentContext(
            database=database,
            provider=next(iter(providers.values())),
            providers=providers,
            events=choose.events(settings),
            prices=settings.price_list(),
            operators=settings.admin_telegram_ids,
        )


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 -- faster, but not on every system
    except ImportError:
        return None
    return uvloop.new_event_loop
