"""How far a checkout session has come: what is not known to have failed is on its way."""

from typing import Any

import pytest

from bot_platform.domain.checkout import News, NotForUs, PaymentConfirmed, PaymentFailed, PaymentPending
from bot_platform.providers.stripe import events

# What Stripe says of each way to pay later, from its documentation.
LATER = [
    "oxxo_display_details",
    "boleto_display_details",
    "konbini_display_details",
    "multibanco_display_details",
    "display_bank_transfer_instructions",
    "verify_with_microdeposits",
    "paynow_display_qr_code",
    "something_new",
]


def looked_up(
    payment_status: object = "unpaid", *, status: object = "complete", intent: object = "requires_action"
) -> News:
    """Read a session as Stripe answers for it, with its payment intent in this status."""
    found: dict[str, Any] = {
        "id": "cs_test_1",
        "object": "checkout.session",
        "mode": "payment",
        "status": status,
        "payment_status": payment_status,
        "payment_intent": {"id": "pi_1", "status": intent} if isinstance(intent, str) else intent,
        "amount_subtotal": 500,
        "amount_total": 500,
        "currency": "usd",
        "metadata": {"purchase_id": "7"},
    }
    return events.session(found)


@pytest.mark.parametrize("action", LATER)
def test_a_completed_session_whose_buyer_must_still_act_is_on_its_way(action: str) -> None:
    intent = {"id": "pi_1", "status": "requires_action", "next_action": {"type": action}}
    found = looked_up(intent=intent)
    assert isinstance(found, PaymentPending)
    assert found.unknown == ""
    assert found.checkout.payment_ref == "pi_1"


@pytest.mark.parametrize("intent", ["processing", "requires_confirmation", "requires_capture", "succeeded"])
def test_a_payment_that_may_still_come_is_on_its_way(intent: str) -> None:
    found = looked_up(intent=intent)
    assert isinstance(found, PaymentPending)
    assert found.unknown == ""


@pytest.mark.parametrize("intent", ["requires_payment_method", "canceled"])
def test_only_two_states_of_the_payment_are_a_failure(intent: str) -> None:
    assert isinstance(looked_up(intent=intent), PaymentFailed)


@pytest.mark.parametrize("intent", [None, "pi_1", 5, [], {}, {"id": "pi_1"}, {"id": "pi_1", "status": None}])
def test_a_session_that_was_read_without_its_payment_has_not_failed(intent: object) -> None:
    read = events.session(
        {
            "id": "cs_test_1",
            "status": "complete",
            "payment_status": "unpaid",
            "payment_intent": intent,
        }
    )
    assert isinstance(read, PaymentPending)
    assert read.unknown == ""


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"intent": "waiting_for_bank"}, "waiting_for_bank"),
        ({"payment_status": "partially_paid"}, "partially_paid"),
        ({"status": "under_review"}, "under_review"),
        ({"status": "under_review", "intent": "canceled"}, "under_review"),
        ({"payment_status": "partially_paid", "intent": "requires_payment_method"}, "partially_paid"),
    ],
)
def test_an_unknown_word_is_on_its_way_and_is_passed_on(changed: dict[str, Any], word: str) -> None:
    found = looked_up(**changed)
    assert isinstance(found, PaymentPending)
    assert found.unknown == word


def test_what_is_paid_is_paid_whatever_else_stands_there() -> None:
    assert isinstance(looked_up("paid", status="under_review", intent="waiting_for_bank"), PaymentConfirmed)


@pytest.mark.parametrize("payment_status", [None, 5, []])
def test_a_session_that_says_nothing_changes_nothing(payment_status: object) -> None:
    assert isinstance(looked_up(payment_status), NotForUs)
