"""The outbox: messages to users, written in the transaction that they report."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.expressions import F, Q
from tortoise.functions import Count
from tortoise.models import Model

from bot_platform.domain.places import ANYWHERE, Place
from bot_platform.infra import commit_events, correlation, queues
from bot_platform.infra.clock import now
from bot_platform.infra.columns import ErrorText, Key, Words
from bot_platform.infra.indexes import PartialIndex
from bot_platform.infra.queues import Queue
from bot_platform.infra.redaction import redact_all
from bot_platform.infra.sql import insert_if_new

QUESTIONS = "paysupport-"  # the texts of questions to operators begin with this
ALERTS = ("operator-", QUESTIONS)  # the texts that only operators get begin with these
FOR_OPERATORS = (*ALERTS, "admin-")  # and those that answer what an operator did
LEASE_MS = 15_000  # after a crash another sender takes the notice when this has passed
BLOCKED = "blocked"  # the error of a notice to a user who blocked the bot
WITHDRAWN = "withdrawn"  # the error of a notice that was withdrawn, or that a later text replaces
MONEY, OTHER, BROADCAST = 0, 1, 2  # ranks: notices about money are sent first, broadcasts last
QUESTION = BROADCAST  # in an operator's chat questions are sent last: no alarm waits behind them


class NoticeState(StrEnum):
    """A notice is pending until Telegram accepts it, or until it cannot be sent."""

    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"


class Notice(Model):
    """One message in a chat; to rewrite it is to edit the message that was sent."""

    id: int = fields.BigIntField(primary_key=True)
    key = Key(unique=True)
    subject = Key()  # what it is about, such as `purchase:7`
    chat_id = fields.BigIntField()
    text = fields.CharField(max_length=64)  # the name of a text in telegram/locales
    text_values: Any = fields.JSONField(default=dict)  # the values in the text
    version = fields.IntField(
        default=1
    )  # rises with each change; a sender marks only the version that it sent
    message_id: int | None = fields.BigIntField(null=True)  # Telegram's id of the sent message
    state = fields.CharEnumField(NoticeState, max_length=16, default=NoticeState.PENDING)
    error: Any = ErrorText(null=True)
    # Orders the chats. Within a chat notices are sent in the order of their ids, broadcasts last.
    rank = fields.SmallIntField(default=MONEY, db_default=MONEY)
    attempts = fields.IntField(default=0)
    tried_at = fields.BigIntField(
        default=0, db_default=0
    )  # as next_at; each attempt counts for Telegram's limits
    next_at = fields.BigIntField(default=0)  # milliseconds on the database's clock, as lease_until
    lease_until = fields.BigIntField(default=0)
    # While it is pending: known to stand behind another pending notice of its chat (infra/queues.py).
    behind = fields.BooleanField(default=False, db_default=False)
    thread_id: int | None = fields.BigIntField(null=True)  # the topic of the chat in which it is sent
    reply_to: int | None = fields.BigIntField(null=True)  # the message of the user that it answers
    # The request that it answers, for the log line of its sending.
    request = Words(max_length=100, default="", db_default="")
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "notice"
        indexes = (
            ("state", "chat_id", "id"),
            ("state", "rank", "created_at"),
            ("subject",),
            ("chat_id", "tried_at"),
            ("tried_at",),
            # The queue's: its candidates, its lanes, and the rows that are marked.
            PartialIndex(
                "idx_notice_candidates",
                "rank, (message_id IS NOT NULL), id",
                "state = 'pending' AND NOT behind",
            ),
            PartialIndex(
                "idx_notice_lanes",
                f"chat_id, (rank = {BROADCAST}), (message_id IS NOT NULL), id",
                "state = 'pending'",
            ),
            PartialIndex("idx_notice_behind", "chat_id", "state = 'pending' AND behind"),
        )

    @property
    def is_broadcast(self) -> bool:
        """Whether it is one of many messages with the same words; the loss of one is not reported."""
        return self.rank == BROADCAST and not self.text.startswith(QUESTIONS)

    @property
    def is_about_a_job(self) -> bool:
        """Whether it belongs to an order of paid work."""
        return self.subject.startswith("job:")


# Money first between chats; within a chat broadcasts last, new messages before edits.
QUEUE = Queue(
    Notice,
    waiting=NoticeState.PENDING,
    lease_ms=LEASE_MS,
    lane="chat_id",
    order=f"({{t}}.rank = {BROADCAST}), ({{t}}.message_id IS NOT NULL), {{t}}.id",
    between="{t}.rank, ({t}.message_id IS NOT NULL), {t}.id",
    candidates="idx_notice_candidates",
    marks=True,
)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many messages were sent, could not be sent, and wait; withdrawn ones are not counted."""

    sent: int
    dead: int
    pending: int


