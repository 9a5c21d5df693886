"""What is stored of an event: the fields that are read, and nothing about a person."""

import json
from typing import Any

import pytest

from bot_platform.providers.stripe import events
from tests.makers import session_event
from tests.providers.stripe.test_events import HUGE, ODD, SHAPES

PERSON = "Jane Roe"
SECRETS = {
    "customer_details": {
        "email": "jane@example.com",
        "name": PERSON,
        "phone": "+4912345",
        "address": {"city": "Ulm"},
    },
    "customer_email": "jane@example.com",
    "collected_information": {"shipping_details": {"name": PERSON}},
    "custom_fields": [{"key": "name", "text": {"value": PERSON}}],
    "shipping_details": {"name": PERSON},
    "customer": "cus_jane",
    "receipt_email": "jane@example.com",
    "billing_details": {"email": "jane@example.com", "name": PERSON},
    "payment_method_details": {"card": {"last4": "4242", "fingerprint": "fp"}},
    "evidence": {"customer_purchase_ip": "198.51.100.7", "customer_name": PERSON},
    "description": f"for {PERSON}",
    "client_reference_id": "jane@example.com",
    "metadata": {"email": "jane@example.com", "purchase_id": PERSON, "name": PERSON},
    "a_field_of_next_year": {"passport": PERSON},
    "status": {"of": PERSON},
}
TRACES = ("jane", "Roe", "4242", "198.51", "+49", "Ulm", "passport")
OBJECTS: dict[str, dict[str, Any]] = {
    "checkout.session.completed": {},
    "checkout.session.expired": {},
    "refund.created": {
        "object": "refund",
        "id": "re_1",
        "amount": 500,
        "destination_details": {"name": PERSON},
    },
    "charge.refunded": {"object": "charge", "id": "ch_1", "amount_refunded": 500},
    "charge.dispute.created": {"object": "dispute", "id": "du_1", "amount": 500},
    "radar.early_fraud_warning.created": {"object": "radar.early_fraud_warning", "id": "issfr_1"},
    "payment_intent.succeeded": {"object": "payment_intent", "id": "pi_1"},
}


def stored(event: dict[str, Any], mark: str = "us") -> dict[str, Any]:
    return events.translated(event, live=False, mark=mark).payload


@pytest.mark.parametrize("kind", OBJECTS)
def test_nothing_about_a_person_is_stored(kind: str) -> None:
    event = session_event(kind, **OBJECTS[kind] | SECRETS) | {
        "request": {"id": "req_1"},
        "data_of_next_year": PERSON,
        "account": PERSON,
    }
    event["data"]["previous_attributes"] = {"customer_email": "jane@example.com"}
    text = json.dumps(stored(event))
    assert not [trace for trace in TRACES if trace in text]


@pytest.mark.parametrize("kind", OBJECTS)
@pytest.mark.parametrize(
    "shape", [*SHAPES, *ODD, HUGE, "x" * 300, {"id": "pi_1"}], ids=lambda s: repr(s)[:20]
)
def test_what_is_stored_says_the_same_when_it_is_read_again(kind: str, shape: object) -> None:
    names: tuple[str, ...] = (
        "id",
        "mode",
        "status",
        "payment_status",
        "payment_intent",
        "amount",
        "amount_total",
        "currency",
    )
    names += ("total_details",)
    names += ("client_reference_id", "metadata", "actionable", "created", "balance_transactions")
    for name in names:
        fields = OBJECTS[kind] | {"metadata": {"purchase_id": "7", "user_id": "9", "platform": "us"}}
        event = session_event(kind, **fields | {name: shape})
        first = events.translated(event, live=False, mark="us")
        again = events.translated(first.payload, live=False, mark="us")
        assert (name, again.news, again.payload) == (name, first.news, first.payload)


def test_what_we_wrote_ourselves_is_kept_and_of_others_only_what_has_the_shape_of_our_ids() -> None:
    ours = {"platform": "us", "purchase_id": "7", "user_id": "9", "package": "buy_100", "row": "x7f"}
    assert stored(session_event(metadata=ours))["data"]["object"]["metadata"] == ours
    theirs = ours | {"platform": "another", "user_id": "jane@example.com"}
    assert stored(session_event(metadata=theirs))["data"]["object"]["metadata"] == {"purchase_id": "7"}


@pytest.mark.parametrize(
    ("mark", "found", "marked"),
    [
        ("us", "us", True),
        ("us", "them", False),
        ("us", "", False),
        ("us", None, False),
        ("us", ["us"], False),
        ("", "any installation", True),
        ("", "", False),
    ],
)
def test_an_object_is_marked_by_our_own_mark(mark: str, found: object, *, marked: bool) -> None:
    event = session_event("checkout.session.expired", metadata={"platform": found})
    news: Any = events.translated(event, live=False, mark=mark).news
    assert news.checkout.marked is marked
