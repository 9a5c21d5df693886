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
from bot_platform.infra import redaction

MAX_REASON_CHARS = 300
MAX_GRANT_ID_CHARS = 64  # it is a part of the ledger entry's cause
MAX_SPAN_UNITS = 9_999
MAX_PORT = 65_535
SECONDS_PER_UNIT = {"m": 60, "h": 3600, "d": 24 * 3600}

Command = Callable[[argparse.Namespace], int]
Parsers = Any  # the class of argparse's subparsers is private


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. What it prints, a traceback too, is without secrets."""
    sys.stdout, sys.stderr = redaction.redacted(sys.stdout), redaction.redacted(sys.stderr)
    given = sys.argv[1:] if argv is None else argv
    if (odd := _not_utf8(given)) is not None:
        print(f"run.py: argument {odd} is not UTF-8: {given[odd - 1]!a}", file=sys.stderr)
        return MISUSED
    arguments = _parser().parse_args(given)
    try:
        code: int = arguments.command(arguments)
    except SettingsError as fault:
        print(fault, file=sys.stderr)
        return MISUSED
    return code


def _not_utf8(argv: Sequence[str]) -> int | None:
    """Return the number of the first argument that holds other bytes than UTF-8, beginning with 1."""
    for number, argument in enumerate(argv, start=1):
        try:
            argument.encode()
        except UnicodeEncodeError:  # Python keeps such a byte as half of a surrogate pair
            return number
    return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="run.py", description="Sell credits inside a Telegram bot.")
    parser.set_defaults(command=service.serve)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _service_commands(commands)
    _backup_commands(commands)
    _book_commands(commands)
    _money_commands(commands)
    _event_commands(commands)
    return parser


def _service_commands(commands: Parsers) -> None:
    _add(
        commands, "serve", service.serve, "run the service, configured by the environment and .env (default)"
    )
    demo = _add(commands, "demo", service.demo, "run the service in the browser, without any account")
    demo.add_argument("--mock", action="store_true", help="sell by the mock instead of the local Stripe")
    demo.add_argument("--port", type=_port, default=8000, help="where to listen (default: 8000)")
    check = _add(
        commands, "doctor", doctor.doctor, "check the whole installation, and name the fix of each problem"
    )
    check.add_argument("--json", action="store_true", help="print JSON")
    check.add_argument(
        "--fix", action="store_true", help="create Stripe's webhook, set the bot's menu and texts"
    )
    check.add_argument(
        "--no-spend", action="store_true", help="leave out what costs money: one answer of a few tokens"
    )
    migrate = _add(commands, "migrate", service.migrate, "bring the database to the newest schema")
    migrate.add_argument(
        "--new-bot",
        action="store_true",
        help="and let it belong to the bot of TELEGRAM_BOT_TOKEN, which takes the place of another",
    )


def _backup_commands(commands: Parsers) -> None:
    save = _add(commands, "backup", backup.backup, "save the database to a file, beside a running service")
    save.add_argument("file", metavar="FILE", help="the file to write; - is standard output")
    save.add_argument("--force", action="store_true", help="overwrite a file that exists")
    restore = _add(commands, "restore", backup.restore, "replace the database by a backup")
    restore.add_argument("file", metavar="FILE", help="the file to read; - is standard input")
    restore.add_argument("--force", action="store_true", help="replace a database that has users in it")


def _book_commands(commands: Parsers) -> None:
    audit = _add(
        commands, "audit", books.audit, "check the books, and name every row that is wrong (exit code 1)"
    )
    audit.add_argument("--json", action="store_true", help="print JSON")
    grant = _add(commands, "grant", books.grant, "give a user credits; a negative number takes credits back")
    grant.add_argument("telegram_id", type=_id, metavar="TELEGRAM_ID", help="the user's Telegram id")
    grant.add_argument("credits", type=_credits, metavar="CREDITS", help="the number, such as 12.50 or -3")
    grant.add_argument(
        "--reason", type=_reason, required=True, help="kept in the ledger, and sent to the user"
    )
    grant.add_argument("--id", type=_grant_id, help="an idempotency key: the same id grants only once")
    unfreeze = _add(
        commands, "unfreeze", books.unfreeze, "let a user spend although an inquiry of their bank is open"
    )
    unfreeze.add_argument("telegram_id", type=_id, metavar="TELEGRAM_ID", help="the user's Telegram id")


def _money_commands(commands: Parsers) -> None:
    refund = _add(
        commands, "refund", money.refund, "return the money of a purchase and take its credits back"
    )
    refund.add_argument(
        "purchase_id",
        type=_id,
        metavar="PURCHASE_ID",
        help="the number of the purchase, as /paysupport shows it",
    )
    refund.add_argument(
        "--amount", help="a part of the money, in the purchase's currency, such as 2.50 (default: all)"
    )
    refund.add_argument(
        "--force", action="store_true", help="refund even if the credits are spent; the user then has a debt"
    )
    refund.add_argument("--reason", type=_reason, required=True, help="kept with the refund")
    reconcile = _add(
        commands, "reconcile", money.reconcile_now, "ask Stripe what happened, and apply what was missed"
    )
    reconcile.add_argument(
        "--since", type=_span, default="72h", help="how far back, such as 90m, 72h, 7d (default: 72h)"
    )


def _event_commands(commands: Parsers) -> None:
    events = _add(commands, "events", money.list_events, "the webhook inbox: list, show, replay")
    listed = argparse.ArgumentParser(add_help=False)
    listed.add_argument("--failed", action="store_true", help="only failed events")
    listed.add_argument(
        "--limit", type=_count, default=50, help="at most this many of the newest (default: 50)"
    )
    events.set_defaults(failed=False, limit=50)
    actions = events.add_subparsers(title="what to do (default: list)", metavar="ACTION")
    actions.add_parser("list", parents=[listed], help="list, newest first")
    show = _add(actions, "show", money.show_event, "show one event with what is kept of it")
    show.add_argument("id", metavar="ID", help="the event's number in the list, or Stripe's evt_...")
    replay = _add(actions, "replay", money.replay_events, "handle one event again, or all failed events")
    which = replay.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "id", nargs="?", metavar="ID", help="the event's number in the list, or Stripe's evt_..."
    )
    which.add_argument("--failed", action="store_true", help="all failed events")


def _add(commands: Parsers, name: str, command: Command, description: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=description, description=description)
    parser.set_defaults(command=command)
    return parser


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) <= MAX_PORT:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text} is not a port; use a number from 1 to {MAX_PORT}")


def _id(text: str) -> int:
    if number := parse_id(text):
        return number
    raise argparse.ArgumentTypeError(f"{text} is not a valid id")


def _count(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) <= money.MAX_EVENTS:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text} is not a number from 1 to {money.MAX_EVENTS}")


def _credits(text: str) -> int:
    try:
        credits_ = hundredths(text)
    except ValueError as fault:
        raise argparse.ArgumentTypeError(f"{text}: {fault}") from fault
    if not credits_:
        raise argparse.ArgumentTypeError("the number of credits must not be 0")
    return credits_


def _reason(text: str) -> str:
    if text.strip() and len(text) <= MAX_REASON_CHARS:
        return text.strip()
    raise argparse.ArgumentTypeError(f"write 1 to {MAX_REASON_CHARS} characters")


def _grant_id(text: str) -> str:
    if text.strip() and len(text) <= MAX_GRANT_ID_CHARS:
        return text.strip()
    raise argparse.ArgumentTypeError(f"write 1 to {MAX_GRANT_ID_CHARS} characters")


def _span(text: str) -> int:
    number, unit = text[:-1], text[-1:]
    if (
        number.isascii()
        and number.isdigit()
        and unit in SECONDS_PER_UNIT
        and 0 < int(number) <= MAX_SPAN_UNITS
    ):
        return int(number) * SECONDS_PER_UNIT[unit]
    raise argparse.ArgumentTypeError(f"{text} is not a span of time; write 90m, 72h or 7d")
