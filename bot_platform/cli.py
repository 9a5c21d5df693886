"""One function for each command of `run.py`."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot_platform import telemetry
from bot_platform.database import UNREACHABLE, Database
from bot_platform.settings import DatabaseSettings, Settings, SettingsError, load

if TYPE_CHECKING:
    from bot_platform.app import Outside

OK, FAILED, MISUSED = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    given = _parser().parse_args(arguments)
    try:
        code: int = given.command(given)
    except SettingsError as fault:
        print(fault, file=sys.stderr)
        return MISUSED
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="run.py", description="Sell credits inside a Telegram bot.")
    parser.set_defaults(command=_serve)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    serve = commands.add_parser("serve", help="the service, configured by the environment and .env (default)")
    serve.set_defaults(command=_serve)
    demo = commands.add_parser("demo", help="the service with no account anywhere, in the browser")
    demo.add_argument("--mock", action="store_true", help="sell by the mock instead of the local Stripe")
    demo.add_argument("--port", type=_port, default=8000, help="where to listen (default: 8000)")
    demo.set_defaults(command=_demo)
    migrate = commands.add_parser("migrate", help="bring the database to the newest schema")
    migrate.set_defaults(command=_migrate)
    return parser


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:  # noqa: PLR2004 -- the ports there are
        return int(text)
    raise argparse.ArgumentTypeError(f"{text} is no port; choose one from 1 to 65535")


def _serve(_: argparse.Namespace) -> int:
    settings = load(Settings)
    telemetry.set_up(settings.log_level, settings.log_format)
    from bot_platform.app import real_world  # noqa: PLC0415 -- aiogram takes seconds: --help does without

    return _run(_until_told(settings, real_world(settings)))


def _demo(given: argparse.Namespace) -> int:
    telemetry.set_up("INFO", "console")
    from bot_platform.demo import demo  # noqa: PLC0415 -- as above

    settings, outside = demo(Path("data"), given.port, mock=given.mock)

    def invite(port: int) -> None:
        print(f"\n  Open http://127.0.0.1:{port}/demo in a browser. Ctrl+C ends it.\n", flush=True)

    return _run(_until_told(settings, outside, invite))


def _migrate(_: argparse.Namespace) -> int:
    settings = load(DatabaseSettings)
    telemetry.set_up("WARNING", settings.log_format)

    async def migrate() -> int:
        database = Database(settings.database_url)
        try:
            await database.open()
            applied = await database.migrate()
        except UNREACHABLE as fault:
            print(f"DATABASE_URL: the database does not answer ({fault})", file=sys.stderr)
            return FAILED
        finally:
            await database.close()
        print("\n".join(f"applied {name}" for name in applied) or "already at the newest schema")
        return OK

    return _run(migrate())


async def _until_told(
    settings: Settings, outside: "Outside", on_ready: Callable[[int], None] | None = None
) -> int:
    """Run the platform until SIGTERM or SIGINT."""
    from bot_platform.app import CannotStart, Platform  # noqa: PLC0415 -- as above

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


def _run(work: Coroutine[Any, Any, int]) -> int:
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(work)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 -- faster, where it exists
    except ImportError:
        return None
    return uvloop.new_event_loop
