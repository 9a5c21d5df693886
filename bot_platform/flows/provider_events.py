"""Provider events: stored once, applied once, kept with their outcome."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
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
from bot_platform.domain.packages import Package
from bot_platform.flows import reverse, settle
from bot_platform.flows.context import Outcome, PaymentContext, alarm_key
from bot_platform.infra import commit_events
from bot_platform.infra.backoff import backoff
from bot_platform.infra.database_errors import LOST_CONNECTION

MAX_ATTEMPTS = 12  # to apply a stored event; the pauses between them add up to 37 minutes
FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 2, 600
OUTAGE_PAUSE_SECONDS = 15  # when the fault is not the event's


@dataclass(frozen=True, slots=True)
class Prepared:
    """News, with what had to be asked of the provider before the transaction may begin."""

    news: News
    package: Package | None = None  # what was sold in a checkout that we did not open


async def receive(payments: PaymentContext, event: ProviderEvent) -> Outcome:
    """Store a new event and apply it in one transaction; a repeated event returns its first outcome.

    Raises ProviderDown when the provider had to be asked and did not answer. The event is then stored
    unapplied, as after any other error: the inbox worker or the next delivery applies it.
    """
    if not _is_kept(event):
        return Outcome(EventState.IGNORED)
    try:
        prepared = await _prepare(payments, event.news)
        return await payments.database.transact(_receive, payments, event, prepared)
    except LOST_CONNECTION:
        raise  # nothing can be stored now; the provider delivers the event again
    except (Exception, asyncio.CancelledError):
        await store(payments, [event])
        raise


async def handle(payments: PaymentContext, row: Event) -> Outcome:
    """Apply a stored event; raises ProviderDown.

    The provider is asked for an event that was not kept because it was not ours.
    """
    try:
        event = payments.events.again(row.payload) if row.payload else await _ask_again(payments, row)
    except BadPayload:
        outcome = Outcome(EventState.FAILED, "it can no longer be read", alarm=True)
        return await payments.database.transact(_finish, payments, row, row.key, outcome)
    if event is None:
        outcome = Outcome(EventState.IGNORED, "it was not kept, and the provider no longer has it")
        return await payments.database.transact(_finish, payments, row, row.key, outcome)
    prepared = await _prepare(payments, event.news)
    row.payload = event.payload
    return await payments.database.transact(_apply_and_finish, payments, row, prepared)


async def apply(payments: PaymentContext, news: News, about: str = "") -> Outcome:
    """Apply news that are the answer to a question of ours, not an event; raises ProviderDown.

    `about` names what we asked about: an alert shows it when the news do not name it.
    """
    prepared = await _prepare(payments, news)
    return await payments.database.transact(_apply_and_alarm, payments, prepared, about)


async def store(payments: PaymentContext, events: Sequence[ProviderEvent]) -> int:
    """Store events for the inbox worker; return how many were new."""
    return await payments.database.transact(_store, [event for event in events if _is_kept(event)])


async def claim(payments: PaymentContext, limit: int) -> Sequence[Event]:
    """Lease stored events that are not applied yet, at most `limit`."""
    if not await payments.database.transact(inbox.any_to_claim, inbox.EVENTS, notify=False):
        return []
    return await payments.database.transact(inbox.claim, inbox.EVENTS, limit, notify=False)


async def renew(payments: PaymentContext, ids: Sequence[int]) -> None:
    """Renew the leases of events in hand."""
    if ids:
        await payments.database.transact(inbox.renew, ids, notify=False)


async def replay(payments: PaymentContext, row: Event, *, by: str = actions.CONSOLE) -> bool:
    """Let the inbox worker apply an event again, whatever its outcome was.

    Return False when it was replayed or applied after this row was read.
    """
    return await payments.database.transact(_replay, row, by)


async def reschedule(payments: PaymentContext, row: Event, error: str, *, counts: bool) -> None:
    """Try a stored event again later; after MAX_ATTEMPTS keep it as failed and alert the operators.

    `counts` is False for a fault that is not the event's, such as a provider that is down.
    """
    if not counts:
        later = partial(inbox.reschedule, row, OUTAGE_PAUSE_SECONDS * 1000, error, is_try=False)
        await payments.database.transact(later, notify=False)
    elif row.attempts < MAX_ATTEMPTS:
        pause = backoff(row.attempts, first=FIRST_PAUSE_SECONDS, most=MAX_PAUSE_SECONDS)
        await payments.database.transact(inbox.reschedule, row, int(pause * 1000), error, notify=False)
    else:
        outcome = Outcome(EventState.FAILED, error, alarm=True)
        await payments.database.transact(_finish, payments, row, row.key, outcome)


async def _ask_again(payments: PaymentContext, row: Event) -> ProviderEvent | None:
    name, _, id_ = row.key.partition(":")
    provider = payments.providers.get(name)
    return await provider.event(id_) if provider else None


async def _prepare(payments: PaymentContext, news: News) -> Prepared:
    """Ask the provider for missing details, before any transaction begins."""
    if isinstance(news, PaymentConfirmed):
        return Prepared(*await settle.identify(payments, news))
    return Prepared(news)


async def _receive(payments: PaymentContext, event: ProviderEvent, prepared: Prepared) -> Outcome:
    row = await inbox.receive(event.key, event.type, event.payload)
    if row is None:  # delivered before
        known = await inbox.find(event.key)
        if known is None or known.state is not EventState.RECEIVED:
            return Outcome(known.state if known else EventState.HANDLED, repeat=True)
        row = known
    return await _apply_and_finish(payments, row, prepared)


async def _store(events: Sequence[ProviderEvent]) -> int:
    rows = [await inbox.receive(event.key, event.type, event.payload) for event in events]
    return len([row for row in rows if row])


async def _replay(row: Event, by: str) -> bool:
    replayed = await inbox.replay(row)
    if replayed:
        await actions.record(by, "replay", f"event:{row.id}", event=row.key, type=row.type)
    return replayed


async def _apply_and_finish(payments: PaymentContext, row: Event, prepared: Prepared) -> Outcome:
    outcome = await _apply(payments, prepared)
    return await _finish(payments, row, _cause(prepared.news) or row.key, outcome)


async def _apply_and_alarm(payments: PaymentContext, prepared: Prepared, about: str) -> Outcome:
    outcome = await _apply(payments, prepared)
    if outcome.alarm:
        cause, reason = _cause(prepared.news), outcome.reason or ""
        await outbox.post_to_each(
            payments.operators,
            alarm_key(cause or about, reason),
            "provider",
            "operator-finding",
            what=about or cause,
            reason=reason,
            purchase=str(outcome.purchase_id or "none"),
        )
    return outcome


async def _apply(payments: PaymentContext, prepared: Prepared) -> Outcome:
    match prepared.news:
        case PaymentConfirmed() as payment:
            return await settle.confirm(payments, payment, prepared.package)
        case PaymentReversed() as reversal:
            return await reverse.reverse(reversal, payments.operators)
        case news:
            return await settle.note(news, payments.operators)


async def _finish(payments: PaymentContext, row: Event, cause: str, outcome: Outcome) -> Outcome:
    """Keep the event with its outcome, and alert the operators once for each cause and reason."""
    await inbox.finish(row, outcome.state, outcome.reason, erase=not outcome.is_ours)
    commit_events.record("event", type=row.type, outcome=outcome.state)
    if outcome.alarm:
        await outbox.post_to_each(
            payments.operators,
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


def _cause(news: News) -> str:
    """Return the subject of the news; several events may have the same one."""
    if isinstance(news, NotForUs):
        return news.about
    return news.key if isinstance(news, PaymentReversed) else news.checkout.provider_ref


def _is_kept(event: ProviderEvent) -> bool:
    return event.news.keep if isinstance(event.news, NotForUs) else True
