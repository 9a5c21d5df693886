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


async def receive(payments: PaymentContext, said: ProviderEvent) -> Outcome:
    """Store an event that just came and apply it, in one transaction; a repeat says what it came to.

    Raises ProviderDown when a provider had to be asked and could not be. Then, and whenever it
    cannot be applied, the event is kept all the same: the next repeat or the loop tries again.
    """
    if not _concerns_us(said):
        return Outcome(EventState.IGNORED)
    unkept = True
    try:
        apply = await _prepared(payments, said.news)
        outcome = await payments.database.transact(_receive, payments, said, apply)
        unkept = False
    except LOST_CONNECTION:
        unkept = False  # nothing can be kept now; the provider repeats it
        raise
    finally:
        if unkept:
            await store(payments, [said])
    return outcome


async def apply(payments: PaymentContext, said: News, about: str = "") -> Outcome:
    """Apply what comes without an event, such as a checkout that was asked about; raises ProviderDown.

    `about` names what was asked about, for an operator who has to look, where the news do not.
    """
    apply = await _prepared(payments, said)

    async def story() -> Outcome:
        outcome = await apply()
        if outcome.alarm:
            reason = outcome.reason or ""
            await outbox.post_to_each(
                payments.admins,
                alarm_key(_cause(said) or about, reason),
                "provider",
                "operator-finding",
                what=about or _cause(said),
                reason=reason,
                purchase=str(outcome.purchase_id or "none"),
            )
        return outcome

    return await payments.database.transact(story)


async def store(payments: PaymentContext, said: Sequence[ProviderEvent]) -> int:
    """Store events, for the loop to handle; returns how many were new."""

    async def story() -> int:
        rows = [await inbox.receive(one.key, one.type, one.payload) for one in said if _concerns_us(one)]
        return len([row for row in rows if row])

    return await payments.database.transact(story)


async def claim(payments: PaymentContext, limit: int) -> Sequence[Event]:
    """Lease stored events that nobody handles."""
    return await payments.database.transact(inbox.claim_events, limit, notify=False)


async def renew(payments: PaymentContext, ids: Sequence[int]) -> None:
    """Renew the leases of events in hand."""
    if ids:
        await payments.database.transact(inbox.renew, ids, notify=False)


async def handle(payments: PaymentContext, row: Event) -> Outcome:
    """Handle an event that was stored; raises ProviderDown."""
    try:
        said = payments.events.again(row.payload)
    except BadPayload:
        return await payments.database.transact(
            _finish,
            payments,
            row,
            row.key,
            Outcome(EventState.FAILED, "it can no longer be read", alarm=True),
        )
    apply = await _prepared(payments, said.news)

    async def story() -> Outcome:
        return await _finish(payments, row, _cause(said.news) or row.key, await apply())

    return await payments.database.transact(story)


async def replay(payments: PaymentContext, row: Event, *, by: str = actions.CONSOLE) -> bool:
    """Let an event be handled once more, whatever it came to before: by the loop, as if it had just come.

    False when somebody else did so, or it was handled, since the row was read.
    """

    async def story() -> bool:
        replayed = await inbox.replay(row)
        if replayed:
            await actions.record(by, "replay", f"event:{row.id}", event=row.key, type=row.type)
        return replayed

    return await payments.database.transact(story)


async def reschedule(payments: PaymentContext, row: Event, why: str, *, passing: bool) -> None:
    """Try a stored event again later; one that keeps breaking is kept as failed, for an operator.

    What is `passing` is not the event's fault, and counts as no try of it.
    """
    if passing:
        await payments.database.transact(
            partial(inbox.reschedule, row, PASSING_PAUSE * 1000, why, is_try=False), notify=False
        )
    elif row.attempts < TRIES:
        pause = min(LONGEST_PAUSE, 2 ** min(row.attempts, 12))
        await payments.database.transact(inbox.reschedule, row, pause * 1000, why, notify=False)
    else:
        await payments.database.transact(
            _finish, payments, row, row.key, Outcome(EventState.FAILED, why, alarm=True)
        )


async def _receive(payments: PaymentContext, said: ProviderEvent, apply: Story) -> Outcome:
    received = await inbox.receive(said.key, said.type, said.payload)
    if received is None:
        received = await inbox.find(said.key)
        if received is None or received.state is not EventState.RECEIVED:
            return Outcome(received.state if received else EventState.HANDLED, repeat=True)
    return await _finish(payments, received, _cause(said.news) or received.key, await apply())


async def _finish(payments: PaymentContext, row: Event, cause: str, outcome: Outcome) -> Outcome:
    await inbox.finish(row, outcome.state, outcome.reason)
    commit_events.record("event", type=row.type, outcome=outcome.state)
    if outcome.alarm:
        await outbox.post_to_each(
            payments.admins,
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


async def _prepared(payments: PaymentContext, said: News) -> Story:
    """Ask whatever must be asked before a transaction may begin."""
    match said:
        case PaymentReversed():
            return partial(reverse.reverse, said, payments.admins)
        case PaymentConfirmed():
            return partial(settle.confirm, said, await settle.sold(payments, said), payments.admins)
    return partial(settle.note, said)


def _cause(said: News) -> str:
    """Name what the news are about; several events may be about the same."""
    if isinstance(said, NotForUs):
        return said.about
    return said.key if isinstance(said, PaymentReversed) else said.checkout.provider_ref


def _concerns_us(said: ProviderEvent) -> bool:
    return said.news.keep if isinstance(said.news, NotForUs) else True