async def post(
    key: str,
    chat_id: int,
    subject: str,
    text: str,
    *,
    rank: int = MONEY,
    place: Place = ANYWHERE,
    **values: Any,
) -> bool:
    """Write a notice, to be sent at `place` in its chat; False when this key was posted before.

    What operators get may quote an error: it is stored without secrets.
    """
    return await insert_if_new(
        Notice(
            key=key,
            chat_id=chat_id,
            subject=subject,
            text=text,
            rank=rank,
            thread_id=place.thread_id,
            reply_to=place.message_id,
            text_values=_storable(text, values),
            request=correlation.current(),
        )
    )


async def post_to_each(
    chats: Sequence[int], key: str, subject: str, text: str, *, rank: int = MONEY, **values: Any
) -> None:
    """Write the same notice to several operators, once to each; without any of them the alert is lost."""
    if not chats:
        report_lost(text, "nobody")
    for chat_id in chats:
        await post(f"{key}:{chat_id}", chat_id, subject, text, rank=rank, **values)


def _storable(text: str, values: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = redact_all(values) if text.startswith(FOR_OPERATORS) else values
    return shown


def report_lost(text: str, why: str) -> None:
    """Record that an alert did not reach an operator, for log and metrics: `nobody`, `blocked`, `refused`."""
    if text.startswith(ALERTS):
        commit_events.record("alert lost", text=text, why=why)


async def rewrite(subject: str, text: str, /, **values: Any) -> None:
    """Change the text of every notice about the subject; a sent message is edited."""
    about, values = Notice.filter(subject=subject), _storable(text, values)
    if all((row.text, row.text_values) == (text, values) for row in await about):
        return  # nothing to edit
    await about.update(text=text, text_values=values, version=F("version") + 1, request=correlation.current())
    # Telegram may accept the new text where it refused the old one, but not from a user who blocked the bot.
    alive = about.filter(Q(error__isnull=True) | Q(error__not=BLOCKED))
    await alive.update(state=NoticeState.PENDING, next_at=0, attempts=0, behind=False)


async def move_down(subject: str, key: str, more: str, text: str, **values: Any) -> None:
    """Send the message about a subject again, at the end of the chat; the old message changes to `text`.

    The old message gets a notice of its own, with this `key` and the subject `more`.
    """
    for row in await Notice.filter(subject=subject, message_id__not_isnull=True):
        old = Notice(key=key, chat_id=row.chat_id, subject=more, text=text, text_values=values, rank=row.rank)
        old.message_id, old.thread_id = row.message_id, row.thread_id
        await insert_if_new(old)
    await Notice.filter(subject=subject).update(message_id=None, behind=False)


async def find(key: str) -> Notice | None:
    """Find a notice by its key."""
    return await Notice.get_or_none(key=key)


async def place_of(subject: str) -> Place:
    """Return the topic of the last notice about a subject; anywhere when there is none."""
    last = await Notice.filter(subject=subject).order_by("-id").first()
    return Place(last.thread_id) if last else ANYWHERE


async def withdraw(subject: str) -> None:
    """Cancel the notices about a subject that were not sent yet."""
    unsent = Notice.filter(subject=subject, state=NoticeState.PENDING, message_id__isnull=True)
    chats = sorted({row.chat_id for row in await unsent.only("id", "chat_id")})
    await unsent.update(state=NoticeState.DEAD, error=WITHDRAWN)
    for chat_id in chats:
        await queues.let_next(QUEUE, chat_id)


async def tally(subject: str) -> Tally:
    """Count the messages about a subject by their state."""
    rows = Notice.filter(subject=subject).annotate(n=Count("id")).group_by("state", "error")
    counted: Counter[str] = Counter()
    for row in await rows.values("state", "error", "n"):
        dead = row["state"] == NoticeState.DEAD
        counted["withdrawn" if dead and row["error"] == WITHDRAWN else str(row["state"])] += row["n"]
    return Tally(counted[NoticeState.SENT], counted[NoticeState.DEAD], counted[NoticeState.PENDING])


async def unsent(rank: int) -> int:
    """Count the new messages of a rank that are not sent yet, without the questions to operators."""
    waiting = Notice.filter(state=NoticeState.PENDING, rank=rank, message_id__isnull=True)
    return await waiting.exclude(text__startswith=QUESTIONS).count()


async def any_pending(subjects: Sequence[str]) -> bool:
    """Whether a notice about these subjects, which have few, is not sent yet."""
    # By the subject alone: with the state SQLite would read all that waits.
    rows = await Notice.filter(subject__in=list(subjects)).only("id", "state")
    return any(row.state is NoticeState.PENDING for row in rows)


async def forget(subjects: Sequence[str], text: str) -> None:
    """Erase the values of notices; one that is sent later says only `text`."""
    await Notice.filter(subject__in=list(subjects)).update(text=text, text_values={})


async def revive(chat_id: int) -> int:
    """Send the notices after all that could not be sent, because the user is back. Returns how many.

    Broadcasts are too old by then.
    """
    late = Q(rank__not=BROADCAST) | Q(text__startswith=QUESTIONS)
    return await Notice.filter(late, chat_id=chat_id, state=NoticeState.DEAD).update(
        state=NoticeState.PENDING, error=None, next_at=0, lease_until=0, attempts=0, behind=False
    )
