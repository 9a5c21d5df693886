"""The commands about money at the provider: `refund`, `reconcile`, `events`."""

import asyncio
import json
import sys
import time
from argparse import Namespace
from collections import Counter

from bot_platform.commands.progress import Progress
from bot_platform.commands.running import FAILED, OK, open_database, open_payments, run
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

HANDLE_TIMEOUT_SECONDS = 600.0  # for all missed events together
MAX_EVENTS = 1_000_000
NOT_KEPT = "Nothing more is kept: it is about no sale of this bot. A replay reads it from Stripe for 30 days."
ASKED_AGAIN = "The running service asks again until an answer comes."


def refund(arguments: Namespace) -> int:
    """Return the money of a purchase and take its credits back."""
    settings = load(MoneySettings)

    async def work() -> int:
        async with open_payments(settings) as money:
            purchase = await purchases.look_up(arguments.purchase_id)
            amount = None
            if purchase and arguments.amount is not None:
                try:
                    amount = minor_units(arguments.amount, purchase.currency)
                except ValueError as fault:
                    print(f"--amount: {fault}", file=sys.stderr)
                    return FAILED
            requested = await refunding.request(
                money, arguments.purchase_id, amount=amount, reason=arguments.reason, force=arguments.force
            )
            amount_text = money_text(requested.amount, purchase.currency if purchase else "")
            try:
                ended = await refunding.carry_out(money, requested)
            except ProviderDown:
                print(
                    f"Refund {requested.id} of {amount_text}: no answer came. {ASKED_AGAIN}", file=sys.stderr
                )
                return FAILED
        if ended.state is RefundState.FAILED:
            print(f"Refund {ended.id} of {amount_text} was refused: {ended.error}", file=sys.stderr)
            return FAILED
        print(f"Refund {ended.id}: {amount_text} of purchase {arguments.purchase_id} returned.")
        return OK

    return run(work())


def reconcile_now(arguments: Namespace) -> int:
    """Ask the providers what happened, and apply the events that were missed."""
    settings = load(MoneySettings)

    async def work() -> int:
        if settings.stripe_secret_key is None:
            print("STRIPE_SECRET_KEY is not set, so there is nothing to ask: the mock keeps no records.")
            return OK
        async with open_payments(settings) as money:
            try:
                await _reconcile(money, int(time.time()) - arguments.since)
            except ProviderDown:
                print("Stripe does not answer; the answers before that are applied.", file=sys.stderr)
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
    checked = 0
    async for outcome in reconcile.silent_purchases(money, providers, all_of_them=True):
        checked += 1
        changed += [outcome.purchase_id] if outcome.changed else []
        progress.show(checked, what="purchases")
    async for outcome in reconcile.reversed_payments(money, providers, since):
        changed += [outcome.purchase_id] if outcome.changed else []
        progress.show(len(changed), what="changes")
    progress.end()
    print(f"Checked everything since {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime(since))}.")
    outcomes = ", ".join(f"{n} {state}" for state, n in sorted(events.items()))
    print(f"Missed events: {missed}" + (f" ({outcomes})" if outcomes else ""))
    print(f"Open purchases checked: {checked}")
    ids = ", ".join(str(id_) for id_ in sorted({id_ for id_ in changed if id_ is not None}))
    print(f"Purchases changed: {ids or 'none'}")


async def _handle_stored(money: PaymentContext, on_outcome: workers.OnOutcome) -> None:
    """Handle the stored events; a running service may handle some of them at the same time."""
    worker = workers.inbox_worker(money, on_outcome)
    running = asyncio.create_task(worker.run())
    try:
        await worker.wait_idle(HANDLE_TIMEOUT_SECONDS)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await worker.finish(HANDLE_TIMEOUT_SECONDS)


def list_events(arguments: Namespace) -> int:
    """List the stored events, newest first."""
    settings = load(DatabaseSettings)

    async def work() -> int:
        async with open_database(settings):
            rows = await inbox.list_provider_events(
                EventState.FAILED if arguments.failed else None, arguments.limit
            )
        for row in rows:
            print(
                f"{row.id:>6}  {row.received_at:%Y-%m-%d %H:%M:%S}  {row.state:<8}  {row.type:<40}  "
                f"{row.key.removeprefix('stripe:')}{f'  {row.error}' if row.error else ''}"
            )
        if not rows:
            print("No event has failed." if arguments.failed else "No event has arrived yet.")
        return OK

    return run(work())


def show_event(arguments: Namespace) -> int:
    """Show one event with what is kept of it."""
    settings = load(DatabaseSettings)

    async def work() -> int:
        async with open_database(settings):
            row = await inbox.look_up(arguments.id)
        if row is None:
            return _no_event(arguments.id)
        print(f"event     {row.id}  {row.key}\ntype      {row.type}\nreceived  {row.received_at}")
        print(f"state     {row.state}{f'  at {row.handled_at}' if row.handled_at else ''}")
        print(f"error     {row.error}\n" if row.error else "")
        print(json.dumps(row.payload, indent=2) if row.payload else NOT_KEPT)
        return OK

    return run(work())


def replay_events(arguments: Namespace) -> int:
    """Handle one event again, or all failed events."""
    settings = load(MoneySettings)

    async def work() -> int:
        async with open_payments(settings) as money:
            if arguments.failed:
                rows = await inbox.list_provider_events(EventState.FAILED, MAX_EVENTS)
            elif (row := await inbox.look_up(arguments.id)) is None:
                return _no_event(arguments.id)
            else:
                rows = [row]
            for row in reversed(rows):
                await provider_events.replay(money, row)
            await _handle_stored(money, lambda *_: None)
            codes = [await _print_outcome(row) for row in reversed(rows)]
        if not codes:
            print("No event has failed.")
        return max(codes, default=OK)

    return run(work())


async def _print_outcome(row: Event) -> int:
    await row.refresh_from_db()
    error = f", {row.error}" if row.error else ""
    if row.state is EventState.RECEIVED:
        print(f"{row.key}: could not be handled{error}. The service tries again.")
        return FAILED
    print(f"{row.key}: {row.state}{error}")
    return FAILED if row.state is EventState.FAILED else OK


def _no_event(name: str) -> int:
    print(f"There is no event {name}; `python3 run.py events` lists them.", file=sys.stderr)
    return FAILED
