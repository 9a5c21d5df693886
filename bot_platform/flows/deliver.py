"""The sender's side of the outbox: claim notices, and record what happened to each."""

from collections.abc import Sequence

from bot_platform.domain import outbox, outbox_leases, users
from bot_platform.domain.outbox import Notice
from bot_platform.infra.database import Database

LOST = "notice-lost:"  # begins the subject of a notice to operators about a message that was not sent
MAX_ERROR_CHARS = 200


async def claim(database: Database, limit: int) -> Sequence[Notice]:
    """Lease the next notice of each chat, at most `limit`."""
    if not await database.transact(outbox_leases.any_to_claim, notify=False):
        return []
    return await database.transact(outbox_leases.claim, limit, notify=False)


async def renew(database: Database, ids: Sequence[int]) -> None:
    """Renew the leases of notices in hand."""
    if ids:
        await database.transact(outbox_leases.renew, ids, notify=False)


async def sent(database: Database, notice: Notice, message_id: int) -> None:
    """Record that a notice was sent, with the id of its message in the chat."""
    await database.transact(outbox_leases.mark_sent, notice, message_id, notify=False)


async def reschedule(database: Database, notice: Notice, seconds: float, error: str) -> None:
    """Send the notice again after `seconds`; later notices of its chat wait behind it."""
    await database.transact(outbox_leases.reschedule, notice, int(seconds * 1000), error, notify=False)


async def blocked(database: Database, notice: Notice) -> None:
    """Give up on a notice whose user blocked the bot; it is sent when the user comes back."""
    await database.transact(_blocked, notice, notify=False)


async def dead(database: Database, operators: Sequence[int], notice: Notice, error: str) -> None:
    """Give up on a notice, and tell the operators which message could not be sent, and why."""
    await database.transact(_dead, operators, notice, error)


async def withdraw(database: Database, notice: Notice) -> None:
    """Withdraw a notice that a later text replaces; no operator is told."""
    await database.transact(outbox_leases.mark_dead, notice, outbox.WITHDRAWN, notify=False)


async def _blocked(notice: Notice) -> None:
    await users.mark_blocked(notice.chat_id, blocked=True)  # first, as where a user comes back
    await outbox_leases.mark_dead(notice, outbox.BLOCKED)
    outbox.report_lost(notice.text, "blocked")


async def _dead(operators: Sequence[int], notice: Notice, error: str) -> None:
    await outbox_leases.mark_dead(notice, error)
    outbox.report_lost(notice.text, "refused")
    if notice.is_broadcast or notice.subject.startswith(LOST):
        return  # a broadcast counts its own; and a notice about a lost notice ends here
    about, _, rest = notice.subject.partition(":")
    number = rest.partition(":")[0]
    # An answer has many pages, and a job that waits is told of again and again.
    key = f"{LOST}{notice.chat_id}:{about}:{number}" if notice.is_about_a_job else f"{LOST}{notice.id}"
    await outbox.post_to_each(
        operators,
        key,
        key,
        "operator-notice-lost",
        user=str(notice.chat_id),
        about=about,
        number=number,
        error=error[:MAX_ERROR_CHARS],
    )
