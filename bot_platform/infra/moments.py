"""Whether a stored moment has come, although the clock may have been set back since it was stored."""

from datetime import datetime, timedelta
from typing import Any

from tortoise.expressions import Q

from bot_platform.infra.clock import now
from bot_platform.infra.sql import DbClock, clock

# A moment is believed only as far ahead as anybody sets it. One beyond that was stored by a clock that was
# ahead, and counts as none; otherwise all would wait for an hour after the clock is set back by an hour.
# Moments of the database's clock are unix milliseconds in a column; others are datetimes.
NOTHING = timedelta(0)


def has_come(column: str, within_ms: int) -> str:
    """Return SQL for whether the moment in a column, set at most `within_ms` ahead, has come."""
    return f"({column} <= {clock()} OR {column} > {clock()} + {within_ms})"


def come(column: str, within_ms: int) -> Q:
    """Return the same as `has_come`, as a filter of Tortoise."""
    past: dict[str, Any] = {f"{column}__lte": DbClock()}
    beyond: dict[str, Any] = {f"{column}__gt": DbClock(within_ms)}
    return Q(**past) | Q(**beyond)


def ahead(column: str, within_ms: int) -> Q:
    """Return a filter for whether the moment in a column, set at most `within_ms` ahead, is still to come."""
    between: dict[str, Any] = {f"{column}__gt": DbClock(), f"{column}__lte": DbClock(within_ms)}
    return Q(**between)


def is_recent(since: datetime, span: timedelta) -> bool:
    """Whether less than `span` has passed since a moment; one that is still to come is none."""
    return NOTHING <= now() - since < span


def is_ahead(until: datetime, within: timedelta) -> bool:
    """Whether a moment, set at most `within` ahead, is still to come."""
    return NOTHING < until - now() <= within
