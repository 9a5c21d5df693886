"""Checkouts at Stripe: the exact request, and after every failure a reply in time."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
import stripe
from pydantic import ConfigDict, TypeAdapter, ValidationError
from structlog.testing import capture_logs

from bot_platform.domain.checkout import CheckoutPage, CheckoutRef, Line, ProviderDown
from bot_platform.domain.checkout_orders import CheckoutOrder
from bot_platform.domain.errors import CheckoutUnavailable
from bot_platform.domain.packages import BUILT_IN, Package
from bot_platform.providers.stripe import client as ours
from bot_platform.providers.stripe.payments import StripePayments
from tests.makers import free_port
from tests.providers.raw_server import answering, http, http_proxy, listening, socks5_proxy
from tests.sandbox.stripe_world import KEY, World, checkout_params, world

SESSIONS = "/v1/checkout/sessions"
WEBAPP = "https://bot.example.com/shop"
PAGE = json.dumps(
    {
        "id": "cs_test_1",
        "object": "checkout.session",
        "url": "https://pay",
        "amount_subtotal": 500,
        "currency": "usd",
    }
).encode()


def order(package: Package = BUILT_IN.packages[0], /, **changed: Any) -> CheckoutOrder:
    """Order 100 credits for 5.00 USD."""
    return replace(CheckoutOrder(7, 123_456_789_012, package, 1, datetime.now(UTC)), **changed)


@asynccontextmanager
async def payments(api_base: str, **changed: Any) -> AsyncIterator[StripePayments]:
    """Make the provider for an API at another address."""
    given = {"secret_key": KEY, "api_base": api_base, "webapp_url": WEBAPP, "proxy_url": None, "live": False}
    made = StripePayments(**(given | changed))
    try:
        yield made
    finally:
        await made.close()


async def refused(api_base: str, **changed: Any) -> Mapping[str, Any]:
    """Try to open a checkout, check that it is refused, and return the line of the log."""
    with capture_logs() as logs:
        async with payments(api_base, **changed) as stripe_payments:
            with pytest.raises(CheckoutUnavailable) as caught:
                await stripe_payments.open(order())
    assert caught.value.text == "no-payment-link"
    (line,) = [line for line in logs if str(line["event"]).startswith("stripe.")]
    assert line["purchase"] == 7
    assert KEY not in str(line)
    return line


def unfolded(params: Any) -> Any:
    """Turn the dicts keyed by position, as they are sent, back into lists."""
    if not isinstance(params, dict):
        return params
    if params and all(key.isdigit() for key in params):
        return [unfolded(params[key]) for key in sorted(params, key=int)]
    return {key: unfolded(value) for key, value in params.items()}


@cache
def stripes_types() -> TypeAdapter[Any]:
    """Build a check against stripe-python's own types; the list is there to carry the configuration."""
    params = list[stripe.params.checkout.SessionCreateParams]
    adapter = TypeAdapter[Any](
        params, config=ConfigDict(extra="forbid", arbitrary_types_allowed=True, defer_build=True)
    )
    # Names of Stripe's request options that are not there at run time, or not in this module.
    adapter.rebuild(_types_namespace={"StripeContext": str, "Mapping": Mapping})
    return adapter


def fits_stripes_types(params: Any) -> None:
    """Check a request; raises ValidationError."""
    stripes_types().validate_python([params])


async def sent(w: World, ordered: CheckoutOrder) -> Any:
    async with payments(w.url) as stripe_payments:
        await stripe_payments.open(ordered)
    return w.local.requests[-1]


