"""Reads the command line of `run.py` and runs one command."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

from bot_platform.commands import backup, books, doctor, money, service
from bot_platform.commands.running import MISUSED
from bot_platform.config.settings import SettingsError
from bot_platform.domain.amounts import hundredths
from bot_platform.domain.ids import parse_id

LONGEST_REASON = 300
SECONDS = {"m": 60, "h": 3600, "d": 24 * 3600}

Command = Callable[[argparse.Namespace], int]
Parsers = Any  # argparse gives the type of its subparsers no public name


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
    parser.set_defaults(command=service.serve)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _service_commands(commands)
    _backup_commands(commands)
    _book_commands(commands)
    _money_commands(commands)
    return parser


def _service_commands(commands: Parsers) -> None:
    _add(commands, "serve", service.serve, "the service, configured by the environment and .env (default)")
    demo = _add(commands, "demo", service.demo, "the service with no account anywhere, in the browser")
    demo.add_argument("--mock", action="store_true", help="sell by the mock instead of the local Stripe")
    demo.add_argument("--port", type=_port, default=8000, help="where to listen (default: 8000)")
    looked = _add(
        commands, "doctor", doctor.doctor, "look whether everything is set up right; names each fix"
    )
    looked.add_argument("--json", action="store_true", help="answer as JSON")
    looked.add_argument(
        "--fix", action="store_true", help="make Stripe's webhook, set the bot's menu and texts"
    )
    _add(commands, "migrate", service.migrate, "bring the database to the newest schema")


def _backup_commands(commands: Parsers) -> None:
    saved = _add(commands, "backup", backup.backup, "save the database to a file, beside a running service")
    saved.add_argument("file", metavar="FILE", help="where to; - is standard output")
    saved.add_argument("--force", action="store_true", help="write over a file that is there")
    back = _add(commands, "restore", backup.restore, "put a backup in the place of the database")
    back.add_argument("file", metavar="FILE", help="which; - is standard input")
    back.add_argument("--force", action="store_true", help="replace a database that has people in it")


def _book_commands(commands: Parsers) -> None:
    audit = _add(commands, "audit", books.audit, "prove the books; exit code 1 names every row that is off")
    audit.add_argument("--json", action="store_true", help="answer as JSON")
    grant = _add(commands, "grant", books.grant, "give credits by hand; a negative number takes back")
    grant.add_argument("telegram_id", type=_id, metavar="TELEGRAM_ID", help="whose")
    grant.add_argument("credits", type=_credits, metavar="CREDITS", help="how many, such as 12.50 or -3")
    grant.add_argument(
        "--reason", type=_reason, required=True, help="stands in the books; the person reads it"
    )
    grant.add_argument("--id", type=_grant_id, help="a name of your own: repeating it grants nothing twice")
    unfreeze = _add(
        commands, "unfreeze", books.unfreeze, "let a person spend although a bank's question is open"
    )
    unfreeze.add_argument("telegram_id", type=_id, metavar="TELEGRAM_ID", help="who")


def _money_commands(commands: Parsers) -> None:
    refund = _add(
        commands, "refund", money.refund, "return the money of a purchase and take its credits back"
    )
    refund.add_argument(
        "purchase_id", type=_id, metavar="PURCHASE_ID", help="which, as /paysupport numbers it"
    )
    refund.add_argument("--amount", help="a part, in the purchase's currency, such as 2.50 (default: all)")
    refund.add_argument("--force", action="store_true", help="even if the credits are spent: a debt remains")
    refund.add_argument("--reason", type=_reason, required=True, help="stands beside the refund")
    again = _add(
        commands, "reconcile", money.reconcile_now, "ask Stripe what happened and apply what was missed"
    )
    again.add_argument(
        "--since", type=_span, default="72h", help="how far back, such as 90m, 72h, 7d (default: 72h)"
    )
    events = _add(commands, "events", money.list_events, "the webhook inbox: list, show, replay")
    listed = argparse.ArgumentParser(add_help=False)
    listed.add_argument("--failed", action="store_true", help="only those that failed")
    listed.add_argument("--limit", type=_count, default=50, help="how many of the newest (default: 50)")
    events.set_defaults(failed=False, limit=50)
    actions = events.add_subparsers(title="what to do (default: list)", metavar="ACTION")
    actions.add_parser("list", parents=[listed], help="list, newest first")
    show = _add(actions, "show", money.show_event, "show one event with everything it said")
    show.add_argument("id", metavar="ID", help="its number in the list, or Stripe's evt_...")
    replay = _add(actions, "replay", money.replay_events, "handle an event once more, or all that failed")
    which = replay.add_mutually_exclusive_group(required=True)
    which.add_argument("id", nargs="?", metavar="ID", help="its number in the list, or Stripe's evt_...")
    which.add_argument("--failed", action="store_true", help="all that failed")


def _add(commands: Parsers, name: str, command: Command, says: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=says, description=says)
    parser.set_defaults(command=command)
    return parser


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:  # noqa: PLR2004 -- the ports there are
        return int(text)
    raise argparse.ArgumentTypeError(f"{text} is no port; choose one from 1 to 65535")


def _id(text: str) -> int:
    if number := parse_id(text):
        return number
    raise argparse.ArgumentTypeError(f"{text} is no number of anybody or anything here")


def _count(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) <= money.ALL:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text} is no number from 1 to {money.ALL}")


def _credits(text: str) -> int:
    try:
        credits_ = hundredths(text)
    except ValueError as fault:
        raise argparse.ArgumentTypeError(f"{text}: {fault}") from fault
    if not credits_:
        raise argparse.ArgumentTypeError("nothing would be given")
    return credits_


def _reason(text: str) -> str:
    if text.strip() and len(text) <= LONGEST_REASON:
        return text.strip()
    raise argparse.ArgumentTypeError(f"write 1 to {LONGEST_REASON} characters")


def _grant_id(text: str) -> str:
    if text.strip() and len(text) <= 64:  # noqa: PLR2004 -- room beside it in the entry's cause
        return text.strip()
    raise argparse.ArgumentTypeError("write 1 to 64 characters")


def _span(text: str) -> int:
    number, unit = text[:-1], text[-1:]
    if number.isascii() and number.isdigit() and unit in SECONDS and 0 < int(number) < 10_000:  # noqa: PLR2004 -- years
        return int(number) * SECONDS[unit]
    raise argparse.ArgumentTypeError(f"{text} is no span of time; write 90m, 72h or 7d")
