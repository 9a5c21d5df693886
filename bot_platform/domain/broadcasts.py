"""Broadcasts: a message of an operator to all users, how far it has come, and whether it runs."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum

from tortoise import fields
from tortoise.expressions import F
from tortoise.models import Model

from bot_platform.infra.clock import now
from bot_platform.infra.columns import Key
from bot_platform.infra.sql import insert_if_new, json_safe

MAX_TEXT_CHARS = 3500  # Telegram takes 4096, and the text of a broadcast has some lines around it


class BroadcastState(StrEnum):
    """A broadcast runs until every message is written, or until an operator stops it."""

    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"


class Broadcast(Model):
    """One broadcast; `after` is our id of the last user for whom a message was written."""

    id: int = fields.BigIntField(primary_key=True)
    request_key = Key(unique=True)  # the request that began it: a repeat finds it
    by = fields.CharField(max_length=64)  # as in `domain/actions.py`
    text = fields.TextField()
    state = fields.CharEnumField(BroadcastState, max_length=16, default=BroadcastState.RUNNING)
    people = fields.BigIntField()  # how many recipients there were when it began
    written = fields.BigIntField(default=0)  # messages so far
    after = fields.BigIntField(default=0)
    # How many messages were sent, and how many could not be; set before its old notices are deleted.
    sent: int | None = fields.BigIntField(null=True)
    unreached: int | None = fields.BigIntField(null=True)
    created_at = fields.DatetimeField(default=now)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "broadcast"
        indexes = (("state", "id"),)

    @property
    def subject(self) -> str:
        """The subject of its notices."""
        return f"broadcast:{self.id}"


async def begin(request_key: str, by: str, text: str, people: int) -> Broadcast:
    """Begin a broadcast, or return the one that this request began before."""
    await insert_if_new(Broadcast(request_key=request_key, by=by, text=json_safe(text), people=people))
    return await Broadcast.get(request_key=request_key)


async def find(broadcast_id: int) -> Broadcast | None:
    """Find a broadcast by its id."""
    return await Broadcast.get_or_none(id=broadcast_id)


async def running() -> Broadcast | None:
    """Find the oldest broadcast that runs."""
    return await Broadcast.filter(state=BroadcastState.RUNNING).order_by("id").first()


async def lock(broadcast_id: int) -> Broadcast | None:
    """Lock a broadcast against those that write its messages or end it, and read it."""
    await Broadcast.filter(id=broadcast_id).update(written=F("written"))
    return await find(broadcast_id)


async def advance(broadcast: Broadcast, messages: int, after: int) -> None:
    """Store the progress: add to the number of written messages; the last one is for the user `after`."""
    broadcast.written, broadcast.after = broadcast.written + messages, after
    await broadcast.save(update_fields=["written", "after"])


async def end(broadcast: Broadcast, state: BroadcastState) -> bool:
    """End a broadcast that runs; False when it had ended before."""
    ended = await Broadcast.filter(id=broadcast.id, state=BroadcastState.RUNNING).update(
        state=state, ended_at=now()
    )
    return bool(ended)


async def ended_before(moment: datetime, numbers: Collection[int]) -> Sequence[Broadcast]:
    """Find those of the broadcasts that ended before a moment."""
    return await Broadcast.filter(id__in=list(numbers), ended_at__lt=moment) if numbers else []


async def keep_tally(broadcast: Broadcast, sent: int, unreached: int) -> None:
    """Keep how many messages were sent, and how many could not be."""
    broadcast.sent, broadcast.unreached = sent, unreached
    await broadcast.save(update_fields=["sent", "unreached"])
