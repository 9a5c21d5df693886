"""Payments that match no purchase."""

import pytest

from bot_platform.domain.checkout import CheckoutRef, PaymentConfirmed, ProviderEvent
from bot_platform.domain.inbox import EventState
from bot_platform.flows import provider_events
from bot_platform.infra.database import Database
from tests.makers import payments


@pytest.mark.parametrize(
    ("checkout", "alarm"),
    [
        (CheckoutRef("stripe", "cs_1"), False),
        (CheckoutRef("stripe", "cs_1", purchase_id=404, user_id=404), False),
        (CheckoutRef("stripe", "cs_1", purchase_id=404, marked=True), True),
        (CheckoutRef("stripe", "cs_1", user_id=404, marked=True), True),
    ],
    ids=["another shop's sale", "another shop's numbers", "a purchase we lost", "a buyer we lost"],
)
async def test_only_an_unknown_payment_with_our_mark_alerts_the_operators(
    database: Database, checkout: CheckoutRef, *, alarm: bool
) -> None:
    payment = PaymentConfirmed(checkout, amount=500, charged=500, currency="usd")
    event = ProviderEvent("stripe:evt_1", "checkout.session.completed", {}, payment)
    outcome = await provider_events.receive(payments(database), event)
    assert (outcome.state, outcome.alarm) == (EventState.IGNORED, alarm)
