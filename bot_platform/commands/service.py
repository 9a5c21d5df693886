"""The commands that run the service or prepare it: `serve`, `demo`, `migrate`."""

import asyncio
import signal
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bot_platform.commands.running import FAILED, OK, run
from bot_platform.config.settings import DatabaseSettings, Settings, load
from bot_platform.flows import bot_of_database
from bot_platform.infra import logs
from bot_platform.infra.database import Database

if TYPE_CHECKING:
    from bot_platform.runtime.services import Outside


def serve(_: Namespace) -> int:
    """Run the service until SIGTERM or SIGINT."""
    settings = load(Settings)
    logs.set_up(settings.log_level, settings.log_format)
    from bot_platform.runtime.services import real_world  # noqa: PLC0415 -- aiogram: seconds, not for --help

    return run(_run_platform(settings, real_world(settings)))


def demo(arguments: Namespace) -> int:
    """Run the service with fakes of Telegram, Stripe and the model."""
    logs.set_up("INFO", "console")
    from bot_platform.demo import OPERATOR_TOKEN, build_demo  # noqa: PLC0415 -- as above

    settings, outside = build_demo(Path("data"), arguments.port, mock=arguments.mock)

    def print_addresses(port: int) -> None:
        url = f"http://127.0.0.1:{port}"
        print(f"\n  Open {url}/demo in a browser. Ctrl+C stops it.")
        print(f"  The operator's pages: {url}/operator, with the token {OPERATOR_TOKEN}.\n", flush=True)

    return run(_run_platform(settings, outside, print_addresses))


def migrate(arguments: Namespace) -> int:
    """Bring the database to the newest schema; with `new_bot` let it belong to the bot of the token."""
    settings = load(Settings) if arguments.new_bot else load(DatabaseSettings)
    logs.set_up("WARNING", settings.log_format, sys.stderr)

    async def work() -> int:
        database = Database(settings.database_url)
        await database.open()
        try:
            applied = await database.migrate()
            if isinstance(settings, Settings):
                await bot_of_database.hand_over(database, settings.bot_id)
        finally:
            await database.close()
        print("\n".join(f"applied {name}" for name in applied) or "already at the newest schema")
        if isinstance(settings, Settings):
            print(f"the database belongs to bot {settings.bot_id} now")
        return OK

    return run(work())


async def _run_platform(
    settings: Settings, outside: "Outside", on_ready: Callable[[int], None] | None = None
) -> int:
    """Run the platform until SIGTERM or SIGINT."""
    from bot_platform.runtime.platform import CannotStart, Platform  # noqa: PLC0415 -- as above
    from bot_platform.web.serving import raise_file_limit  # noqa: PLC0415 -- as above

    raise_file_limit()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    try:
        await Platform(settings, outside).run(stop, on_ready)
    except CannotStart as fault:
        print(fault, file=sys.stderr)
        return FAILED
    return OK