async def test_a_checkout_is_exactly_the_request_of_the_contract() -> None:
    at = datetime.now(UTC)
    async with world() as w:
        request = await sent(w, order(attempt_at=at))
    metadata = {"purchase_id": "7", "user_id": "123456789012", "package": "buy_100"}
    assert (request.method, request.path) == ("POST", SESSIONS)
    assert request.authorization == f"Bearer {KEY}"
    assert request.stripe_version == "2026-10-28.endive"
    assert unfolded(request.params) == {
        "mode": "payment",
        "line_items": [
            {
                "quantity": "1",
                "price_data": {
                    "currency": "usd",
                    "unit_amount": "500",
                    "product_data": {"name": "100 credits"},
                },
            }
        ],
        "client_reference_id": "123456789012",
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata},
        "success_url": f"{WEBAPP}/payment-success?session_id={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"{WEBAPP}/payment-cancelled",
        "expires_at": str(int((at + timedelta(hours=23)).timestamp())),
        "managed_payments": {"enabled": "false"},
        "adaptive_pricing": {"enabled": "false"},
        "automatic_tax": {"enabled": "false"},
        "allow_promotion_codes": "false",
    }
    fits_stripes_types(unfolded(request.params))


async def test_a_price_kept_in_stripe_is_named_and_not_repeated() -> None:
    async with world() as w:
        price = await w.client.v1.prices.create_async(
            {"currency": "usd", "unit_amount": 500, "product_data": {"name": "100 credits"}}
        )
        request = await sent(w, order(Package("buy_100", 10_000, 500, "usd", price.id)))
    params = unfolded(request.params)
    assert params["line_items"] == [{"quantity": "1", "price": price.id}]
    assert params["currency"] == "usd"
    fits_stripes_types(params)


@pytest.mark.parametrize(
    "wrong",
    [
        {"mode": 5},
        {"payment_method_types": ["card"]},
        {"line_items": [{"price_data": {"currency": "usd", "amount": 1}}]},
        {"payment_intent_data": {"meta": {}}},
    ],
)
def test_a_wrong_request_fails_the_check_against_stripes_types(wrong: dict[str, Any]) -> None:
    fits_stripes_types(checkout_params())
    with pytest.raises(ValidationError):
        fits_stripes_types(checkout_params() | wrong)


async def test_a_stripe_price_that_differs_from_the_price_list_is_never_offered() -> None:
    async with world() as w:
        for attempt, (amount, currency) in enumerate([(900, "usd"), (501, "usd")], 1):
            price = await w.client.v1.prices.create_async(
                {"currency": currency, "unit_amount": amount, "product_data": {"name": "100 credits"}}
            )
            priced = Package("buy_100", 10_000, 500, "usd", price.id)
            with capture_logs() as logs:
                async with payments(w.url) as stripe_payments:
                    with pytest.raises(CheckoutUnavailable):
                        await stripe_payments.open(order(priced, attempt=attempt))
            (line,) = logs
            assert (line["event"], line["package"]) == ("stripe.price_differs", "buy_100")
            assert line["price"] == (amount, currency)
            assert line["request_id"].startswith("req_")


async def test_a_stripe_price_in_another_currency_is_refused_by_stripe() -> None:
    async with world() as w:
        price = await w.client.v1.prices.create_async(
            {"currency": "eur", "unit_amount": 500, "product_data": {"name": "100 credits"}}
        )
        with capture_logs() as logs:
            async with payments(w.url) as stripe_payments:
                with pytest.raises(CheckoutUnavailable):
                    await stripe_payments.open(order(Package("buy_100", 10_000, 500, "usd", price.id)))
        (line,) = logs
        assert line["event"] == "stripe.checkout_failed"
        assert "only supports `eur`" in line["says"]


async def test_the_page_has_stripes_session_and_ends_within_stripes_limits() -> None:
    async with world() as w, payments(w.url) as stripe_payments:
        with capture_logs() as logs:
            page = await stripe_payments.open(order())
        (session,) = w.local.sessions.values()
    assert (page.provider_ref, page.url) == (session["id"], session["url"])
    assert session["expires_at"] == int(page.until.timestamp())
    assert timedelta(minutes=30) < page.until - datetime.now(UTC) < timedelta(hours=24)
    (line,) = logs
    assert (line["event"], line["session"], line["purchase"]) == ("stripe.checkout_opened", session["id"], 7)
    assert line["request_id"].startswith("req_")


