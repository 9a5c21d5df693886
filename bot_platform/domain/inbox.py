"""The inbox: provider events and Telegram updates, stored once and handled once."""

import json
import math
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from itertools import chain
from typing import Any, NoReturn

from tortoise import fields
from tortoise.expressions import F
from tortoise.models import Model

from bot_platform.domain.ids import parse_id
from bot_platform.infra import leases, queues
from bot_platform.infra.clock import now
from bot_platform.infra.columns import MAX_OUTSIDE_ID_CHARS, ErrorText, Key
from bot_platform.infra.indexes import PartialIndex
from bot_platform.infra.queues import Queue
from bot_platform.infra.sql import claim_lock, insert_if_new, json_safe

MAX_EVENT_KEY_CHARS = 255
MAX_NAME_CHARS = MAX_OUTSIDE_ID_CHARS  # of a name that an operator types
MAX_NESTING = 200  # objects and arrays in one another; real events have under 20
LEASE_MS = 10_000  # after a crash another worker takes the row when this has passed


class EventState(StrEnum):
    """An event is received once and ends once; a failed one is kept and can be replayed."""

    RECEIVED = "received"
    HANDLED = "handled"
    IGNORED = "ignored"
    FAILED = "failed"


RECEIVED = f"state = '{EventState.RECEIVED}'"


class GivenUp(StrEnum):
    """Why an update was given up, as the error of its row."""

    UNREADABLE = "unreadable"
    TELEGRAM = "telegram"  # did not take the answer for hours
    DATABASE = "database"  # could not be used for hours
    STOPPED = "stopped"  # each time that it was handled, the process or its task ended


class Event(Model):
    """One event; `lane` is the chat of a Telegram update, whose updates are handled in order; else null."""

    id: int = fields.BigIntField(primary_key=True)
    # `stripe:evt_...`, or `tg:<bot>:<sender>:<update>`; a version before wrote `tg:<update>`.
    key = Key(MAX_EVENT_KEY_CHARS, unique=True)
    type = fields.CharField(max_length=100)
    lane = fields.BigIntField(null=True)
    # Only the fields that are read. Erased when an update was handled, or an event proved not to be ours.
    payload: Any = fields.JSONField(null=True)
    state = fields.CharEnumField(EventState, max_length=16, default=EventState.RECEIVED)
    error: Any = ErrorText(null=True)  # why it was ignored or failed
    attempts = fields.IntField(default=0)
    next_at = fields.BigIntField(default=0)  # milliseconds on the database's clock, as lease_until
    lease_until = fields.BigIntField(default=0)
    # While it waits: known to stand behind another update of its chat (infra/queues.py).
    behind = fields.BooleanField(default=False, db_default=False)
    received_at = fields.DatetimeField(default=now)
    handled_at = fields.DatetimeField(null=True)

    class Meta:
        table = "event"
        indexes = (
            ("state", "lane", "id"),
            ("lane", "id"),
            ("handled_at",),
            # The queues': the candidates of both, the lanes of updates, and the updates that are marked.
            PartialIndex("idx_event_events", "id", f"{RECEIVED} AND lane IS NULL"),
            PartialIndex("idx_event_candidates", "id", f"{RECEIVED} AND lane IS NOT NULL AND NOT behind"),
            PartialIndex("idx_event_lanes", "lane, id", f"{RECEIVED} AND lane IS NOT NULL"),
            PartialIndex("idx_event_behind", "lane", f"{RECEIVED} AND lane IS NOT NULL AND behind"),
        )


EVENTS = Queue(
    Event,
    waiting=EventState.RECEIVED,
    lease_ms=LEASE_MS,
    scope="{t}.lane IS NULL",
    candidates="idx_event_events",
)
UPDATES = Queue(
    Event,
    waiting=EventState.RECEIVED,
    lease_ms=LEASE_MS,
    lane="lane",
    order="{t}.id",
    scope="{t}.lane IS NOT NULL",
    candidates="idx_event_candidates",
    marks=True,
)


def read_json(body: bytes) -> Any:
    """Parse JSON in UTF-8 into values that both databases can store; raises ValueError."""
    try:
        value = json.loads(
            body.decode("utf-8-sig"), parse_constant=_reject_constant, parse_float=_finite_float
        )
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    # Encoding recurses, and fails at another depth each time: what is read must be far from it.
    if body.count(b"[") + body.count(b"{") > MAX_NESTING:
        _check_nesting(value)
    return json_safe(value) if b"\\u" in body else value


def _check_nesting(value: Any) -> None:
    level = [value]
    for _ in range(MAX_NESTING):
        parts = [
            part.values() if isinstance(part, dict) else part
            for part in level
            if isinstance(part, dict | list)
        ]
        level = list(chain.from_iterable(parts))
        if not level:
            return
    raise ValueError("nested too deep")


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _finite_float(digits: str) -> float:
    if math.isinf(number := float(digits)):
        raise ValueError(f"{digits} is too large")
    return number


async def receive(key: str, type_: str, payload: dict[str, Any], lane: int | None = None) -> Event | None:
    """Store an event; None when it was stored before."""
    event = Event(key=key, type=type_, payload=payload, lane=lane)
    return event if await insert_if_new(event) else None


