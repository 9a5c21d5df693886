"""What a provider tells is stored once, applied once, and kept with its outcome."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from bot_platform.domain import actions, inbox, outbox
from bot_platform.domain.checkout import (
    BadPayload,
    News,
    NotForUs,
    PaymentConfirmed,
    PaymentReversed,
    ProviderEvent,
)
from bot_platform.domain.inbox import Event, EventState
from bot_platform.flows import reverse, settle
from bot_platform.flows.context import Outcome, PaymentContext, alarm_key
from bot_platform.infra import commit_events
from bot_platform.infra.database import LOST_CONNECTION

TRIES = 12  # of a stored event that breaks whoever handles it; their pauses come to 37 minutes
LONGEST_PAUSE = 600  # seconds between two of them
PASSING_PAUSE = 15  # seconds

Story = Callable[[], Awaitable[Outcome]]


async def receive(till: PaymentContext, said: ProviderEvent) -> Outcome:
    """Store an event that just came and apply it, in one transaction; a repeat says what it came to.

    Raises ProviderDown when a provider had to be asked and could not be. Then, and whenever it
    cannot be applied, the event is kept all the same: the next repeat or the loop tries again.
    """
    if not _concerns_us(said):
        return Outcome(EventState.IGNORED)
    unkept = True
    try:
        apply = await _prepared(till, said.news)
        outcome = await till.database.transact(_receive, till, said, apply)
        unkept = False
    except LOST_CONNECTION:
        unkept = False  # nothing can be kept now; the provider repeats it
        raise
    finally:
        if unkept:
            await store(till, [said])
    return outcome


async def apply(till: PaymentContext, said: News, about: str = "") -> Outcome:
    """Apply what comes without an event, such as a checkout that was asked about; raises ProviderDown.

    `about` names what was asked about, for an operator who has to look, where the news do not.
    """
    apply = await _prepared(till, said)

    async def story() -> Outcome:
        outcome = await apply()
        if outcome.alarm:
            reason = outcome.reason or ""
            await outbox.post_to_each(
                till.admins,
                alarm_key(_cause(said) or about, reason),
                "provider",
                "operator-finding",
                what=about or _cause(said),
                reason=reason,
                purchase=str(outcome.purchase_id or "none"),
            )
        return outcome

    return await till.database.transact(story)


async def store(till: PaymentContext, said: Sequence[ProviderEvent]) -> int:
    """Store events, for the loop to handle; returns how many were new."""

    async def story() -> int:
        rows = [await inbox.receive(one.key, one.type, one.payload) for one in said if _concerns_us(one)]
        return len([row for row in rows if row])

    return await till.database.transact(story)


async def claim(till: PaymentContext, limit: int) -> Sequence[Event]:
    """Lease stored events that nobody handles."""
    return await till.database.quietly(inbox.claim_events, limit)


async def renew(till: PaymentContext, ids: Sequence[int]) -> None:
    """Renew the leases of events in hand."""
    if ids:
        await till.database.quietly(inbox.renew, ids)


async def handle(till: PaymentContext, row: Event) -> Outcome:
    """Handle an event that was stored; raises ProviderDown."""
    try:
        said = till.events.again(row.payload)
    except BadPayload:
        return await till.database.transact(
            _finish, till, row, row.key, Outcome(EventState.FAILED, "it can no longer be read", alarm=True)
        )
    apply = await _prepared(till, said.news)

    async def story() -> Outcome:
        return await _finish(till, row, _cause(said.news) or row.key, await apply())

    return await till.database.transact(story)


async def replay(till: PaymentContext, row: Event, *, by: str = actions.CONSOLE) -> bool:
    """Let an event be handled once more, whatever it came to before: by the loop, as if it had just come.

    False when somebody else did so, or it was handled, since the row was read.
    """

    async def story() -> bool:
        replayed = await inbox.replay(row)
        if replayed:
            await actions.record(by, "replay", f"event:{row.id}", event=row.key, type=row.type)
        return replayed

    return await till.database.transact(story)


async def reschedule(till: PaymentContext, row: Event, why: str, *, passing: bool) -> None:
    """Try a stored event again later; one that keeps breaking is kept as failed, for an operator.

    What is `passing` is not the event's fault, and counts as no try of it.
    """
    if passing:
        await till.database.quietly(inbox.reschedule, row, PASSING_PAUSE * 1000, why, is_try=False)
    elif row.attempts < TRIES:
        pause = min(LONGEST_PAUSE, 2 ** min(row.attempts, 12))
        await till.database.quietly(inbox.reschedule, row, pause * 1000, why)
    else:
        await till.database.transact(_finish, till, row, row.key, Outcome(EventState.FAILED, why, alarm=True))


async def _receive(till: PaymentContext, said: ProviderEvent, apply: Story) -> Outcome:
    received = await inbox.receive(said.key, said.type, said.payload)
    if received is None:
        received = await inbox.find(said.key)
        if received is None or received.state is not EventState.RECEIVED:
            return Outcome(received.state if received else EventState.HANDLED, repeat=True)
    return await _finish(till, received, _cause(said.news) or received.key, await apply())


async def _finish(till: PaymentContext, row: Event, cause: str, outcome: Outcome) -> Outcome:
    await inbox.finish(row, outcome.state, outcome.reason)
    commit_events.record("event", type=row.type, outcome=outcome.state)
    if outcome.alarm:
        await outbox.post_to_each(
            till.admins,
            alarm_key(cause, outcome.reason or ""),
            f"event:{row.id}",
            "operator-event",
            number=row.id,
            event=row.key.removeprefix("stripe:"),
            type=row.type,
            reason=outcome.reason or "",
            purchase=str(outcome.purchase_id or "none"),
        )
    return outcome


async def _prepared(till: PaymentContext, said: News) -> Story:
    """Ask whatever must be asked before a transaction may begin."""
    match said:
        case PaymentReversed():
            return partial(reverse.reverse, said, till.admins)
        case PaymentConfirmed():
            return partial(settle.confirm, said, await settle.sold(till, said), till.admins)
    return partial(settle.note, said)


def _cause(said: News) -> str:
    """Name what the news are about; several events may be about the same."""
    if isinstance(said, NotForUs):
        return said.about
    return said.key if isinstance(said, PaymentReversed) else said.checkout.provider_ref


def _concerns_us(said: ProviderEvent) -> bool:
    return said.news.keep if isinstance(said.news, NotForUs) else True
