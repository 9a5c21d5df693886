"""Vouchers and other payments that come days later, and states that this version does not know."""

from typing import Any

import pytest

from tests.makers import BUYER, RunningService, eventually, running_service, session_event
from tests.sandbox.stripe_world import KEY, world
from tests.stories.test_missed import LINK, RECEIPT, count, linked
from tests.stories.test_money_back import OPERATOR

ON_ITS_WAY = "Your payment is on its way"


def unsaid(h: RunningService, part: str) -> bool:
    return not any(part in text for text in h.texts())


async def test_a_voucher_is_on_its_way_until_it_is_paid(database_url: str) -> None:
    async with (
        world(bank_transfer_delay=120) as w,
        running_service(database_url, stripe_api_base=w.url, stripe_secret_key=KEY) as h,
    ):
        message, session = await linked(h)
        await w.local.pay(session, "voucher")
        await h.press(message, "paid:1")
        await h.said(ON_ITS_WAY)
        h.telegram.press(BUYER, message["message_id"], "paid:1", stale=True)
        await h.said("A bank transfer or a voucher can take a few days, and I will write")
        assert unsaid(h, "did not")
        await h.clock.pass_time(121)
        w.local.run_due_actions()
        h.telegram.press(BUYER, message["message_id"], "paid:1", stale=True)
        await h.said(RECEIPT)


async def test_a_voucher_that_lapses_is_said_to_have_failed(database_url: str) -> None:
    async with (
        world(bank_transfer_delay=120) as w,
        running_service(database_url, stripe_api_base=w.url, stripe_secret_key=KEY) as h,
    ):
        message, session = await linked(h)
        await w.local.pay(session, "voucher_unpaid")
        await h.press(message, "paid:1")
        await h.said(ON_ITS_WAY)
        await h.clock.pass_time(121)
        w.local.run_due_actions()
        h.telegram.press(BUYER, message["message_id"], "paid:1", stale=True)
        await h.press(await h.said("your payment did not go through"), "buy_100")
        await eventually(lambda: count(h, LINK) == 1)


async def test_a_voucher_by_webhook_is_told_at_each_step(database_url: str) -> None:
    async with running_service(database_url) as h:
        _, session = await linked(h)
        await h.stripe.pay(session, "voucher")
        await h.said(ON_ITS_WAY)
        await h.said(RECEIPT)


@pytest.mark.parametrize(
    "changed",
    [
        {"payment_status": "partially_paid"},
        {"payment_intent": {"id": "pi_1", "status": "waiting_for_bank"}},
        {"status": "under_review"},
    ],
    ids=str,
)
async def test_a_state_that_is_not_known_is_on_its_way_and_the_operator_reads_it_once(
    database_url: str, changed: dict[str, Any]
) -> None:
    async with running_service(database_url, admin_telegram_ids=[OPERATOR.id]) as h:
        await h.say("/start", "Welcome!", OPERATOR)
        h.stripe.fault_switches.lost = True
        message, session = await linked(h)
        path = f"/v1/checkout/sessions/{session}"
        answer = {
            **h.stripe.sessions[session],
            "status": "complete",
            "payment_status": "unpaid",
            "payment_intent": {"id": "pi_1", "status": "requires_action"},
            **changed,
        }
        h.stripe.faults.answer(path, 200, answer, times=3)
        for _ in range(3):
            h.telegram.press(BUYER, message["message_id"], "paid:1", stale=True)
        await eventually(lambda: sum(request.path == path for request in h.stripe.requests) == 3)
        await h.said(ON_ITS_WAY)
        await h.said("which this version does not know", OPERATOR)
        assert sum("does not know" in text for text in h.texts(OPERATOR)) == 1
        assert unsaid(h, "did not")
        await h.say("/balance", "Balance: 0.00 credits")


async def test_a_webhook_with_a_payment_status_that_is_not_known_loses_nothing(database_url: str) -> None:
    async with running_service(database_url, admin_telegram_ids=[OPERATOR.id]) as h:
        await h.say("/start", "Welcome!", OPERATOR)
        _, session = await linked(h)
        event = session_event(id=session, payment_status="partially_paid")
        assert await h.post(event) == (200, {"status": "success"})
        await h.said(ON_ITS_WAY)
        await h.said("'partially_paid', which this version does not know", OPERATOR)
        await h.post(session_event(id_="evt_2", id=session))
        await h.said(RECEIPT)
