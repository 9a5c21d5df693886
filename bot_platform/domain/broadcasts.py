"""A message of the operator to everybody: how far it has come, and whether it goes on."""

from enum import StrEnum

from tortoise import fields
from tortoise.expressions import F
from tortoise.models import Model

from bot_platform.infra.clock import now
from bot_platform.infra.sql import insert_if_new, json_safe

MAX_TEXT_CHARS = 3500  # characters: Telegram takes 4096, and a few lines stand around it


class BroadcastState(StrEnum):
    """Runs until everybody's message is written, or until it is stopped."""

    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"


class Broadcast(Model):
    """One message to all; `after` is our id of the last person it was written for."""

    id: int = fields.BigIntField(primary_key=True)
    request_key = fields.CharField(max_length=100, unique=True)  # what began it: a repeat finds it
    by = fields.CharField(max_length=64)  # as in `domain/actions.py`
    text = fields.TextField()
    state = fields.CharEnumField(BroadcastState, max_length=16, default=BroadcastState.RUNNING)
    people = fields.BigIntField()  # how many there were when it began
    written = fields.BigIntField(default=0)  # messages so far
    after = fields.BigIntField(default=0)
    created_at = fields.DatetimeField(auto_now_add=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        """The loop looks for those that run."""

        table = "broadcast"
        indexes = (("state", "id"),)

    @property
    def subject(self) -> str:
        """How notices name it."""
        return f"broadcast:{self.id}"


async def begin(request_key: str, by: str, text: str, people: int) -> Broadcast:
    """Begin a message to all, or return the one that this request began before."""
    await insert_if_new(Broadcast(request_key=request_key, by=by, text=json_safe(text), people=people))
    return await Broadcast.get(request_key=request_key)


async def find(broadcast_id: int) -> Broadcast | None:
    """Find one by its number."""
    return await Broadcast.get_or_none(id=broadcast_id)


async def running() -> Broadcast | None:
    """Find the oldest that goes on."""
    return await Broadcast.filter(state=BroadcastState.RUNNING).order_by("id").first()


async def lock(broadcast_id: int) -> Broadcast | None:
    """Lock a message to all against whoever writes or ends it, and read it."""
    await Broadcast.filter(id=broadcast_id).update(written=F("written"))
    return await find(broadcast_id)


async def wrote(broadcast: Broadcast, messages: int, after: int) -> None:
    """Note how far it has come."""
    broadcast.written, broadcast.after = broadcast.written + messages, after
    await broadcast.save(update_fields=["written", "after"])


async def end(broadcast: Broadcast, state: BroadcastState) -> bool:
    """End one that runs; False when it had ended before."""
    ended = await Broadcast.filter(id=broadcast.id, state=BroadcastState.RUNNING).update(
        state=state, ended_at=now()
    )
    return bool(ended)
