"""Makes checks side by side, each with its deadline; what breaks a check is a line of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from bot_platform.doctor.report import Finding, Line, Verdict, error, skipped
from bot_platform.infra import safe_errors

log = structlog.get_logger()

DEADLINE = 8.0  # seconds for one check


@dataclass(frozen=True, slots=True)
class Check:
    """One question with its name; it is given up after `within` seconds."""

    name: str
    look: Callable[[], Awaitable[Finding]]
    within: float = DEADLINE


CheckGroup = Sequence[Check]
"""Checks of which the first must be well before the others make sense."""


async def examine(parties: Sequence[CheckGroup]) -> Sequence[Line]:
    """Make every check; parties do not wait for each other. The lines stand in the checks' order."""
    found = await asyncio.gather(*map(_of_party, parties))
    return [line for lines in found for line in lines]


async def _of_party(party: CheckGroup) -> Sequence[Line]:
    first, *others = party
    gate = await made(first)
    if gate[1].verdict is not Verdict.OK:
        return [gate, *((check.name, skipped(f"not looked at, see {first.name}")) for check in others)]
    return [gate, *await asyncio.gather(*map(made, others))]


async def made(check: Check) -> Line:
    """Make one check."""
    task = asyncio.ensure_future(check.look())
    done, _ = await asyncio.wait({task}, timeout=check.within)
    if not done:
        task.cancel()  # and not waited for: what hangs may hang in its own end too
        return check.name, error(
            f"no answer within {check.within:g} seconds",
            "Try again; if it stays so, look at what answers there and at the way to it.",
        )
    try:
        return check.name, task.result()
    except Exception as fault:  # a check that breaks must not take the other lines with it
        log.exception("doctor.broke", check=check.name, **safe_errors.describe(fault))
        return check.name, error(
            f"could not be looked at: {type(fault).__name__}",
            "This is a fault of this program. Run it with LOG_LEVEL=DEBUG and report what it prints.",
        )