async def test_one_attempt_is_one_session_however_often_it_is_asked_for() -> None:
    same = order(attempt_at=datetime.now(UTC) - timedelta(minutes=9))
    async with world() as w, payments(w.url) as stripe_payments:
        pages = [await stripe_payments.open(same) for _ in range(3)]
        assert len(w.local.sessions) == 1
        assert len(set(pages)) == 1
        assert len({request.idempotency_key for request in w.local.requests}) == 1


@pytest.mark.parametrize("other", [{"attempt": 2}, {"purchase_id": 8}, {"user_id": 5}])
async def test_another_attempt_purchase_or_person_has_a_key_of_its_own(other: dict[str, int]) -> None:
    async with world() as w, payments(w.url) as stripe_payments:
        first, second = [await stripe_payments.open(asked) for asked in (order(), order(**other))]
        assert first.provider_ref != second.provider_ref
        keys = [request.idempotency_key or "" for request in w.local.requests]
    assert len(set(keys)) == 2
    assert all(len(key) <= 255 for key in keys)


async def test_an_attempt_made_before_a_crash_and_after_it_is_one_session() -> None:
    same = order()
    async with world() as w:
        for _ in range(2):
            async with payments(w.url) as stripe_payments:
                await stripe_payments.open(same)
        assert len(w.local.sessions) == 1


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 429, 500, 503])
async def test_a_refusal_of_stripe_is_reported_and_logged_with_its_request_id(status: int) -> None:
    async with world() as w:
        w.local.faults.answer(SESSIONS, status, times=9)
        line = await refused(w.url)
        tries = len(w.local.requests)
        assert len({request.idempotency_key for request in w.local.requests}) == 1
    assert line["event"] == "stripe.checkout_failed"
    assert line["status"] == status
    assert str(line["request_id"]).startswith("req_")
    assert line["says"] == "An unknown error occurred."
    assert tries == (3 if status in {409, 500, 503} else 1)


async def test_a_wrong_key_means_no_payment_link() -> None:
    async with world() as w:
        line = await refused(w.url, secret_key="sk_test_of_somebody_else")
    assert (line["status"], line["error"]) == (401, "AuthenticationError")
    assert "sk_test_of_somebody_else" not in str(line)


async def test_a_refused_connection_means_no_payment_link() -> None:
    line = await refused(f"http://127.0.0.1:{free_port()}")
    assert line["error"] == "APIConnectionError"


async def test_an_unknown_host_means_no_payment_link() -> None:
    line = await refused("http://stripe.invalid")
    assert line["error"] == "APIConnectionError"


async def test_a_connection_that_is_always_cut_is_tried_three_times_under_one_key() -> None:
    async with world() as w:
        w.local.faults.drop_connection(SESSIONS, times=9)
        line = await refused(w.url)
        assert len({request.idempotency_key for request in w.local.requests}) == 1
        assert len(w.local.requests) == 3
    assert line["error"] == "APIConnectionError"


@pytest.mark.parametrize("after_execution", [False, True])
async def test_a_connection_that_is_cut_once_is_no_failure(*, after_execution: bool) -> None:
    async with world() as w, payments(w.url) as stripe_payments:
        w.local.faults.drop_connection(SESSIONS, after_execution=after_execution)
        page = await stripe_payments.open(order())
        assert list(w.local.sessions) == [page.provider_ref]


async def test_a_passing_500_is_no_failure() -> None:
    async with world() as w, payments(w.url) as stripe_payments:
        w.local.faults.answer(SESSIONS, 500)
        page = await stripe_payments.open(order())
        assert list(w.local.sessions) == [page.provider_ref]


async def test_a_500_after_the_work_was_done_is_replayed_and_the_next_attempt_is_a_new_one() -> None:
    async with world() as w:
        w.local.faults.execute_then_answer(SESSIONS, 500)
        line = await refused(w.url)
        assert line["status"] == 500
        async with payments(w.url) as stripe_payments:
            page = await stripe_payments.open(order(attempt=2))
        assert page.provider_ref == list(w.local.sessions)[-1]