async def receive_update(
    bot_id: int, sender_id: int, update_id: int, payload: dict[str, Any], *, lane: int
) -> Event | None:
    """Store an update of Telegram; None when it was stored before.

    Telegram numbers the updates of each bot, and begins at a random number after a week without any. So the
    number alone may come again, for somebody else.
    """
    # The write comes first: SQLite refuses a transaction that has read before another one wrote.
    event = await receive(f"tg:{bot_id}:{sender_id}:{update_id}", "telegram", payload, lane)
    old = await find(f"tg:{update_id}") if event else None  # as a version before named it
    if event and old and old.lane == lane:
        await event.delete()
        return None
    return event


async def find(key: str) -> Event | None:
    """Find an event by its key."""
    return await Event.get_or_none(key=key)


async def finish(event: Event, state: EventState, error: str | None = None, *, erase: bool = False) -> None:
    """Store how an event ended; `erase` deletes its payload."""
    event.state, event.handled_at = state, now()
    event.error = error
    if erase:
        event.payload = None
    await event.save(update_fields=["state", "error", "handled_at", "payload"])
    await queues.let_next(UPDATES, event.lane)


async def any_to_claim(queue: Queue) -> bool:
    """Whether there may be a row to claim; called often, so it takes no lock and writes nothing."""
    return await queues.any_to_claim(queue)


async def claim(queue: Queue, limit: int) -> Sequence[Event]:
    """Lease the oldest waiting rows: of UPDATES the first one of each chat, of EVENTS any."""
    await claim_lock("events" if queue is EVENTS else "updates")
    ids = await queues.claim(queue, limit)
    return await Event.filter(id__in=ids).order_by("id") if ids else []


async def following(event: Event, limit: int) -> Sequence[Event]:
    """Read the updates of the same chat that wait behind this one, oldest first."""
    waiting = Event.filter(lane=event.lane, state=EventState.RECEIVED, id__gt=event.id)
    return await waiting.order_by("id").limit(limit)


async def renew(ids: Sequence[int]) -> None:
    """Renew the leases of events in work."""
    await leases.renew(Event, ids, LEASE_MS)


async def reschedule(event: Event, ms: int, error: str | None = None, *, is_try: bool = True) -> None:
    """End the lease of an event; it is tried again after `ms` milliseconds.

    `is_try` is false when this attempt does not count.
    """
    if error is not None:
        await Event.filter(id=event.id).update(error=error)
    if not is_try:
        await Event.filter(id=event.id).update(attempts=F("attempts") - 1)
    await leases.reschedule(Event, event.id, ms)


async def drop_updates(since: datetime, before: datetime, limit: int) -> int:
    """Delete Telegram updates that ended between these times, `limit` at most; returns how many.

    Provider events stay, because they concern money.
    """
    over = Event.filter(lane__not_isnull=True, handled_at__gte=since, handled_at__lt=before)
    ids = await over.order_by("handled_at").limit(limit).values_list("id", flat=True)
    return await Event.filter(id__in=ids).delete() if ids else 0


async def list_payloads(after: int, limit: int) -> list[Event]:
    """Read provider events with an id above `after`, in order."""
    return await Event.filter(lane=None, id__gt=after).order_by("id").limit(limit).only("id", "payload")


async def replace_payload(event: Event, payload: dict[str, Any] | None) -> None:
    """Store another payload of an event."""
    await Event.filter(id=event.id).update(payload=payload)


async def replay(event: Event) -> bool:
    """Let an event be handled again, as if it were new; False when its state changed since it was read."""
    as_read = Event.filter(id=event.id, state=event.state, handled_at=event.handled_at)
    replayed = await as_read.update(
        state=EventState.RECEIVED, handled_at=None, error=None, attempts=0, next_at=0, lease_until=0
    )
    return bool(replayed)


async def list_provider_events(state: EventState | None, limit: int) -> Sequence[Event]:
    """Read the last provider events in a state, or in any, newest first."""
    rows = Event.filter(lane=None) if state is None else Event.filter(lane=None, state=state)
    return await rows.order_by("-id").limit(limit)


async def last_delivery() -> datetime | None:
    """Return when the last event came by a webhook and was handled; what was asked for is claimed first."""
    delivered = Event.filter(lane=None, attempts=0).exclude(state=EventState.RECEIVED)
    last = await delivered.order_by("-id").first()
    return last.received_at if last else None


async def last_update() -> datetime | None:
    """Return when the last update of Telegram was stored."""
    last = await Event.filter(lane__not_isnull=True).order_by("-id").first()
    return last.received_at if last else None


async def look_up(name: str) -> Event | None:
    """Find a provider's event by its key, by the provider's id, or by our id, as an operator types them."""
    if len(name) > MAX_NAME_CHARS:
        return None
    # By the key alone: with the lane and an order the database would read the whole inbox.
    keyed = await Event.filter(key__in=[name, f"stripe:{name}"])
    found = next((event for event in keyed if event.lane is None), None)
    if found is None and (id_ := parse_id(name)):
        found = await Event.get_or_none(lane=None, id=id_)
    return found
