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

RETRY_PAUSES_SECONDS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)  # after the last one the caller gets the error


async def run(story: Callable[[], Awaitable[T]]) -> tuple[T, Sequence[CommitEvent]]:
    """Run the story until a commit holds; return its result and the events that it recorded."""
    for pause in RETRY_PAUSES_SECONDS:
        try:
            return await _in_its_own_task(story)
        except RETRIED as error:
            if not is_transient(error):
                raise
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 -- spreads rivals, protects nothing
    return await _in_its_own_task(story)


async def _in_its_own_task(story: Callable[[], Awaitable[T]]) -> tuple[T, Sequence[CommitEvent]]:
    """Try once; a try that fails leaves its dead connection in the context of this task alone."""
    return await asyncio.create_task(_once(story))


async def _once(story: Callable[[], Awaitable[T]]) -> tuple[T, Sequence[CommitEvent]]:
    events = commit_events.collect()
    context = in_transaction()
    try:
        transaction = await context.__aenter__()
    except BaseException:
        # Tortoise keeps what a failed BEGIN took, a pooled connection or SQLite's lock, until it is left.
        with contextlib.suppress(Exception):
            await context.__aexit__(None, None, None)
        raise
    try:
        result = await story()
        # Committed here and not on leaving: a commit that fails must be rolled back too.
        await transaction.commit()
    except BaseException as error:
        # Over a lost connection the rollback fails as well, and its error says less.
        with contextlib.suppress(*LOST_CONNECTION):
            await context.__aexit__(type(error), error, error.__traceback__)
        raise
    await context.__aexit__(None, None, None)
    return result, events
