"""Runs a story in one transaction, and again after a deadlock or a lost connection."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from tortoise.transactions import in_transaction

from bot_platform.infra import commit_events
from bot_platform.infra.commit_events import CommitEvent
from bot_platform.infra.database_errors import LOST_CONNECTION, RETRIED, is_transient

T = TypeVar("T")

RETRY_PAUSES_SECONDS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)  # then the error is raised
MAX_SECONDS = 10.0  # after this no new try begins: a try on a server that hangs takes seconds


async def run(story: Callable[[], Awaitable[T]]) -> tuple[T, Sequence[CommitEvent]]:
    """Run the story until it commits; return its result and the events that it recorded.

    A try may commit although its answer is lost: then the next one finds what it wrote, by causes and unique
    keys. It cannot overtake the lost one, which keeps its locks on the server until it commits or is ended.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + MAX_SECONDS
    for pause in RETRY_PAUSES_SECONDS:
        try:
            return await _in_its_own_task(story)
        except RETRIED as error:
            if not is_transient(error) or loop.time() >= until:
                raise
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 -- spreads competing transactions; no secret
    return await _in_its_own_task(story)


async def _in_its_own_task(story: Callable[[], Awaitable[T]]) -> tuple[T, Sequence[CommitEvent]]:
    """Try once; a failed try leaves its dead connection only in the context of this task."""
    return await asyncio.create_task(_once(story))


async def _once(story: Callable[[], Awaitable[T]]) -> tuple[T, Sequence[CommitEvent]]:
    events = commit_events.collect()
    context = in_transaction()
    try:
        transaction = await context.__aenter__()
    except BaseException:
        # A failed BEGIN has taken a pooled connection, or SQLite's lock; leaving the context returns it.
        with contextlib.suppress(Exception):
            await context.__aexit__(None, None, None)
        raise
    try:
        result = await story()
        # Committed before leaving the context, because a commit that fails must be rolled back.
        await transaction.commit()
    except BaseException as error:
        # On a lost connection the rollback fails too; the first error says more.
        with contextlib.suppress(*LOST_CONNECTION):
            await context.__aexit__(type(error), error, error.__traceback__)
        raise
    await context.__aexit__(None, None, None)
    return result, events
