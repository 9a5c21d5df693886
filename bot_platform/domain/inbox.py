"""What the world tells us: provider events and Telegram updates, stored once and handled once."""

import json
import math
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NoReturn

from tortoise import fields
from tortoise.expressions import F
from tortoise.models import Model

from bot_platform.infra import leases
from bot_platform.infra.clock import now
from bot_platform.infra.sql import insert_if_new, json_safe

MAX_NAME_CHARS = 240  # of what somebody types; a key has a little more
LEASE_MS = 10_000  # a crashed worker's updates are taken up after this


class EventState(StrEnum):
    """A row is received once and ends once; a failed one is kept and can be replayed."""

    RECEIVED = "received"
    HANDLED = "handled"
    IGNORED = "ignored"
    FAILED = "failed"


class Event(Model):
    """One message of the outside world; `lane` is the Telegram chat whose updates are handled in order."""

    id: int = fields.BigIntField(primary_key=True)
    key = fields.CharField(max_length=255, unique=True)  # `stripe:evt_...` or `tg:<update id>`
    type = fields.CharField(max_length=100)
    lane = fields.BigIntField(null=True)
    payload: Any = fields.JSONField(null=True)  # a Telegram update's is erased once handled
    state = fields.CharEnumField(EventState, max_length=16, default=EventState.RECEIVED)
    error: Any = fields.TextField(null=True)  # why it was ignored or failed
    attempts = fields.IntField(default=0)
    next_at = fields.BigIntField(default=0)  # milliseconds on the database's clock, as lease_until
    lease_until = fields.BigIntField(default=0)
    received_at = fields.DatetimeField(auto_now_add=True)
    handled_at = fields.DatetimeField(null=True)

    class Meta:
        """Workers look for the first received row of a lane."""

        table = "event"
        indexes = (("state", "lane", "id"), ("lane", "id"))


def read_json(body: bytes) -> Any:
    """Read JSON in UTF-8 into values that both databases can keep; raises ValueError."""
    try:
        value = json.loads(body.decode("utf-8-sig"), parse_constant=_no_number, parse_float=_finite)
        return json_safe(value) if b"\\u" in body else value
    except RecursionError as fault:
        raise ValueError("nested too deep") from fault


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _finite(digits: str) -> float:
    if math.isinf(number := float(digits)):
        raise ValueError(f"{digits} is too large")
    return number


async def receive(key: str, type_: str, payload: dict[str, Any], lane: int | None = None) -> Event | None:
    """Store an event; None when it was received before."""
    event = Event(key=key, type=type_, payload=payload, lane=lane)
    return event if await insert_if_new(event) else None


async def find(key: str) -> Event | None:
    """Find an event by its key."""
    return await Event.get_or_none(key=key)


async def finish(event: Event, state: EventState, error: str | None = None, *, erase: bool = False) -> None:
    """Say what became of an event; `erase` forgets what it said."""
    event.state, event.handled_at = state, now()
    event.error = error
    if erase:
        event.payload = None
    await event.save(update_fields=["state", "error", "handled_at", "payload"])


async def claim_updates(limit: int) -> Sequence[Event]:
    """Lease the oldest waiting update of each chat that nobody works on."""
    return await _claim("lane", "TRUE", limit)


async def claim_events(limit: int) -> Sequence[Event]:
    """Lease the oldest provider events that were stored and not handled."""
    return await _claim(None, "{t}.lane IS NULL", limit)


async def _claim(lane: str | None, only: str, limit: int) -> Sequence[Event]:
    ids = await leases.claim(
        Event,
        waiting=EventState.RECEIVED,
        lane=lane,
        only=only,
        order="{t}.id",
        limit=limit,
        lease_ms=LEASE_MS,
    )
    return await Event.filter(id__in=ids).order_by("id") if ids else []


async def renew(ids: Sequence[int]) -> None:
    """Renew the leases of events still being handled."""
    await leases.renew(Event, ids, LEASE_MS)


async def reschedule(event: Event, ms: int, error: str | None = None, *, is_try: bool = True) -> None:
    """Give an event back, to be tried again after `ms` milliseconds."""
    if error is not None:
        await Event.filter(id=event.id).update(error=error)
    if not is_try:
        await Event.filter(id=event.id).update(attempts=F("attempts") - 1)
    await leases.reschedule(Event, event.id, ms)


async def drop_updates(before: datetime, limit: int) -> int:
    """Delete updates of Telegram that ended before this, `limit` at most; returns how many.

    A provider's events stay: they tell of money.
    """
    over = Event.filter(
        lane__not_isnull=True, state__in=[EventState.HANDLED, EventState.FAILED], handled_at__lt=before
    )
    ids = await over.order_by("id").limit(limit).values_list("id", flat=True)
    return await Event.filter(id__in=ids).delete() if ids else 0


async def replay(event: Event) -> bool:
    """Let an event be handled once more, as if it had just come; False when it moved on since it was read."""
    as_read = Event.filter(id=event.id, state=event.state, handled_at=event.handled_at)
    replayed = await as_read.update(
        state=EventState.RECEIVED, handled_at=None, error=None, attempts=0, next_at=0, lease_until=0
    )
    return bool(replayed)


async def list_provider_events(state: EventState | None, limit: int) -> Sequence[Event]:
    """Read the last provider events, newest first; of one state, or of all."""
    rows = Event.filter(lane=None) if state is None else Event.filter(lane=None, state=state)
    return await rows.order_by("-id").limit(limit)


async def look_up(name: str) -> Event | None:
    """Find a provider's event by what somebody typed: its key, the provider's own id, or our number."""
    if len(name) > MAX_NAME_CHARS:
        return None
    # By its key alone: a database that also sees the lane and an order goes through the whole inbox.
    keyed = await Event.filter(key__in=[name, f"stripe:{name}"])
    found = next((event for event in keyed if event.lane is None), None)
    if found is None and name.isascii() and name.isdigit() and len(name) < len(str(2**63)):
        found = await Event.get_or_none(lane=None, id=int(name))
    return found
