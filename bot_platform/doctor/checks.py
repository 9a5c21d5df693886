"""Runs checks concurrently, each with its own timeout; a check that breaks becomes an error line."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from bot_platform.doctor.report import Finding, Line, Status, error, skipped
from bot_platform.infra import safe_errors

log = structlog.get_logger()

TIMEOUT_SECONDS = 8.0  # for one check


@dataclass(frozen=True, slots=True)
class Check:
    """One named check; after `timeout` seconds without a finding it counts as an error."""

    name: str
    run: Callable[[], Awaitable[Finding]]
    timeout: float = TIMEOUT_SECONDS


CheckGroup = Sequence[Check]
"""Checks that depend on their first: unless it is OK, the others are skipped."""


async def run_checks(groups: Sequence[CheckGroup]) -> Sequence[Line]:
    """Run all groups concurrently; the lines have the order of the checks."""
    results = await asyncio.gather(*map(_run_group, groups))
    return [line for lines in results for line in lines]


async def _run_group(group: CheckGroup) -> Sequence[Line]:
    first, *others = group
    line = await run_check(first)
    if line[1].status is not Status.OK:
        return [line, *((check.name, skipped(f"not checked, see {first.name}")) for check in others)]
    return [line, *await asyncio.gather(*map(run_check, others))]


async def run_check(check: Check) -> Line:
    """Run one check; its timeout and its exceptions become an error line."""
    task = asyncio.ensure_future(check.run())
    done, _ = await asyncio.wait({task}, timeout=check.timeout)
    if not done:
        task.cancel()  # not awaited: a check that hangs may hang in its cleanup too
        return check.name, error(
            f"no answer within {check.timeout:g} seconds",
            "Try again. If this stays, check the server and the network between it and this machine.",
        )
    try:
        return check.name, task.result()
    except Exception as fault:  # the other checks must still be reported
        log.error("doctor.broke", check=check.name, **safe_errors.describe(fault))
        log.debug("doctor.traceback", exc_info=fault)
        return check.name, error(
            f"the check itself failed: {type(fault).__name__}",
            "This is a bug in this program. Run it with LOG_LEVEL=DEBUG and report what it prints.",
        )
