"""The commands about the books: `audit`, `grant`, `unfreeze`."""

import json
import sys
from argparse import Namespace
from dataclasses import asdict
from uuid import uuid4

from bot_platform.commands.progress import Progress
from bot_platform.commands.running import FAILED, OK, open_database, run
from bot_platform.config.settings import DatabaseSettings, load
from bot_platform.domain import users
from bot_platform.domain.amounts import credits_text
from bot_platform.domain.audit import Step
from bot_platform.flows import freeze
from bot_platform.flows.audit import audit_books
from bot_platform.flows.grant import grant as give


def audit(arguments: Namespace) -> int:
    """Audit the books: exit code 0 if they balance, 1 if not."""
    settings = load(DatabaseSettings)

    async def work() -> int:
        progress, checked = Progress("audit"), 0

        def on_step(step: Step) -> None:
            nonlocal checked
            checked = step.done
            progress.show(step.done, step.rows)

        async with open_database(settings) as database:
            broken = await audit_books(database, (), on_step)
        progress.end()
        if arguments.json:
            print(json.dumps({"balanced": not broken, "broken": [asdict(row) for row in broken]}))
        else:
            for row in broken:
                print(f"{row.invariant}  {row.table} {row.id}: {row.says}")
            print(
                f"rows that are wrong: {len(broken)}"
                if broken
                else f"The books balance ({checked} rows checked)"
            )
        return FAILED if broken else OK

    return run(work())


def grant(arguments: Namespace) -> int:
    """Give a user credits, or take credits back if the number is negative."""
    settings = load(DatabaseSettings)

    async def work() -> int:
        async with open_database(settings) as database:
            user = await users.find(arguments.telegram_id)
            if user is None:
                return _no_user(arguments.telegram_id)
            available = await give(
                database, user, arguments.credits, arguments.reason, arguments.id or uuid4().hex
            )
        print(
            f"Granted {credits_text(arguments.credits)} credits to {arguments.telegram_id}."
            f" Balance: {credits_text(available)} credits."
        )
        return OK

    return run(work())


def unfreeze(arguments: Namespace) -> int:
    """Let a user spend again before an inquiry of their bank is closed."""
    settings = load(DatabaseSettings)

    async def work() -> int:
        async with open_database(settings) as database:
            user = await users.find(arguments.telegram_id)
            if user is None:
                return _no_user(arguments.telegram_id)
            is_free_now = await freeze.unfreeze(database, user)
        print(
            f"{arguments.telegram_id} may spend again."
            if is_free_now
            else f"{arguments.telegram_id} was not frozen."
        )
        return OK

    return run(work())


def _no_user(telegram_id: int) -> int:
    print(f"There is no user with the Telegram id {telegram_id}.", file=sys.stderr)
    return FAILED
