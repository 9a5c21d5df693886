"""Stripe fails at every single call the platform makes: a plain word, a second try, one charge."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from bot_platform.domain import ledger, users
from bot_platform.infra.database import Database
from bot_platform.infra.sql import query
from bot_platform.sandbox.stripe.faults import Faults
from tests.makers import (
    BUYER,
    SECRET_KEY,
    FreshDatabase,
    RunningService,
    eventually,
    link_of,
    running_service,
)
from tests.reliability import books
from tests.reliability.conftest import Size
from tests.reliability.platforms import in_database
from tests.reliability.report import Report
from tests.reliability.side_by_side import each, spread

TOGETHER = 6  # more and PostgreSQL has no connection left for the last
FOR_LONG = 6  # calls: more than the client's own tries of one
LINK = "Please complete your purchase using the link below:"
SORRY = "Sorry, we could not create a payment link at this time."
RECEIPT = "Payment received: 100.00 credits added. Balance: 100.00 credits."
ALREADY_IDS = ("cs_", "pi_", "ch_", "re_", "evt_", "du_", "dp_", "in_", "py_")

Ready = Callable[[], None]  # a story calls it when its preparation is over: from here on Stripe fails
Story = Callable[[RunningService, Ready], Awaitable[None]]
Call = tuple[str, str]


@dataclass(frozen=True)
class Case:
    """What happens to which call (method, path) of a story, counted from 1, and to those after it."""

    kind: str
    call: Call
    at: int
    times: int


Fail = Callable[[Faults, str, str, int], None]
KINDS: dict[str, Fail] = {
    "down": lambda f, method, path, times: f.answer(path, 503, method=method, times=times),
    "refusing": lambda f, method, path, times: f.answer(path, 429, method=method, times=times),
    "resetting": lambda f, method, path, times: f.drop_connection(path, method=method, times=times),
    "slow": lambda f, method, path, times: f.delay(path, 6.0, method=method, times=times),
    "garbled": lambda f, method, path, times: f.answer(path, 200, '{"id": ', method=method, times=times),
    "done, then reset": lambda f, method, path, times: f.drop_connection(
        path, after_execution=True, method=method, times=times
    ),
    "done, then 500": lambda f, method, path, times: f.execute_then_answer(
        path, 500, method=method, times=times
    ),
    "done, then garbled": lambda f, method, path, times: f.execute_then_answer(
        path, 200, "<html>welcome</html>", method=method, times=times
    ),
}


async def _sale(h: RunningService, ready: Ready) -> None:
    """Press, pay, and be credited; whoever is told sorry presses again when Stripe is back."""
    shop = await h.say("/start", "Welcome")
    ready()
    await h.press(shop, "buy_100")
    await eventually(lambda: {LINK, SORRY} & set(h.texts()))
    if LINK not in h.texts():
        h.stripe.faults.clear()
        await h.press(shop, "buy_100")
    await h.stripe.pay(link_of(await h.said(LINK)).rpartition("/")[2])
    await h.said(RECEIPT)
    await h.said("✅ Paid")


async def _sold_elsewhere(h: RunningService, ready: Ready) -> None:
    """Pay for a session that we did not open and that names its buyer; Stripe is asked what it sold."""
    await h.say("/start", "Welcome")
    buyer = await in_database(h.settings.database_url, lambda _: users.find(BUYER.id))
    assert buyer
    form = {
        "mode": "payment",
        "success_url": "https://shop.example/",
        "client_reference_id": str(buyer.id),
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": "usd",
        "line_items[0][price_data][unit_amount]": "500",
        "line_items[0][price_data][product_data][name]": "100 credits",
    }
    address, key = f"{h.url}/sandbox/stripe/v1/checkout/sessions", {"Authorization": f"Bearer {SECRET_KEY}"}
    async with h.http.post(address, data=form, headers=key) as answer:
        session = await answer.json()
        assert answer.status == 200, session
    ready()
    await h.stripe.pay(session["id"])
    await h.said(RECEIPT)


# Another story that makes other calls is one more function here; it ends with 100 credits, paid once.
STORIES: Sequence[Story] = (_sale, _sold_elsewhere)


async def _looked(h: RunningService) -> None:
    """Wait for the end of the looks at the start: when they come, no story decides."""
    last = {"/v1/events", "/v1/radar/early_fraud_warnings"}
    await eventually(lambda: last <= {request.path for request in h.stripe.requests})


async def _calls(story: Story, url: str) -> list[Call]:
    """Run a story in peace and list the calls that it makes, in order; ids in paths become `*`."""
    async with running_service(url) as h:
        await _looked(h)
        before = 0

        def ready() -> None:
            nonlocal before
            before = len(h.stripe.requests)

        await story(h, ready)
        return [(request.method, pattern(request.path)) for request in h.stripe.requests[before:]]


def pattern(path: str) -> str:
    return "/".join("*" if part.startswith(ALREADY_IDS) else part for part in path.split("/"))


async def _wrong(url: str, charges: Sequence[Any]) -> list[str]:
    """Look for what must never be: more than one charge, or less than all credits."""

    async def look(_: Database) -> list[str]:
        user = await users.find(BUYER.id)
        assert user
        paid = await query(f"SELECT p.id FROM purchase p WHERE {books.PAID}")  # noqa: S608 -- ours
        expected = {"balance": books.CREDITED, "paid purchases": 1, "charges": 1}
        found = {
            "balance": (await ledger.find_account(user.id)).balance,
            "paid purchases": len(paid),
            "charges": sum(charge["paid"] for charge in charges),
        }
        return [] if found == expected else [f"{found}, not {expected}"]

    return await in_database(url, look) + await books.faults(url)


async def _disturbed(url: str, story: Story, case: Case) -> list[str]:
    async with running_service(url) as h:
        await _looked(h)
        asked = 0

        def ready() -> None:
            nonlocal asked
            asked = len(h.stripe.requests)
            method, path = case.call
            h.stripe.faults.delay(path, 0.0, method=method, times=case.at - 1)  # those before meet nothing
            KINDS[case.kind](h.stripe.faults, method, path, case.times)

        await story(h, ready)
        await h.stripe.settled()
        met = len(h.stripe.requests) - asked > case.at  # it was asked again
        told = [text for text in h.texts() if "error" in text]
        charges = list(h.stripe.charges.values())
    return [*([] if met else ["the fault never came"]), *told, *await _wrong(url, charges)]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__.strip("_").replace("_", " "))
async def test_whatever_call_to_stripe_fails_nobody_is_charged_twice_or_loses_credits(
    fresh_database: FreshDatabase, size: Size, report: Report, story: Story
) -> None:
    async with fresh_database() as url:
        calls = Counter(await _calls(story, url))
    assert calls
    cases = [
        Case(kind, call, at, times)
        for call, number in calls.items()
        for at in range(1, number + 1)
        for times in (1, FOR_LONG)
        for kind in KINDS
    ]
    chosen = spread(cases, size(small=8, full=len(cases)))
    report.plan(len(chosen), "calls with a fault")
    await each(
        chosen,
        fresh_database,
        lambda url, case: _disturbed(url, story, case),
        report,
        together=TOGETHER,
    )
