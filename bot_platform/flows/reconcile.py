"""What no webhook told is asked for: missed events, checkouts by their id, refunds and disputes."""

from collections.abc import AsyncIterator, Sequence
from functools import partial

from bot_platform.domain import actions, purchases, reversals
from bot_platform.domain.checkout import PaymentProvider
from bot_platform.domain.purchases import Purchase
from bot_platform.flows import provider_events
from bot_platform.flows.context import Outcome, PaymentContext
from bot_platform.infra.clock import current

OVERLAP = 600  # seconds looked at twice: an event may be listed later than it was made
FIRST_LOOK = 3 * 24 * 3600  # how far back the first look goes
AT_ONCE = 50  # rows read at a time
DISPUTES_LAST = 120 * 24 * 3600  # so long after it was made may one be won or lost
NOBODYS = 30 * 24 * 3600  # for so long a reversal of an unknown payment is asked about


Providers = Sequence[PaymentProvider]


async def missed_events(payments: PaymentContext, providers: Providers, since: int) -> AsyncIterator[int]:
    """Store the providers' events since a moment (unix seconds); yields how many were new, page by page.

    The loop that looks for stored events handles them, exactly as it would a webhook's.
    """
    for provider in providers:
        async for page in provider.events(since):
            yield await provider_events.store(payments, page)


async def silent_purchases(
    payments: PaymentContext, providers: Providers, *, all_of_them: bool = False
) -> AsyncIterator[Outcome]:
    """Ask about purchases that wait and were not heard of for too long, or about all that wait."""
    names, after = [provider.name for provider in providers], 0
    while rows := await purchases.due_for_check(names, after, AT_ONCE, all_of_them=all_of_them):
        for purchase in rows:
            after = purchase.id
            await payments.database.transact(purchases.mark_checked, purchase, notify=False)
            if outcome := await one(payments, purchase):
                yield outcome


async def reversed_payments(
    payments: PaymentContext, providers: Providers, since: int
) -> AsyncIterator[Outcome]:
    """Read refunds, disputes and warnings as they stand now, and those of payments we never heard of."""
    for provider in providers:
        async for page in provider.reversals(since):
            for said in page:
                yield await provider_events.apply(payments, said)
    by_name, after = {provider.name: provider for provider in providers}, ""
    while rows := await reversals.unclaimed(int(current().time()) - NOBODYS, after, AT_ONCE):
        for row in rows:
            after = row.key
            if row.provider in by_name:
                yield await provider_events.apply(
                    payments, await by_name[row.provider].behind(row.payment_ref), row.key
                )


async def one(payments: PaymentContext, purchase: Purchase) -> Outcome | None:
    """Ask how the checkout of a purchase stands and apply it; None when there is nothing to ask."""
    provider = payments.providers.get(purchase.provider)
    if provider is None or purchase.provider_ref is None:
        return None
    return await provider_events.apply(payments, await provider.look(purchase.provider_ref), purchase.subject)


async def by_hand(payments: PaymentContext, purchase: Purchase, *, by: str) -> Outcome | None:
    """Do as `one` does because an operator asks; raises ProviderDown, and then nothing is noted."""
    outcome = await one(payments, purchase)
    changed = bool(outcome and outcome.changed)
    await payments.database.transact(
        partial(actions.record, by, "check", purchase.subject, changed=changed), notify=False
    )
    return outcome
