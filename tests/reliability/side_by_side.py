"""Many small worlds at once, each on a fresh database, and a small sample of them that is spread over all."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from bot_platform.runtime.platform import CannotStart
from tests.makers import FreshDatabase
from tests.reliability.report import Report

T = TypeVar("T")


def spread(cases: Sequence[T], number: int) -> list[T]:
    """Choose so many of the cases, evenly from first to last; all where there are fewer."""
    if number >= len(cases):
        return list(cases)
    return [cases[place * len(cases) // number] for place in range(number)]


async def each(
    cases: Sequence[T],
    fresh_database: FreshDatabase,
    run: Callable[[str, T], Awaitable[list[str]]],
    report: Report,
    *,
    together: int,
) -> None:
    """Run every case in a world of its own, some at a time; fails with all that went wrong in any."""
    waiting, wrong = iter(cases), list[str]()

    async def in_its_world(case: T) -> list[str]:
        while True:
            async with fresh_database() as url:
                try:
                    return await run(url, case)
                except CannotStart:
                    continue  # somebody took the port between finding and using it

    async def worker() -> None:
        for case in waiting:
            try:
                faults = await in_its_world(case)
            except Exception as fault:  # noqa: BLE001 -- the other cases go on
                faults = ["".join(traceback.format_exception(fault, limit=-4, chain=False))]
            wrong.extend(f"{case}: {fault}" for fault in faults)
            report.wrong += bool(faults)
            report.did()

    async with asyncio.TaskGroup() as group:
        for _ in range(together):
            group.create_task(worker())
    assert not wrong, "\n".join(wrong[:40])
