"""Reading from Stripe: whole lists, odd objects, and faults."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot_platform.domain.checkout import (
    CheckoutExpired,
    NotForUs,
    PaymentConfirmed,
    PaymentFailed,
    PaymentPending,
    PaymentReversed,
    ProviderDown,
    RefundRefused,
    Stage,
)
from bot_platform.domain.checkout_orders import RefundOrder
from bot_platform.providers.stripe.payments import StripePayments
from tests.sandbox.stripe_world import KEY, World, world


@pytest.fixture
async def there() -> AsyncIterator[tuple[World, StripePayments]]:
    async with world(bank_transfer_delay=60) as w:
        w.local.fault_switches.lost = True
        provider = StripePayments(
            secret_key=KEY,
            api_base=w.url,
            webapp_url="https://bot.example",
            proxy_url=None,
            live=False,
            timeout=3,
        )
        yield w, provider
        await provider.close()


There = tuple[World, StripePayments]


async def paid(w: World, how: str = "card") -> Any:
    session = await w.open()
    return await w.local.pay(session.id, how)


@pytest.mark.parametrize(
    ("how", "news"),
    [("card", PaymentConfirmed), ("bank_transfer", PaymentPending)],
)
async def test_a_session_is_read_in_its_present_state(there: There, how: str, news: type) -> None:
    w, provider = there
    session = await paid(w, how)
    said = await provider.look(session["id"])
    assert isinstance(said, news)
    behind = await provider.behind(session["payment_intent"])
    assert behind == said


async def test_open_expired_and_unknown_sessions_are_read_as_such(there: There) -> None:
    w, provider = there
    session = await w.open()
    assert isinstance(await provider.look(session.id), NotForUs)
    await w.local.expire(session.id)
    assert isinstance(await provider.look(session.id), CheckoutExpired)
    assert isinstance(await provider.look("cs_test_404"), NotForUs)
    assert isinstance(await provider.behind("pi_404"), NotForUs)


async def test_a_transfer_that_failed_is_read_as_failed() -> None:
    async with world(bank_transfer_delay=0) as w:
        provider = StripePayments(
            secret_key=KEY, api_base=w.url, webapp_url="https://x.example", proxy_url=None, live=False
        )
        session = await paid(w, "bank_transfer_fails")
        w.local.run_due_actions()
        assert isinstance(await provider.look(session["id"]), PaymentFailed)
        await provider.close()


async def test_reversals_are_read_once_each_in_their_present_state(there: There) -> None:
    w, provider = there
    refunded, disputed, warned = [await paid(w) for _ in range(3)]
    await w.local.refund(refunded["id"], 100)
    pending = await w.local.refund(refunded["id"], 50, scenario="pending")
    dispute = await w.local.dispute(disputed["id"], inquiry=True)
    await w.local.move_dispute(dispute["id"], "needs_response")
    await w.local.warn(warned["id"])
    said = [one async for page in provider.reversals(0) for one in page]
    assert all(isinstance(one, PaymentReversed) for one in said)
    stages = {one.key: (one.stage, one.amount) for one in said if isinstance(one, PaymentReversed)}
    assert len(stages) == len(said) == 4
    assert stages[f"stripe:{pending['id']}"] == (Stage.REFUND_PENDING, 50)
    assert stages[f"stripe:{dispute['id']}"] == (Stage.DISPUTED, 500)
    assert sorted(stage for stage, _ in stages.values()) == sorted(
        [Stage.REFUND_PENDING, Stage.REFUNDED, Stage.DISPUTED, Stage.WARNED]
    )


async def test_events_of_the_kinds_we_know_are_read_page_by_page_the_newest_first(there: There) -> None:
    w, provider = there
    for _ in range(103):
        await paid(w)
    pages = [page async for page in provider.events(0)]
    assert [len(page) for page in pages] == [100, 3]
    assert len({event.key for page in pages for event in page}) == 103
    first, last = pages[0][0], pages[1][-1]
    assert first.payload["created"] >= last.payload["created"]
    assert all(event.type == "checkout.session.completed" for page in pages for event in page)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {}),
        (200, {"data": None, "has_more": True}),
        (200, {"data": "x"}),
        (200, {"data": [None, 1, "x", {}, {"id": 7}], "has_more": True}),
    ],
    ids=str,
)
async def test_a_list_with_nothing_of_stripe_s_in_it_is_empty_and_ends(
    there: There, status: int, body: dict[str, Any]
) -> None:
    w, provider = there
    w.local.faults.answer("/v1/events", status, body)
    assert [list(page) async for page in provider.events(0)] == [[]]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "<html>a gateway</html>"),
        (200, "[]"),
        (503, {"error": {"type": "api_error", "message": "down"}}),
        (500, "oops"),
        (401, {"error": {"type": "invalid_request_error", "message": "Invalid API Key"}}),
        (403, {"error": {"type": "invalid_request_error", "message": "not permitted"}}),
        (429, {"error": {"type": "rate_limit_error", "message": "slow down"}}),
    ],
    ids=str,
)
async def test_an_unusable_answer_counts_as_stripe_being_down(there: There, status: int, body: Any) -> None:
    w, provider = there
    session = await paid(w)
    w.local.faults.answer("/v1/*", status, body, times=99)
    for asking in (provider.look(session["id"]), provider.behind(session["payment_intent"])):
        with pytest.raises(ProviderDown):
            await asking
    for pages in (provider.events(0), provider.reversals(0)):
        with pytest.raises(ProviderDown):
            [page async for page in pages]


async def test_a_refund_of_more_than_is_left_is_refused_with_stripes_message(there: There) -> None:
    w, provider = there
    session = await paid(w)
    order = RefundOrder(1, 2, session["payment_intent"], 501, "usd", again=False)
    with pytest.raises(RefundRefused, match="greater than unrefunded amount"):
        await provider.refund(order)


async def test_a_refund_with_another_id_is_another_refund(there: There) -> None:
    w, provider = there
    session = await paid(w)
    for number in (1, 2):
        for again in (False, True, True):
            order = RefundOrder(number, 2, session["payment_intent"], 100, "usd", again=again)
            assert (await provider.refund(order)).refund_id == number
    assert [row["amount"] for row in w.local.refunds.values()] == [100, 100]


async def test_a_refund_whose_first_request_is_still_running_is_not_made_twice(there: There) -> None:
    w, provider = there
    session = await paid(w)
    w.local.faults.delay("/v1/refunds", 4, method="POST")
    # Our own first request: the connection was lost while Stripe went on with it.
    form = {"payment_intent": session["payment_intent"], "amount": "100", "metadata[refund_id]": "1"}
    headers = {"Authorization": f"Bearer {KEY}", "Idempotency-Key": "refund-2-1"}
    first = asyncio.create_task(w.http.post(f"{w.url}/v1/refunds", data=form, headers=headers))
    while w.local.requests[-1].path != "/v1/refunds":  # noqa: ASYNC110 -- the server changes it
        await asyncio.sleep(0.01)
    order = RefundOrder(1, 2, session["payment_intent"], 100, "usd", again=True)
    with contextlib.suppress(ProviderDown):
        await provider.refund(order)
    (await first).close()
    assert (await provider.refund(order)).stage is Stage.REFUNDED
    assert len(w.local.refunds) == 1
