"""Stripe fails at every call that no buyer waits for: what was missed is found, money goes back once."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

import pytest

from bot_platform.domain import ledger, purchases, refunds
from bot_platform.domain.audit import audit
from bot_platform.domain.checkout import ProviderDown
from bot_platform.domain.refunds import Refund
from bot_platform.flows import provider_events, reconcile
from bot_platform.flows import refund as refunding
from bot_platform.flows.buy import buy
from bot_platform.flows.context import PaymentContext
from bot_platform.infra.database import Database
from bot_platform.providers.stripe.payments import StripePayments
from tests.makers import PRICES, FreshDatabase, payments, person
from tests.reliability.conftest import Size
from tests.reliability.platforms import in_database
from tests.reliability.report import Report
from tests.reliability.side_by_side import each, spread
from tests.reliability.test_stripe_faults_everywhere import FOR_LONG, KINDS, Call, Case, pattern
from tests.sandbox.stripe_world import KEY, World, world

TOGETHER = 6


async def _look(money: PaymentContext) -> None:
    """Make every round once, as the caretaker does; raises ProviderDown."""
    providers = [money.provider]
    async for _ in reconcile.silent_purchases(money, providers, all_of_them=True):
        pass
    async for _ in reconcile.missed_events(money, providers, 0):
        pass
    for row in await provider_events.claim(money, 100):
        await provider_events.handle(money, row)
    async for _ in reconcile.reversed_payments(money, providers, 0):
        pass


async def _carry_out(money: PaymentContext, refund: Refund) -> None:
    """Ask for the refund once, as the loop does."""
    refund.attempts += 1
    await refunding.carry_out(money, refund)


async def _until_answered(step: Callable[[], Awaitable[None]]) -> None:
    """Do it again and again, as loops do, until Stripe answers."""
    while True:
        try:
            return await step()
        except ProviderDown:
            continue


async def _story(database: Database, w: World, ready: Callable[[], None]) -> list[str]:
    """Sell, lose every webhook, refund one half there and the other here; says what is wrong at the end."""
    stripe = StripePayments(
        secret_key=KEY,
        api_base=w.url,
        webapp_url="https://bot.example.com",
        proxy_url=None,
        live=False,
        timeout=3,
        try_timeout=1,
    )
    try:
        money = payments(database, stripe)
        user = await person(database)
        await buy(money, user, PRICES.get("buy_100"), "press")
        purchase = await purchases.find_by_request_key("press")
        assert purchase
        assert purchase.provider_ref
        await w.local.pay(purchase.provider_ref)
        await w.local.refund(purchase.provider_ref, 250)
        somebody_elses = await w.open()
        await w.local.pay(somebody_elses.id)
        await w.local.refund(somebody_elses.id)
        ready()
        await _until_answered(lambda: _look(money))
        refund = await refunding.request(money, purchase.id, amount=None, reason="sorry", force=False)
        refund.attempts -= 1  # whoever asks for it is the first to ask Stripe
        await _until_answered(lambda: _carry_out(money, refund))
        await _until_answered(lambda: _look(money))
        return await _wrong(database, w, user.id, purchase.id)
    finally:
        await stripe.close()


async def _wrong(database: Database, w: World, user_id: int, purchase_id: int) -> list[str]:
    account = await ledger.find_account(user_id)
    purchase = await purchases.get(purchase_id)
    found = {
        "balance": (account.balance, account.held),
        "purchase": (purchase.state.value, purchase.reversed),
        "refunds at Stripe": sorted(refund["amount"] for refund in w.local.refunds.values()),
        "refunds asked for": [r.state.value for r in await Refund.all()],
        "open": await refunds.amount_requested(purchase_id),
    }
    expected = {
        "balance": (0, 0),
        "purchase": ("reversed", 10_000),
        "refunds at Stripe": [250, 250, 500],
        "refunds asked for": ["done"],
        "open": 0,
    }
    async with database.reader() as ask:
        broken = [row.says async for step in audit(ask) for row in step.broken]
    return broken + ([] if found == expected else [f"{found}, not {expected}"])


async def _calls(url: str) -> Sequence[Call]:
    async with world() as w:
        asked = 0

        def ready() -> None:
            nonlocal asked
            asked = len(w.local.requests)

        assert await in_database(url, lambda database: _story(database, w, ready)) == []
        return [(request.method, pattern(request.path)) for request in w.local.requests[asked:]]


async def _disturbed(url: str, case: Case) -> list[str]:
    async with world() as w:
        asked = 0

        def ready() -> None:
            nonlocal asked
            asked = len(w.local.requests)
            method, path = case.call
            w.local.faults.delay(path, 0.0, method=method, times=case.at - 1)
            KINDS[case.kind](w.local.faults, method, path, case.times)

        wrong = await in_database(url, lambda database: _story(database, w, ready))
        met = len(w.local.requests) - asked > case.at
    return [*([] if met else ["the fault never came"]), *wrong]


@pytest.mark.timeout(1500)
async def test_whatever_call_of_a_round_or_a_refund_fails_the_books_follow_and_money_goes_back_once(
    fresh_database: FreshDatabase, size: Size, report: Report
) -> None:
    async with fresh_database() as url:
        calls = Counter(await _calls(url))
    assert len(calls) >= len(("session", "sessions", "events", "refunds", "disputes", "warnings", "refund"))
    cases = [
        Case(kind, call, at, times)
        for call, number in calls.items()
        for at in range(1, number + 1)
        for times in (1, FOR_LONG)
        for kind in KINDS
    ]
    chosen = spread(cases, size(small=10, full=len(cases)))
    report.plan(len(chosen), "calls with a fault")
    await each(chosen, fresh_database, _disturbed, report, together=TOGETHER)