NONSENSE = [
    b"",
    b"<html>gateway</html>",
    b"\xff\xfe",
    b"[]",
    b"null",
    b'"text"',
    b"5",
    b"[" * 5000,
    b'{"error": "Bad Gateway"}',
    b'{"error": null}',
    b'{"error": []}',
    b"{}",
]


@pytest.mark.parametrize("status", [200, 400, 403, 500, 502])
async def test_an_unreadable_answer_means_no_payment_link_and_its_request_id_is_logged(status: int) -> None:
    async def one(body: bytes) -> None:
        async with answering(http(status, body, Request_Id="req_nonsense")) as raw:
            async with payments(raw.url) as stripe_payments:
                with pytest.raises(CheckoutUnavailable):
                    await stripe_payments.open(order())
            assert len(set(raw.keys)) == 1

    with capture_logs() as logs:
        await asyncio.gather(*(one(body) for body in NONSENSE))
    assert len(logs) == len(NONSENSE)
    assert [line for line in logs if line.get("request_id") != "req_nonsense"] == []


@pytest.mark.parametrize(
    "changed",
    [{"url": None}, {"url": 5}, {"url": ["https://pay"]}, {"id": None}, {"id": 5}, {"id": {}}, {"url": ""}],
)
async def test_a_session_without_a_page_means_no_payment_link(changed: dict[str, Any]) -> None:
    body = json.dumps(json.loads(PAGE) | changed).encode()
    async with answering(http(200, body, Request_Id="req_1")) as raw:
        line = await refused(raw.url)
    assert (line["event"], line["request_id"]) == ("stripe.checkout_without_page", "req_1")


OTHERS = {"metadata": {"purchase_uid": "of-another"}}


@pytest.mark.parametrize(
    ("answer", "party", "heard"),
    [
        (http(503, b"{}"), [("sales", "down")], []),
        (http(502, b"<html>a gateway</html>"), [("sales", "down")], []),
        (
            http(200, json.dumps(json.loads(PAGE) | {"url": None}).encode()),
            [("sales", "ok")],
            ["no payment page"],
        ),
        (http(200, json.dumps(json.loads(PAGE) | OTHERS).encode()), [("sales", "ok")], ["of another sale"]),
        (http(400, b'{"error": {"message": "Not activated."}}'), [], ["Not activated."]),
    ],
    ids=["down", "a gateway's page", "no page", "another sale", "refused"],
)
async def test_whatever_gives_no_payment_link_is_reported_as_a_sale_that_failed(
    answer: bytes, party: list[tuple[str, str]], heard: list[str]
) -> None:
    results: list[tuple[str, str]] = []
    answers: list[tuple[str, str | None]] = []
    report = {"on_result": lambda *r: results.append(r), "on_answer": lambda *a: answers.append(a)}
    async with answering(answer) as raw, payments(raw.url, **report) as stripe_payments:
        with pytest.raises(CheckoutUnavailable):
            await stripe_payments.open(order())
    assert [one for one in results if one[0] == "sales"] == party
    assert [about for about, _ in answers] == ["sale:buy_100"] * len(heard)
    assert all(words in str(said) for words, (_, said) in zip(heard, answers, strict=True))


async def test_an_answer_that_always_breaks_off_means_no_payment_link() -> None:
    async with answering(http(200, PAGE, missing=10)) as raw:
        line = await refused(raw.url)
        assert len(raw.keys) == 3
        assert len(set(raw.keys)) == 1
    assert "ClientPayloadError" in line["says"]


async def test_an_answer_that_breaks_off_once_is_requested_again_under_the_same_key() -> None:
    async with answering(http(200, PAGE[:20], missing=200), http(200, PAGE)) as raw:
        async with payments(raw.url) as stripe_payments:
            page = await stripe_payments.open(order())
        assert len(raw.keys) == 2
        assert len(set(raw.keys)) == 1
    assert (page.provider_ref, page.url) == ("cs_test_1", "https://pay")


