"""The commands about the books: `audit`, `grant`, `unfreeze`."""

import json
import sys
from argparse import Namespace
from dataclasses import asdict
from uuid import uuid4

from bot_platform.commands.progress import Progress
from bot_platform.commands.running import FAILED, OK, opened, run
from bot_platform.config.settings import DatabaseSettings, load
from bot_platform.domain import users
from bot_platform.domain.amounts import credits_text
from bot_platform.domain.audit import Step
from bot_platform.flows import freeze
from bot_platform.flows.audit import audit_books
from bot_platform.flows.grant import grant as give


def audit(given: Namespace) -> int:
    """Prove the books: exit code 0 when they balance, 1 when not."""
    settings = load(DatabaseSettings)

    async def work() -> int:
        progress, looked_at = Progress("audit"), 0

        def on_step(step: Step) -> None:
            nonlocal looked_at
            looked_at = step.done
            progress.show(step.done, step.rows)

        async with opened(settings) as database:
            broken = await audit_books(database, (), on_step)
        progress.end()
        if given.json:
            print(json.dumps({"balanced": not broken, "broken": [asdict(row) for row in broken]}))
        else:
            for row in broken:
                print(f"{row.invariant}  {row.table} {row.id}: {row.says}")
            print(
                f"{len(broken)} rows are off" if broken else f"The books balance ({looked_at} rows looked at)"
            )
        return FAILED if broken else OK

    return run(work())


def grant(given: Namespace) -> int:
    """Give credits by hand, or take them."""
    settings = load(DatabaseSettings)

    async def work() -> int:
        async with opened(settings) as database:
            user = await users.find(given.telegram_id)
            if user is None:
                return _nobody(given.telegram_id)
            available = await give(database, user, given.credits, given.reason, given.id or uuid4().hex)
        print(
            f"Granted {credits_text(given.credits)} credits to {given.telegram_id}."
            f" Balance: {credits_text(available)} credits."
        )
        return OK

    return run(work())


def unfreeze(given: Namespace) -> int:
    """Let a person spend although a bank's question is open."""
    settings = load(DatabaseSettings)

    async def work() -> int:
        async with opened(settings) as database:
            user = await users.find(given.telegram_id)
            if user is None:
                return _nobody(given.telegram_id)
            lifted = await freeze.unfreeze(database, user)
        print(f"{given.telegram_id} may spend again." if lifted else f"{given.telegram_id} was not frozen.")
        return OK

    return run(work())


def _nobody(telegram_id: int) -> int:
    print(f"Nobody with the Telegram id {telegram_id} has pressed Start.", file=sys.stderr)
    return FAILED
