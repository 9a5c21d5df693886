"""The commands about money at the provider: `refund`, `reconcile`, `events`."""

import asyncio
import json
import sys
import time
from argparse import Namespace
from collections import Counter

from bot_platform.commands.progress import Progress
from bot_platform.commands.running import FAILED, OK, opened, payments, run
from bot_platform.config.settings import DatabaseSettings, MoneySettings, load
from bot_platform.domain import inbox, purchases
from bot_platform.domain.amounts import minor_units, money_text
from bot_platform.domain.checkout import ProviderDown
from bot_platform.domain.inbox import Event, EventState
from bot_platform.domain.refunds import RefundState
from bot_platform.flows import provider_events, reconcile
from bot_platform.flows import refund as refunding
from bot_platform.flows.context import Outcome, PaymentContext
from bot_platform.runtime import workers

PATIENCE = 600.0  # seconds for all missed events together
ALL = 1_000_000
ASKED_AGAIN = "It is asked for again by the running service until an answer comes."


def refund(given: Namespace) -> int:
    """Return the money of a purchase, and take its credits back."""
    settings = load(MoneySettings)

    async def work() -> int:
        async with payments(settings) as money:
            purchase = await purchases.look_up(given.purchase_id)
            amount = None
            if purchase and given.amount is not None:
                try:
                    amount = minor_units(given.amount, purchase.currency)
                except ValueError as fault:
                    print(f"--amount: {fault}", file=sys.stderr)
                    return FAILED
            asked = await refunding.request(
                money, given.purchase_id, amount=amount, reason=given.reason, force=given.force
            )
            says = money_text(asked.amount, purchase.currency if purchase else "")
            try:
                ended = await refunding.carry_out(money, asked)
            except ProviderDown:
                print(f"Refund {asked.id} of {says}: no answer came. {ASKED_AGAIN}", file=sys.stderr)
                return FAILED
        if ended.state is RefundState.FAILED:
            print(f"Refund {ended.id} of {says} was refused: {ended.error}", file=sys.stderr)
            return FAILED
        print(f"Refund {ended.id}: {says} of purchase {given.purchase_id} returned.")
        return OK

    return run(work())


def reconcile_now(given: Namespace) -> int:
    """Ask what happened and apply what was missed."""
    settings = load(MoneySettings)

    async def work() -> int:
        if settings.stripe_secret_key is None:
            print(
                "There is no STRIPE_SECRET_KEY, so there is nobody to ask: the mock knows no more than we do."
            )
            return OK
        async with payments(settings) as money:
            try:
                await _reconcile(money, int(time.time()) - given.since)
            except ProviderDown:
                print("Stripe does not answer; what it said so far is applied.", file=sys.stderr)
                return FAILED
        return OK

    return run(work())


async def _reconcile(money: PaymentContext, since: int) -> None:
    progress, providers = Progress("reconcile"), list(money.providers.values())
    changed: list[int | None] = []
    events: Counter[str] = Counter()

    def on_outcome(_: Event, outcome: Outcome) -> None:
        events[outcome.state] += 1
        if outcome.changed:
            changed.append(outcome.purchase_id)
        progress.show(events.total(), missed, "events")

    missed = 0
    async for new in reconcile.missed_events(money, providers, since):
        missed += new
        progress.show(missed, what="missed events")
    await _handle_stored(money, on_outcome)
    asked = 0
    async for outcome in reconcile.silent_purchases(money, providers, all_of_them=True):
        asked += 1
        changed += [outcome.purchase_id] if outcome.changed else []
        progress.show(asked, what="purchases")
    async for outcome in reconcile.reversed_payments(money, providers, since):
        changed += [outcome.purchase_id] if outcome.changed else []
        progress.show(len(changed), what="changes")
    progress.end()
    print(f"Looked at everything since {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime(since))}.")
    outcomes = ", ".join(f"{n} {state}" for state, n in sorted(events.items()))
    print(f"Missed events: {missed}" + (f" ({outcomes})" if outcomes else ""))
    print(f"Waiting purchases asked about: {asked}")
    names = ", ".join(str(id_) for id_ in sorted({id_ for id_ in changed if id_ is not None}))
    print(f"Purchases changed: {names or 'none'}")


async def _handle_stored(money: PaymentContext, on_outcome: workers.OnOutcome) -> None:
    """Handle what was stored, beside a running service that does the same."""
    worker = workers.inbox_worker(money, on_outcome)
    running = asyncio.create_task(worker.run())
    try:
        await worker.wait_idle(PATIENCE)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await worker.finish(PATIENCE)


def list_events(given: Namespace) -> int:
    """List the inbox, newest first."""
    settings = load(DatabaseSettings)

    async def work() -> int:
        async with opened(settings):
            rows = await inbox.list_provider_events(EventState.FAILED if given.failed else None, given.limit)
        for row in rows:
            print(
                f"{row.id:>6}  {row.received_at:%Y-%m-%d %H:%M:%S}  {row.state:<8}  {row.type:<40}  "
                f"{row.key.removeprefix('stripe:')}{f'  {row.error}' if row.error else ''}"
            )
        if not rows:
            print("No event has failed." if given.failed else "No event has come yet.")
        return OK

    return run(work())


def show_event(given: Namespace) -> int:
    """Show one event with everything it said."""
    settings = load(DatabaseSettings)

    async def work() -> int:
        async with opened(settings):
            row = await inbox.look_up(given.id)
        if row is None:
            return _no_event(given.id)
        print(f"event     {row.id}  {row.key}\ntype      {row.type}\nreceived  {row.received_at}")
        print(f"state     {row.state}{f'  at {row.handled_at}' if row.handled_at else ''}")
        print(f"says      {row.error}\n" if row.error else "")
        print(json.dumps(row.payload, indent=2))
        return OK

    return run(work())


def replay_events(given: Namespace) -> int:
    """Handle one event once more, or all that failed."""
    settings = load(MoneySettings)

    async def work() -> int:
        async with payments(settings) as money:
            if given.failed:
                rows = await inbox.list_provider_events(EventState.FAILED, ALL)
            elif (row := await inbox.look_up(given.id)) is None:
                return _no_event(given.id)
            else:
                rows = [row]
            for row in reversed(rows):
                await provider_events.replay(money, row)
            await _handle_stored(money, lambda *_: None)
            codes = [await _said_of(row) for row in reversed(rows)]
        if not codes:
            print("No event has failed.")
        return max(codes, default=OK)

    return run(work())


async def _said_of(row: Event) -> int:
    await row.refresh_from_db()
    says = f", {row.error}" if row.error else ""
    if row.state is EventState.RECEIVED:
        print(f"{row.key}: could not be handled{says}. The service tries again.")
        return FAILED
    print(f"{row.key}: {row.state}{says}")
    return FAILED if row.state is EventState.FAILED else OK


def _no_event(name: str) -> int:
    print(f"There is no event {name}; `run.py events` lists them.", file=sys.stderr)
    return FAILED
