"""Asks the providers for what no webhook reported: missed events, open checkouts, refunds and disputes."""

from collections.abc import AsyncIterator, Sequence
from functools import partial

from bot_platform.domain import actions, purchase_checks, reversals
from bot_platform.domain.checkout import PaymentProvider, ProviderDown
from bot_platform.domain.purchases import Purchase
from bot_platform.flows import provider_events
from bot_platform.flows.context import Outcome, PaymentContext
from bot_platform.infra.clock import current

OVERLAP_SECONDS = 600  # read twice: an event may be listed later than it was made
FIRST_LOOK_SECONDS = 3 * 24 * 3600  # how far back the first look goes
PAGE_SIZE = 50  # rows read at a time
MAX_DISPUTE_SECONDS = 120 * 24 * 3600  # a dispute may be won or lost this long after it was made
MAX_UNKNOWN_SECONDS = 30 * 24 * 3600  # a reversal of an unknown payment is asked about this long


Providers = Sequence[PaymentProvider]


async def missed_events(payments: PaymentContext, providers: Providers, since: int) -> AsyncIterator[int]:
    """Store the providers' events since a moment (unix seconds); yield how many were new, page by page.

    The inbox worker applies them, exactly as those of a webhook.
    """
    for provider in providers:
        async for page in provider.events(since):
            yield await provider_events.store(payments, page)


async def silent_purchases(
    payments: PaymentContext, providers: Providers, *, all_of_them: bool = False
) -> AsyncIterator[Outcome]:
    """Ask about open purchases that have had no event for too long, or about all open ones."""
    names, after = [provider.name for provider in providers], 0
    while rows := await purchase_checks.due(names, after, PAGE_SIZE, all_of_them=all_of_them):
        for purchase in rows:
            after = purchase.id
            await payments.database.transact(purchase_checks.mark_checked, purchase, notify=False)
            if outcome := await check_purchase(payments, purchase):
                yield outcome


async def reversed_payments(
    payments: PaymentContext, providers: Providers, since: int
) -> AsyncIterator[Outcome]:
    """Apply the current state of refunds, disputes and warnings, also of payments that we do not know yet.

    Raises ProviderDown, but only after every payment was asked about.
    """
    for provider in providers:
        async for page in provider.reversals(since):
            for news in page:
                yield await provider_events.apply(payments, news)
    by_name, after, fault = {provider.name: provider for provider in providers}, "", None
    while rows := await reversals.unclaimed(int(current().time()) - MAX_UNKNOWN_SECONDS, after, PAGE_SIZE):
        after = rows[-1].key
        first = {
            (row.provider, row.payment_ref): row.key for row in reversed(rows) if row.provider in by_name
        }
        for (name, payment_ref), key in first.items():
            try:
                outcome = await _claim_payment(payments, by_name[name], payment_ref, key)
            except ProviderDown as error:  # about this payment: the others are asked about all the same
                fault = error
            else:
                yield outcome
    if fault:
        raise fault


async def check_purchase(payments: PaymentContext, purchase: Purchase) -> Outcome | None:
    """Ask for the state of a purchase's checkout and apply it; return None if it has no checkout to look up.

    Raises ProviderDown.
    """
    provider = payments.providers.get(purchase.provider)
    if provider is None or purchase.provider_ref is None:
        return None
    return await provider_events.apply(payments, await provider.look(purchase.provider_ref), purchase.subject)


async def _claim_payment(
    payments: PaymentContext, provider: PaymentProvider, payment_ref: str, key: str
) -> Outcome:
    """Ask once which checkout a payment belongs to: one that is none of ours is another shop's."""
    outcome = await provider_events.apply(payments, await provider.behind(payment_ref), key)
    if outcome.purchase_id is None:
        mark = partial(reversals.mark_foreign, provider.name, payment_ref)
        await payments.database.transact(mark, notify=False)
    return outcome


async def check_by_operator(payments: PaymentContext, purchase: Purchase, *, by: str) -> Outcome | None:
    """Check a purchase and record that an operator did; raises ProviderDown, and then records nothing."""
    outcome = await check_purchase(payments, purchase)
    changed = bool(outcome and outcome.changed)
    await payments.database.transact(
        partial(actions.record, by, "check", purchase.subject, changed=changed), notify=False
    )
    return outcome
