"""What every command stands on: an event loop, an open database, a till, and an exit code."""

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
from bot_platform.infra.database_errors import UNREACHABLE

OK, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130


def run(work: Coroutine[Any, Any, int]) -> int:
    """Run a command to its exit code; says plainly what the database or a rule refused."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        try:
            return runner.run(work)
        except Refusal as no:
            from bot_platform.telegram.refusals import Channel, explain  # noqa: PLC0415 -- half a second
            from bot_platform.telegram.texts import Texts  # noqa: PLC0415 -- as above

            print(explain(no, Channel.CONSOLE, Texts().say), file=sys.stderr)
        except KeyboardInterrupt:
            return INTERRUPTED
        except BrokenPipeError:  # whoever read our answer has had enough of it
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except UNREACHABLE as fault:
            print(f"DATABASE_URL: the database does not answer ({fault})", file=sys.stderr)
        return FAILED


@asynccontextmanager
async def opened(settings: DatabaseSettings) -> AsyncIterator[Database]:
    """Open the database with the newest schema; logs go to standard error, answers to standard output."""
    quiet = "CRITICAL" if settings.log_level != "DEBUG" else "DEBUG"  # what matters, the command says itself
    logs.set_up(quiet, settings.log_format, sys.stderr)
    database = Database(settings.database_url)
    await database.open()
    try:
        await database.migrate()
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def payments(settings: MoneySettings) -> AsyncIterator[PaymentContext]:
    """Open a till as the service has one."""
    from bot_platform.providers import choose  # noqa: PLC0415 -- Stripe takes a second: --help does without

    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(opened(settings))
        providers = choose.providers(settings)
        for provider in providers.values():
            stack.push_async_callback(provider.close)
        yield PaymentContext(
            database=database,
            provider=next(iter(providers.values())),
            providers=providers,
            events=choose.events(settings),
            prices=settings.price_list(),
            admins=settings.admin_telegram_ids,
        )


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 -- faster, where it exists
    except ImportError:
        return None
    return uvloop.new_event_loop