@pytest.mark.parametrize("answer", [None, http(200, b"", missing=10)[:-2], http(200, PAGE, missing=10)])
async def test_a_stripe_that_hangs_means_no_payment_link_after_the_timeout(answer: bytes | None) -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer or b"")
        await asyncio.Event().wait()

    async with listening(hang) as address:
        line = await refused(f"http://{address}", try_timeout=0.2, timeout=0.5)
    assert line["error"] in {"TimeoutError", "APIConnectionError"}


async def test_one_try_that_hangs_leaves_time_for_another() -> None:
    async with answering(None, http(200, PAGE)) as raw:
        async with payments(raw.url, try_timeout=0.2, timeout=5) as stripe_payments:
            page = await stripe_payments.open(order())
        assert len(set(raw.keys)) == 1
    assert page.url == "https://pay"


def test_the_default_timeout_lets_the_user_have_a_reply_within_15_seconds() -> None:
    assert 2 * ours.TRY_TIMEOUT_SECONDS + 2 < ours.TIMEOUT_SECONDS + 1 <= 13


async def test_lines_of_a_session_made_by_hand_are_read_back() -> None:
    async with world() as w, payments(w.url) as stripe_payments:
        price = await w.client.v1.prices.create_async(
            {"currency": "usd", "unit_amount": 500, "product_data": {"name": "100 credits"}}
        )
        session = await w.open(line_items=[{"price": price.id, "quantity": 2}])
        assert await stripe_payments.lines(CheckoutRef("stripe", session.id)) == [
            Line(price.id, 1000, "usd", 2)
        ]


async def test_an_unknown_session_has_no_lines() -> None:
    with capture_logs() as logs:
        async with world() as w, payments(w.url) as stripe_payments:
            assert await stripe_payments.lines(CheckoutRef("stripe", "cs_of_nobody")) == ()
    assert [line["event"] for line in logs] == ["stripe.lines_refused"]


@pytest.mark.parametrize("status", [401, 403, 429, 500])
async def test_lines_that_cannot_be_read_now_are_requested_later(status: int) -> None:
    async with world() as w, payments(w.url) as stripe_payments:
        w.local.faults.answer("/v1/*", status, times=9)
        with capture_logs() as logs, pytest.raises(ProviderDown):
            await stripe_payments.lines(CheckoutRef("stripe", "cs_test_1"))
    assert logs[0]["request_id"].startswith("req_")


async def test_stripe_is_reached_through_an_http_proxy() -> None:
    async with world() as w, http_proxy() as proxy, payments(w.url, proxy_url=proxy.url) as stripe_payments:
        assert isinstance(await stripe_payments.open(order()), CheckoutPage)
        assert proxy.asked_for == [w.url.removeprefix("http://")]


async def test_stripe_is_reached_through_a_socks5_proxy_which_also_looks_up_its_name() -> None:
    async with world() as w, socks5_proxy() as proxy:
        named = w.url.replace("127.0.0.1", "localhost")
        login = proxy.url.replace("socks5://", "socks5://me:p%40ss@")
        async with payments(named, proxy_url=login) as stripe_payments:
            assert isinstance(await stripe_payments.open(order()), CheckoutPage)
        assert proxy.asked_for == [named.removeprefix("http://")]
        assert proxy.logins == [("me", "p@ss")]


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_proxy_that_is_down_means_no_payment_link(scheme: str) -> None:
    line = await refused("http://stripe.invalid", proxy_url=f"{scheme}://127.0.0.1:{free_port()}")
    assert line["error"] == "APIConnectionError"


async def test_a_proxy_that_refuses_means_no_payment_link() -> None:
    async with http_proxy() as proxy:
        proxy.refuses = True
        line = await refused("http://stripe.invalid", proxy_url=proxy.url)
    assert line["error"] == "APIConnectionError"


async def test_a_provider_that_was_never_used_can_be_closed() -> None:
    async with payments("http://127.0.0.1:9"):
        pass
