"""Events that Stripe posts: the signature, the payload, and their meaning."""

import copy
import json
import time
from typing import Any

import pytest

from bot_platform.domain.checkout import (
    BadPayload,
    BadSignature,
    CheckoutExpired,
    CheckoutRef,
    News,
    NotForUs,
    PaymentConfirmed,
    PaymentFailed,
    PaymentPending,
    PaymentUnclear,
    ProviderEvent,
)
from bot_platform.providers.stripe.client import TOLERANCE_SECONDS
from bot_platform.providers.stripe.signed_events import SignedEvents
from tests.makers import WEBHOOK_SECRET, session_event, signed

HUGE = 10**30


def read(
    body: bytes | dict[str, Any],
    signature: str | None = None,
    *,
    secrets: tuple[str, ...] = (WEBHOOK_SECRET,),
    live: bool = False,
) -> ProviderEvent:
    """Read a body as the webhook does, by default with a valid signature."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return SignedEvents(secrets, live=live).read(raw, signed(raw) if signature is None else signature)


def news(type_: str = "checkout.session.completed", **session: Any) -> News:
    return read(session_event(type_, **session)).news


BODY = json.dumps(session_event()).encode()


# --- Who signed it


def test_a_well_signed_event_is_read() -> None:
    event = read(BODY)
    assert (event.key, event.type) == ("stripe:evt_1", "checkout.session.completed")
    kept = json.loads(BODY)
    for name in ("client_reference_id", "metadata", "livemode"):  # nothing is in them, or nothing reads it
        del kept["data"]["object"][name]
    del kept["object"]
    assert event.payload == kept


NOTHING_PAID = "nothing was paid, and our prices are not nothing"


@pytest.mark.parametrize("at", [-TOLERANCE_SECONDS + 5, TOLERANCE_SECONDS - 5])
def test_a_clock_may_differ_a_little(at: int) -> None:
    assert read(BODY, signed(BODY, at=time.time() + at)).key == "stripe:evt_1"


@pytest.mark.parametrize(
    "at", [-TOLERANCE_SECONDS - 5, TOLERANCE_SECONDS + 5, -1_700_000_000, -(10**10), 10**9, 10**15]
)
def test_an_old_signature_and_one_from_the_future_are_refused(at: float) -> None:
    with pytest.raises(BadSignature):
        read(BODY, signed(BODY, at=time.time() + at))


def good_parts(secret: str = WEBHOOK_SECRET) -> tuple[str, str]:
    stamp, mac = signed(BODY, secret).split(",")
    return stamp, mac


BROKEN = {
    "empty": "",
    "blank": " ",
    "no equals sign": "nonsense",
    "only commas": ",,,,",
    "no time": good_parts()[1],
    "no signature": good_parts()[0],
    "time that is no number": f"t=now,{good_parts()[1]}",
    "time without digits": f"t=,{good_parts()[1]}",
    "time of another shape": f"t=1e9,{good_parts()[1]}",
    "infinite time": f"t=inf,{good_parts()[1]}",
    "endless time": f"t={'9' * 5000},{good_parts()[1]}",
    "long time": f"t={'9' * 4000},{good_parts()[1]}",
    "not ASCII": f"{good_parts()[0]},v1=ünïcode",
    "not ASCII in the scheme": f"{good_parts()[0]},ü={good_parts()[1][3:]}",
    "not ASCII in the time": f"t=\u0661\u0662,{good_parts()[1]}",
    "other scheme": ",".join(good_parts()).replace("v1=", "v0="),
    "one letter short": ",".join(good_parts())[:-1],
    "upper case": f"{good_parts()[0]},v1={good_parts()[1][3:].upper()}",
    "empty signature": f"{good_parts()[0]},v1=",
    "other secret": signed(BODY, "whsec_other"),
    "other body": signed(BODY + b" "),
    "other time": f"t={int(time.time()) - 1},{good_parts()[1]}",
    "NUL": "\0",
    "very long": "v1=x," * 20_000,
}


@pytest.mark.parametrize("header", BROKEN.values(), ids=BROKEN.keys())
def test_an_invalid_signature_header_is_refused(header: str) -> None:
    with pytest.raises(BadSignature):
        read(BODY, header)


def test_a_missing_signature_is_refused() -> None:
    with pytest.raises(BadSignature):
        SignedEvents([WEBHOOK_SECRET], live=False).read(BODY, None)


def test_one_good_signature_among_several_is_enough() -> None:
    stamp, mac = good_parts()
    assert read(BODY, f"{stamp},v1={'0' * 64},v0=x,{mac}").key == "stripe:evt_1"


def test_while_the_secret_is_replaced_both_are_valid_and_afterwards_only_the_new_one() -> None:
    both, new = ("whsec_new", "whsec_old"), ("whsec_new",)
    for secret in both:
        assert read(BODY, signed(BODY, secret), secrets=both).key == "stripe:evt_1"
    stamp, old = good_parts("whsec_old")
    _, fresh = good_parts("whsec_new")
    assert read(BODY, f"{stamp},{old},{fresh}", secrets=new).key == "stripe:evt_1"
    with pytest.raises(BadSignature):
        read(BODY, signed(BODY, "whsec_old"), secrets=new)


@pytest.mark.parametrize("secrets", [(), ("",), ("whsec_a", "whsec_b")])
def test_an_event_without_the_right_secret_is_refused(secrets: tuple[str, ...]) -> None:
    with pytest.raises(BadSignature):
        read(BODY, signed(BODY), secrets=secrets)
    with pytest.raises(BadSignature):
        read(BODY, signed(BODY, ""), secrets=secrets)


# --- Whether it is an event


def changed(**fields: Any) -> bytes:
    return json.dumps(session_event() | fields).encode()


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in session_event().items() if key != name}).encode()


ODD: list[object] = [None, 5, [], {}, True]
NO_EVENTS: dict[str, bytes] = {
    "empty": b"",
    "no JSON": b"nonsense",
    "cut off": BODY[:-1],
    "two values": BODY + b"{}",
    "list": b"[]",
    "null": b"null",
    "number": b"5",
    "text": b'"evt_1"',
    "true": b"true",
    "empty object": b"{}",
    **{f"no {name}": without(name) for name in ("id", "type", "data")},
    **{f"id {value!r}"[:20]: changed(id=value) for value in [*ODD, "", "x" * 300]},
    **{f"type {value!r}"[:20]: changed(type=value) for value in [*ODD, "x" * 300]},
    **{f"data {value!r}": changed(data=value) for value in [*ODD, "x", {"object": None}]},
    **{f"object {value!r}": changed(data={"object": value}) for value in [*ODD[:3], "x", True]},
    "NaN": changed(created=float("nan")),
    "Infinity": changed(created=float("inf")),
    "-Infinity": changed(created=-float("inf")),
    "1e999": changed(created=0).replace(b'"created": 0', b'"created": 1e999'),
    "-1e999": changed(created=0).replace(b'"created": 0', b'"created": -1e999'),
    "endless number": changed(created=0).replace(b'"created": 0', b'"created": ' + b"9" * 5000),
    "deep list": b"[" * 100_000 + b"]" * 100_000,
    "deep object": b'{"a":' * 60_000 + b"1" + b"}" * 60_000,
    "deep inside": changed(deep=0).replace(b'"deep": 0', b'"deep": ' + b"[" * 50_000 + b"]" * 50_000),
    "raw control character": b'{"id": "evt_\x01"}',
}


@pytest.mark.parametrize("body", NO_EVENTS.values(), ids=NO_EVENTS.keys())
def test_a_signed_body_that_is_not_an_event_is_a_bad_payload(body: bytes) -> None:
    with pytest.raises(BadPayload):
        read(body)


@pytest.mark.parametrize("body", [b"\xff\xfe", BODY.replace(b"usd", b"us\xff"), b"\xed\xa0\x80", b"\x80"])
def test_a_body_that_is_not_text_is_refused(body: bytes) -> None:
    with pytest.raises((BadSignature, BadPayload)):
        read(body)


@pytest.mark.parametrize(
    ("escape", "kept"),
    [("\\u0000", "\ufffd"), ("\\ud800", "?"), ("\\udfff", "?"), ("\\ud83d\\ude00", "😀"), ("\\u00e9", "é")],
)
def test_escapes_that_a_database_cannot_hold_do_not_reach_it(escape: str, kept: str) -> None:
    ours = f'{{"platform": "us", "k{escape}": "v{escape}"}}'
    body = BODY.replace(b'"evt_1"', f'"evt_{escape}"'.encode()).replace(
        b'"metadata": {}', f'"metadata": {ours}'.encode()
    )
    event = read(body)
    assert event.key == f"stripe:evt_{kept}"
    assert event.payload["data"]["object"]["metadata"] == {"platform": "us", f"k{kept}": f"v{kept}"}
    json.dumps(event.payload, ensure_ascii=False).encode()


def test_the_longest_id_and_type_still_fit() -> None:
    event = read(changed(id="e" * 200, type="t" * 100))
    assert len(event.key) <= 255
    assert event.type == "t" * 100


def test_a_huge_number_in_an_unused_field_does_no_harm() -> None:
    assert isinstance(read(changed(created=HUGE)).news, PaymentConfirmed)


# --- What it means


@pytest.mark.parametrize("type_", ["checkout.session.completed", "checkout.session.async_payment_succeeded"])
def test_a_paid_session_is_a_confirmed_payment(type_: str) -> None:
    metadata = {"purchase_id": "7", "user_id": "9", "package": "buy_100"}
    session = {"client_reference_id": "9", "metadata": metadata, "amount_total": 450, "currency": "USD"}
    assert news(type_, **session) == PaymentConfirmed(
        CheckoutRef("stripe", "cs_test_1", "pi_1", purchase_id=7, user_id=9),
        amount=500,
        charged=450,
        currency="usd",
        discount=50,
    )


@pytest.mark.parametrize(
    ("total", "named", "discount"),
    [
        (500, 0, 0),
        (595, 0, 0),  # taxes on top
        (5, 495, 495),
        (500, 100, 100),  # taxes on top hide it in the total
        (5, None, 495),  # stored by a version that did not keep what was named
        (500, "100", 0),
        (500, -1, 0),
        (0, 500, 500),
    ],
)
def test_a_discount_is_what_stripe_names_or_what_is_missing_from_the_total(
    total: int, named: object, discount: int
) -> None:
    details: dict[str, Any] = {}
    if named is not None:
        details = {"total_details": {"amount_discount": named, "amount_tax": 95}}
    found = news(amount_total=total, **details)
    assert isinstance(found, PaymentConfirmed)
    assert (found.amount, found.charged, found.discount) == (500, total, discount)


@pytest.mark.parametrize("details", [None, 5, "x", [], [{"amount_discount": 7}], {}, {"amount_discount": {}}])
def test_details_of_any_shape_are_no_discount(details: object) -> None:
    found = news(total_details=details)
    assert isinstance(found, PaymentConfirmed)
    assert found.discount == 0


REF = CheckoutRef("stripe", "cs_test_1", "pi_1")
COMPLETED, SUCCEEDED, FAILED, EXPIRED = (
    "completed",
    "async_payment_succeeded",
    "async_payment_failed",
    "expired",
)


@pytest.mark.parametrize(
    ("kind", "payment_status", "kept"),
    [
        (COMPLETED, "unpaid", PaymentPending(REF)),
        (COMPLETED, "no_payment_required", PaymentUnclear(REF, NOTHING_PAID)),
        (COMPLETED, "something_new", PaymentPending(REF, unknown="something_new")),
        (COMPLETED, None, NotForUs),
        (COMPLETED, 5, NotForUs),
        (COMPLETED, ["paid"], NotForUs),
        (SUCCEEDED, "unpaid", NotForUs),
        (SUCCEEDED, "no_payment_required", NotForUs),
        (SUCCEEDED, None, NotForUs),
        (FAILED, "unpaid", PaymentFailed(REF)),
        (FAILED, "paid", PaymentFailed(REF)),
        (FAILED, None, PaymentFailed(REF)),
        (EXPIRED, "unpaid", CheckoutExpired(REF)),
        (EXPIRED, "paid", CheckoutExpired(REF)),
        (EXPIRED, None, CheckoutExpired(REF)),
        ("something_new", "paid", NotForUs),
        ("", "paid", NotForUs),
        ("completed.twice", "paid", NotForUs),
    ],
)
def test_every_payment_status_of_every_session_event_has_one_meaning(
    kind: str, payment_status: object, kept: News | type[NotForUs]
) -> None:
    found = news(f"checkout.session.{kind}", payment_status=payment_status)
    if isinstance(kept, type):
        assert isinstance(found, NotForUs)
        assert found.keep
    else:
        assert found == kept


@pytest.mark.parametrize(
    ("type_", "keep"),
    [
        ("charge.refunded", True),
        ("charge.dispute.created", True),
        ("refund.created", True),
        ("radar.early_fraud_warning.created", True),
        ("payment_intent.succeeded", True),
        ("customer.created", False),
        ("product.created", False),
        ("ping", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("live", [False, True])
def test_an_event_that_we_do_not_act_on_is_stored_if_it_concerns_money(
    type_: str, keep: bool, live: bool
) -> None:
    found = read(session_event(type_), live=live).news
    assert isinstance(found, NotForUs)
    assert found.keep is keep


@pytest.mark.parametrize("kind", [COMPLETED, SUCCEEDED, FAILED, EXPIRED])
@pytest.mark.parametrize("live", [False, True])
def test_an_event_of_the_other_mode_is_stored_and_does_nothing(kind: str, *, live: bool) -> None:
    other = read(session_event(f"checkout.session.{kind}", livemode=not live), live=live).news
    assert isinstance(other, NotForUs)
    assert (other.reason, other.keep) == ("its livemode is not our key's", True)
    ours = read(session_event(f"checkout.session.{kind}", livemode=live), live=live).news
    assert not isinstance(ours, NotForUs)


@pytest.mark.parametrize("livemode", [None, "missing"])
def test_an_event_without_a_mode_moves_no_real_money(livemode: object) -> None:
    event = session_event() | {"livemode": livemode}
    if livemode == "missing":
        del event["livemode"]
    assert isinstance(read(event, live=True).news, NotForUs)


@pytest.mark.parametrize("mode", ["subscription", "setup", None, 5, ""])
def test_a_session_that_is_not_a_single_payment_is_stored_and_does_nothing(mode: object) -> None:
    assert news(mode=mode) == NotForUs("not a session that sells once", keep=True)


@pytest.mark.parametrize("id_", [None, 5, "", [], {}, "x" * 256])
def test_a_session_without_an_id_is_stored_and_does_nothing(id_: object) -> None:
    found = news(id=id_)
    assert isinstance(found, NotForUs)
    assert found.keep


@pytest.mark.parametrize("name", ["amount_subtotal", "amount_total"])
@pytest.mark.parametrize("value", [None, "500", 500.0, -1, True, [], 2**63, HUGE])
def test_an_invalid_amount_credits_nothing(name: str, value: object) -> None:
    changed_session: dict[str, Any] = {name: value}
    assert isinstance(found := news(**changed_session), PaymentUnclear)
    assert found.reason == "it does not say how much was paid"


@pytest.mark.parametrize("currency", [None, 5, []])
def test_an_invalid_currency_credits_nothing(currency: object) -> None:
    assert isinstance(news(currency=currency), PaymentUnclear)


SHAPES: list[object] = [None, 7, 7.0, True, "", " ", "7.0", "-7", "+7", "0x7", "seven", "7 ", "\u0667", "²"]
SHAPES += [[7], {"id": 7}, "9" * 19, "9" * 5000, "1_0", "7\0", str(2**63)]


@pytest.mark.parametrize("shape", SHAPES)
def test_an_id_of_another_shape_is_not_ours(shape: object) -> None:
    found = news(client_reference_id=shape, metadata={"purchase_id": shape, "user_id": shape})
    assert isinstance(found, PaymentConfirmed)
    assert (found.checkout.purchase_id, found.checkout.user_id) == (None, None)


@pytest.mark.parametrize("metadata", [None, [], "x", 5, {}])
def test_metadata_may_be_missing_or_of_any_shape(metadata: object) -> None:
    found = news(metadata=metadata, client_reference_id="9")
    assert isinstance(found, PaymentConfirmed)
    assert (found.checkout.purchase_id, found.checkout.user_id) == (None, 9)


@pytest.mark.parametrize("intent", [None, {"id": "pi_1"}, 5, "", "x" * 300])
def test_a_payment_intent_of_another_shape_is_ignored(intent: object) -> None:
    found = news(payment_intent=intent)
    assert isinstance(found, PaymentConfirmed)
    assert found.checkout.payment_ref is None


def test_a_session_with_nothing_but_its_id_breaks_nothing() -> None:
    event = copy.deepcopy(session_event())
    event["data"]["object"] = {"id": "cs_test_1"}
    assert isinstance(read(event).news, NotForUs)
    event["type"] = "checkout.session.expired"
    assert read(event).news == CheckoutExpired(CheckoutRef("stripe", "cs_test_1"))
