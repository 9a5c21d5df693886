"""The answers of the two webhooks, and their effects on users and balances."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from structlog.testing import capture_logs

from bot_platform.domain import inbox
from bot_platform.infra.database import Database
from tests.makers import (
    BUYER,
    WEBHOOK_SECRET,
    RunningService,
    eventually,
    running_service,
    session_event,
    signed,
)
from tests.providers.stripe.test_events import BROKEN, NO_EVENTS
from tests.sandbox.stripe_world import KEY, world
from tests.web.selling import (
    HOOK,
    IGNORED,
    OTHER,
    SUCCESS,
    about,
    arrive,
    balance,
    by_hand,
    checkout,
    house_and_world,
    page,
    receipt,
    receipts,
    told,
    user_id,
)
from tests.work.service_with_model import rows

Answer = tuple[int, Any]
INVALID_SIGNATURE = (400, {"status": "invalid signature"})
INVALID_PAYLOAD = (400, {"status": "invalid payload"})


async def post(h: RunningService, body: Any, headers: dict[str, str] | None = None) -> Answer:
    """Post a body as it is, by default with a valid signature."""
    sent = {"Stripe-Signature": signed(body)} if headers is None else headers
    async with h.http.post(f"{h.url}{HOOK}", data=body, headers=sent) as answer:
        return answer.status, await answer.json()


# --- Stripe: what is refused


async def test_a_wrong_signature_or_payload_is_answered_400(database_url: str) -> None:
    body = json.dumps(session_event()).encode()
    unsendable = {"NUL"}  # no HTTP client sends it; see test_server
    async with running_service(database_url) as h:
        for name, header in BROKEN.items():
            if name not in unsendable and len(header) < 8000:
                assert (name, await post(h, body, {"Stripe-Signature": header})) == (name, INVALID_SIGNATURE)
        assert await post(h, body, {}) == INVALID_SIGNATURE
        assert (
            await post(h, body, {"Stripe-Signature": signed(body, at=time.time() - 400)}) == INVALID_SIGNATURE
        )
        assert (
            await post(h, body, {"Stripe-Signature": signed(body, at=time.time() + 400)}) == INVALID_SIGNATURE
        )
        for name, no_event in NO_EVENTS.items():
            assert (name, await post(h, no_event)) == (name, INVALID_PAYLOAD)
        for no_text in (b"\xff\xfe", body.replace(b"usd", b"us\xff"), b"\xed\xa0\x80"):
            status, answer = await post(h, no_text)
            assert (status, answer["status"].startswith("invalid ")) == (400, True)


async def test_a_secret_that_is_being_replaced_is_still_valid(database_url: str) -> None:
    async with running_service(database_url, stripe_webhook_secret=f"whsec_new, {WEBHOOK_SECRET}") as h:
        body = json.dumps(session_event()).encode()
        for secret in ("whsec_new", WEBHOOK_SECRET):
            assert await post(h, body, {"Stripe-Signature": signed(body, secret)}) == IGNORED
        assert await post(h, body, {"Stripe-Signature": signed(body, "whsec_old")}) == INVALID_SIGNATURE


async def test_odd_but_genuine_events_are_accepted_and_break_nothing(database_url: str) -> None:
    body = json.dumps(session_event()).encode()
    odd: dict[str, bytes] = {
        "NUL": body.replace(b'"evt_1"', b'"evt_\\u0000"'),
        "NUL inside": body.replace(b'"evt_1"', b'"evt_2"').replace(b'"pi_1"', b'"pi_\\u0000"'),
        "NUL in a key": body.replace(b'"evt_1"', b'"evt_3"').replace(b'"metadata"', b'"meta\\u0000"'),
        "half a pair": body.replace(b'"evt_1"', b'"evt_\\ud800"').replace(b'"usd"', b'"\\udfff"'),
        "pair": body.replace(b'"evt_1"', b'"evt_\\ud83d\\ude00"'),
        "id of a session with NUL": body.replace(b'"cs_test_1"', b'"cs_\\u0000"'),
        "huge number": body.replace(b'"evt_1"', b'"evt_5"').replace(
            b'"created": ', b'"created": ' + b"9" * 400
        ),
        "tiny number": body.replace(b'"evt_1"', b'"evt_6"').replace(
            b'"created": ', b'"created": 1e-400, "x": '
        ),
        "large number": body.replace(b'"evt_1"', b'"evt_7"').replace(
            b'"created": ', b'"created": 1e308, "x": '
        ),
        "twice the same key": body.replace(b'"evt_1"', b'"evt_0", "id": "evt_8"'),
        "byte order mark": b"\xef\xbb\xbf" + body.replace(b'"evt_1"', b'"evt_9"'),
        "blanks around": b"\n\t " + body.replace(b'"evt_1"', b'"evt_10"') + b"\r\n",
        "amounts beyond the books": json.dumps(
            session_event(id_="evt_11", amount_subtotal=2**63 - 1, amount_total=2**63 - 1)
        ).encode(),
        "longest id": body.replace(b'"evt_1"', b'"' + b"e" * 200 + b'"'),
        "no type": body.replace(b'"checkout.session.completed"', b'""'),
    }
    async with running_service(database_url) as h:
        for name, event in odd.items():
            assert (name, await post(h, event)) == (name, IGNORED)
            assert (name, await post(h, event)) == (name, IGNORED)


async def test_no_depth_of_nesting_breaks_it(database_url: str) -> None:
    body = json.dumps(session_event(id_="evt_deep") | {"deep": 0}).encode()
    async with running_service(database_url) as h:
        for depth in (10, inbox.MAX_NESTING - 1, inbox.MAX_NESTING, *range(900, 1010, 5), 5000):
            nested = body.replace(b'"deep": 0', b'"deep": ' + b"[" * depth + b"]" * depth)
            nested = nested.replace(b"evt_deep", f"evt_{depth}".encode())
            expected = IGNORED if depth < inbox.MAX_NESTING else INVALID_PAYLOAD
            for answered in (await post(h, nested), await post(h, nested.replace(b"usd", b"us\\u0064"))):
                assert (depth, answered) == (depth, expected)


async def test_an_event_in_another_encoding_is_accepted_or_refused(database_url: str) -> None:
    body = json.dumps(session_event()).replace('"pi_1"', '"pi_\\u0000"')
    async with running_service(database_url) as h:
        for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"):
            status, _ = await post(h, body.replace("evt_1", f"evt_{encoding}").encode(encoding))
            assert (encoding, status // 100) in {(encoding, 2), (encoding, 4)}


async def test_a_body_over_512_kib_is_413_and_one_below_is_read(database_url: str) -> None:
    async def in_chunks(size: int) -> Any:
        for _ in range(size // 1024):
            yield b"x" * 1024

    async with running_service(database_url) as h:
        large = json.dumps(session_event() | {"x": "y" * 500_000}).encode()
        assert await post(h, large) == IGNORED
        assert await post(h, b"x" * 512 * 1024, {}) == INVALID_SIGNATURE
        for body in (b"x" * (512 * 1024 + 1), in_chunks(513 * 1024)):
            status, answer = await post(h, body, {})
            assert (status, answer) == (413, {"status": "request entity too large"})
        status, _ = await post(h, in_chunks(100 * 1024), {})
        assert status == 400


@pytest.mark.parametrize("path", [HOOK, "/api/v1/telegram-webhook"])
async def test_a_webhook_accepts_only_post(sqlite_url: str, path: str) -> None:
    changed: dict[str, Any] = {"telegram_mode": "webhook", "webapp_url": "https://bot.example.com"}
    async with running_service(sqlite_url, **changed) as h:
        for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH", "BREW"):
            async with h.http.request(method, h.url + path) as answer:
                assert (method, answer.status) == (method, 405)


# --- Stripe: what is applied


async def test_a_paid_event_is_success_when_its_credits_are_there_and_a_repeat_changes_nothing(
    database_url: str,
) -> None:
    async with running_service(database_url) as h:
        event = about(await checkout(h))
        assert await h.post(event) == SUCCESS
        await balance(h, "100.00")
        assert await h.post(event) == SUCCESS
        assert await h.post(event | {"id": "evt_of_its_own"}) == SUCCESS
        await balance(h, "100.00")
        await told(h, receipt(100, 100))


async def test_fifty_posts_of_one_event_at_once_credit_once_and_send_one_receipt(database_url: str) -> None:
    async with running_service(database_url) as h:
        event = about(await checkout(h))
        answers = await asyncio.gather(*(h.post(event) for _ in range(50)))
        assert answers == [SUCCESS] * 50
        await balance(h, "100.00")
        await h.said("✅ Paid: ")
        await told(h, receipt(100, 100))


async def test_fifty_events_of_one_payment_at_once_credit_once_and_send_one_receipt(
    database_url: str,
) -> None:
    async with running_service(database_url) as h:
        session = await checkout(h)
        kinds = ["completed", "async_payment_succeeded"] * 25
        answers = await asyncio.gather(*(h.post(about(session, kind)) for kind in kinds))
        assert answers == [SUCCESS] * 50
        await balance(h, "100.00")
        await h.said("✅ Paid: ")
        await told(h, receipt(100, 100))


async def test_another_amount_or_currency_credits_nothing_and_is_kept_for_the_operator(
    database_url: str, database: Database
) -> None:
    async with running_service(database_url) as h:
        session = await checkout(h)
        wrong: list[dict[str, Any]] = [
            {"amount_subtotal": 499},
            {"amount_subtotal": 50_000},
            {"currency": "eur"},
            {"amount_subtotal": 0},
        ]
        for fields in wrong:
            with capture_logs() as logs:
                event = about(session, **fields)
                assert await h.post(event) == IGNORED
                assert await h.post(event) == IGNORED
            assert "asked for 500 usd" in str(logs)
            kept = await inbox.find(f"stripe:{event['id']}")
            assert kept is not None
            assert (kept.state, kept.payload["data"]["object"]["id"]) == (
                inbox.EventState.FAILED,
                session["id"],
            )
        await balance(h, "0.00")
        assert receipts(h) == []
        assert await h.post(about(session)) == SUCCESS
        await balance(h, "100.00")
    assert database.name


async def test_what_a_coupon_paid_credits_nothing_and_taxes_on_top_do_no_harm(database_url: str) -> None:
    async with running_service(database_url) as h:
        session = await checkout(h)
        assert await h.post(about(session, amount_total=5)) == IGNORED
        await balance(h, "0.00")
        assert "a person looks at it" in await page(h, session["id"])
        taxed = await checkout(h)
        taxes = {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 95}
        assert await h.post(about(taxed, amount_total=595, total_details=taxes)) == SUCCESS
        await balance(h, "100.00")


async def test_an_event_of_the_other_mode_credits_nothing(database_url: str) -> None:
    async with running_service(database_url) as h:
        event = about(await checkout(h)) | {"livemode": True}
        assert await h.post(event) == IGNORED
        await balance(h, "0.00")


async def test_a_session_without_a_payment_is_stored_and_credits_nothing(database_url: str) -> None:
    async with running_service(database_url) as h:
        session = await checkout(h)
        event = about(session, payment_status="no_payment_required", amount_subtotal=0, amount_total=0)
        assert await h.post(event) == IGNORED
        assert await h.post(about(session, "async_payment_succeeded", payment_status="unpaid")) == IGNORED
        await balance(h, "0.00")
        assert "a person looks at it" in await page(h, session["id"])


async def test_sessions_and_events_of_another_shop_are_ignored(database_url: str) -> None:
    strangers: list[dict[str, Any]] = [
        {"client_reference_id": None, "metadata": {}},
        {"client_reference_id": "somebody@example.com", "metadata": {"order": "7"}},
        {"client_reference_id": "1", "metadata": {}},
        {"client_reference_id": str(BUYER.id), "metadata": {}},  # Telegram's id is not ours
        {"client_reference_id": str(2**62), "metadata": {"purchase_id": str(2**62)}},
        {"mode": "subscription"},
    ]
    async with running_service(database_url) as h:
        await arrive(h)
        for kind in ("completed", "async_payment_succeeded", "async_payment_failed", "expired"):
            for fields in strangers:
                assert await h.post(about({"id": "cs_of_somebody"}, kind, **fields)) == IGNORED
        for type_ in ("charge.succeeded", "customer.created", "charge.refunded", "something.new"):
            assert await h.post(session_event(type_, id_=f"evt_{type_}")) == IGNORED
        await balance(h, "0.00")


async def test_a_buyer_is_notified_when_a_bank_transfer_starts_and_when_it_arrives(database_url: str) -> None:
    async with running_service(database_url) as h:
        session = await checkout(h)
        assert await h.post(about(session, payment_status="unpaid")) == SUCCESS
        await h.said("payment is on its way")
        assert "Your payment is on its way" in await page(h, session["id"])
        await balance(h, "0.00")
        assert await h.post(about(session, "async_payment_succeeded")) == SUCCESS
        await balance(h, "100.00")
        await told(h, receipt(100, 100))


async def test_a_buyer_is_notified_of_a_failed_bank_transfer_and_may_try_again(database_url: str) -> None:
    async with running_service(database_url) as h:
        session = await checkout(h)
        await h.post(about(session, payment_status="unpaid"))
        assert await h.post(about(session, "async_payment_failed", payment_status="unpaid")) == SUCCESS
        message = await h.said("You can try again")
        assert message["reply_markup"]["inline_keyboard"][0][0]["callback_data"] == "buy_100"
        assert "The payment did not come through" in await page(h, session["id"])
        await h.press(message, "buy_100")
        await eventually(lambda: len(h.stripe.sessions) == 2)
        await balance(h, "0.00")


async def test_a_payment_after_the_expiry_still_credits(database_url: str) -> None:
    async with running_service(database_url) as h:
        for number, end in enumerate(("expired", "async_payment_failed"), 1):
            session = await checkout(h)
            assert await h.post(about(session, end, payment_status="unpaid")) == SUCCESS
            assert await h.post(about(session)) == SUCCESS
            await balance(h, f"{number * 100}.00")
            assert "Payment received" in await page(h, session["id"])


async def test_events_after_the_payment_take_nothing_back(database_url: str) -> None:
    async with running_service(database_url) as h:
        session = await checkout(h)
        assert await h.post(about(session, "async_payment_succeeded")) == SUCCESS
        assert await h.post(about(session, "completed", payment_status="unpaid")) == SUCCESS
        assert await h.post(about(session, "async_payment_failed", payment_status="unpaid")) == SUCCESS
        assert await h.post(about(session, "expired", payment_status="unpaid")) == SUCCESS
        await balance(h, "100.00")
        assert "Payment received" in await page(h, session["id"])
        assert [text for text in h.texts() if "on its way" in text or "not arrive" in text] == []


async def test_a_failed_transfer_stays_failed_when_its_start_is_delivered_late(database_url: str) -> None:
    async with running_service(database_url) as h:
        session = await checkout(h)
        assert await h.post(about(session, "async_payment_failed", payment_status="unpaid")) == SUCCESS
        assert await h.post(about(session, "completed", payment_status="unpaid")) == SUCCESS
        await balance(h, "0.00")
        assert "The payment did not come through" in await page(h, session["id"])


async def test_an_event_that_comes_before_we_know_the_session_finds_its_purchase(database_url: str) -> None:
    async with running_service(database_url) as h:
        session = await checkout(h)
        event = about(session, id="cs_test_that_was_made_and_never_heard_of")
        assert await h.post(event) == SUCCESS
        await balance(h, "100.00")


async def test_a_second_page_of_one_purchase_that_is_paid_too_credits_too(database_url: str) -> None:
    async with running_service(database_url) as h:
        session = await checkout(h)
        first, second = about(session), about(session, id="cs_test_second", payment_intent="pi_second")
        for event, credits_ in ((first, "100.00"), (second, "200.00"), (first, "200.00"), (second, "200.00")):
            assert await h.post(event) == SUCCESS
            await balance(h, credits_)
        assert await h.post(about(session, "async_payment_succeeded", id="cs_test_second")) == SUCCESS
        await balance(h, "200.00")
        await told(h, receipt(100, 100), receipt(100, 200))


# --- Stripe: sessions that we did not open


async def test_a_session_made_by_hand_credits_its_buyer_once(database_url: str) -> None:
    async with house_and_world(database_url) as (h, w):
        session = await w.open(client_reference_id=await user_id(h, w))
        event = by_hand(session)
        assert await h.post(event) == SUCCESS
        assert await h.post(event) == SUCCESS
        assert await h.post(by_hand(session)) == SUCCESS
        await balance(h, "100.00")
        await told(h, receipt(100, 100))
        assert "100.00 credits" in await page(h, session.id)


async def test_a_session_made_by_hand_is_read_back_by_its_price(database_url: str, tmp_path: Path) -> None:
    prices = tmp_path / "prices.toml"
    async with world() as w:
        made = await w.client.v1.prices.create_async(
            {"currency": "usd", "unit_amount": 700, "product_data": {"name": "credits"}}
        )
        prices.write_text(
            "".join(
                f'[[package]]\ncode = "{code}"\ncredits = {credits_}\n{price}\n'
                'amount = 700\ncurrency = "usd"\n'
                for code, credits_, price in [
                    ("buy_500", 5, ""),
                    ("priced", 70, f'stripe_price = "{made.id}"'),
                    ("same", 80, ""),
                ]
            )
        )
        async with running_service(
            database_url, stripe_api_base=w.url, stripe_secret_key=KEY, packages_file=prices
        ) as h:
            buyer = await user_id(h, w)
            session = await w.open(client_reference_id=buyer, line_items=[{"price": made.id, "quantity": 1}])
            assert await h.post(by_hand(session)) == SUCCESS
            await balance(h, "70.00")
            # Two packages without a price of their own cost 7.00: which one was meant, nobody can say.
            ambiguous = await w.open(client_reference_id=buyer, amount=700)
            assert await h.post(by_hand(ambiguous)) == IGNORED
            await balance(h, "70.00")


async def test_another_product_of_the_same_amount_is_no_package_that_has_a_price_at_stripe(
    database_url: str, tmp_path: Path
) -> None:
    prices = tmp_path / "prices.toml"
    async with world() as w:
        new: Any = {"currency": "usd", "unit_amount": 500, "product_data": {"name": "x"}}
        ours, another = [await w.client.v1.prices.create_async(new) for _ in range(2)]
        prices.write_text(
            '[[package]]\ncode = "buy_500"\ncredits = 100\namount = 500\ncurrency = "usd"\n'
            f'stripe_price = "{ours.id}"\n'
        )
        async with running_service(
            database_url, stripe_api_base=w.url, stripe_secret_key=KEY, packages_file=prices
        ) as h:
            buyer = await user_id(h, w)
            number = list(w.local.sessions.values())[-1]["metadata"]["purchase_id"]
            for metadata in ({}, {"purchase_id": number}, {"purchase_id": number, "user_id": buyer}):
                for reference in (buyer, None):
                    line = [{"price": another.id, "quantity": 1}]
                    names = {"client_reference_id": reference} if reference else {}
                    session = await w.open(line_items=line, **names)
                    assert await h.post(by_hand(session, metadata=metadata)) == IGNORED
            await balance(h, "0.00")
            good = await w.open(line_items=[{"price": ours.id, "quantity": 1}])
            assert await h.post(by_hand(good, metadata={"purchase_id": number})) == SUCCESS
            await balance(h, "100.00")


async def test_a_session_made_by_hand_that_is_no_package_credits_nothing(database_url: str) -> None:
    async with house_and_world(database_url) as (h, w):
        buyer = await user_id(h, w)
        line = {"price_data": {"currency": "usd", "unit_amount": 500, "product_data": {"name": "x"}}}
        sessions = [
            await w.open(client_reference_id=buyer, amount=499),
            await w.open(client_reference_id=buyer, currency="eur"),
            await w.open(client_reference_id=buyer, line_items=[line | {"quantity": 2}]),
            await w.open(client_reference_id=buyer, line_items=[line | {"quantity": 4}]),  # 20.00 as buy_500
            await w.open(client_reference_id=buyer, line_items=[line | {"quantity": 1}] * 2),
        ]
        for session in sessions:
            assert await h.post(by_hand(session)) == IGNORED
        unknown_to_stripe = about({"id": "cs_unknown", "client_reference_id": buyer, "metadata": {}})
        assert await h.post(unknown_to_stripe) == IGNORED
        nobody = await w.open(client_reference_id="12345")
        assert await h.post(by_hand(nobody)) == IGNORED
        good = await w.open(client_reference_id=buyer)
        assert await h.post(by_hand(good, amount_subtotal=2000, amount_total=2000)) == IGNORED
        await balance(h, "0.00")
        assert receipts(h) == []


async def test_a_session_that_stripe_cannot_tell_of_now_is_500_and_credited_by_itself_when_it_can(
    database_url: str,
) -> None:
    async with house_and_world(database_url) as (h, w):
        session = await w.open(client_reference_id=await user_id(h, w))
        event = by_hand(session)
        w.local.faults.answer("/v1/checkout/sessions/*", 503, times=3)
        status, answer = await h.post(event)
        assert (status, "Traceback" in str(answer)) == (500, False)
        await h.said("Payment received: 100.00 credits added. Balance: 100.00 credits.")
        assert await h.post(event) == SUCCESS
        await balance(h, "100.00")


async def test_a_purchase_id_of_any_shape_falls_through_to_the_buyer(database_url: str) -> None:
    shapes: list[Any] = [
        None,
        7,
        [7],
        {"a": 1},
        True,
        "",
        "x",
        "-1",
        "7.0",
        "9" * 18,
        "9" * 19,
        "9" * 400,
        "\u0667",
    ]
    async with house_and_world(database_url) as (h, w):
        buyer = await user_id(h, w)
        for number, shape in enumerate(shapes, 1):
            session = await w.open(client_reference_id=buyer)
            assert (shape, await h.post(by_hand(session, metadata={"purchase_id": shape}))) == (
                shape,
                SUCCESS,
            )
            await balance(h, f"{number * 100}.00")
        session = await w.open(client_reference_id=buyer)
        assert await h.post(by_hand(session, metadata=None)) == SUCCESS
        await told(h, *(receipt(100, number * 100) for number in range(1, len(shapes) + 2)))


async def test_after_a_restore_a_purchase_id_that_now_names_anothers_purchase_credits_the_payer(
    database_url: str,
) -> None:
    async with house_and_world(database_url) as (h, w):
        payer = await user_id(h, w)
        await user_id(h, w, OTHER)
        theirs = list(w.local.sessions.values())[-1]["metadata"]["purchase_id"]
        lost = await w.open(client_reference_id=payer, amount=2000)
        assert await h.post(by_hand(lost, metadata={"purchase_id": theirs, "user_id": payer})) == SUCCESS
        await balance(h, "500.00")
        await balance(h, "0.00", OTHER)
        # ...and the same buyer's purchase of something else is not what was paid.
        other_package = await w.open(client_reference_id=payer, amount=500)
        mine = next(iter(w.local.sessions.values()))["metadata"]["purchase_id"]
        assert await h.post(by_hand(other_package, metadata={"purchase_id": mine})) == SUCCESS
        await balance(h, "600.00")


async def test_a_purchase_paid_for_another_user_credits_no_user(database_url: str) -> None:
    async with running_service(database_url) as h:
        mine = await checkout(h)
        theirs = await checkout(h, who=OTHER)
        mixed = about(mine, id="cs_mixed", client_reference_id=theirs["client_reference_id"])
        assert await h.post(mixed) == IGNORED
        await balance(h, "0.00")
        await balance(h, "0.00", OTHER)


# --- Stripe under the mock


async def test_a_payment_that_comes_after_the_switch_to_the_mock_still_credits(database_url: str) -> None:
    async with running_service(database_url) as h:
        session = await checkout(h)
    async with running_service(database_url, mock_stripe_payments=True) as h:
        assert await h.post(about(session)) == SUCCESS
        assert "Payment received" in await page(h, session["id"])


# --- Clients that hang up


async def test_clients_that_hang_up_leave_the_books_whole_and_the_next_sale_works(database_url: str) -> None:
    async with running_service(database_url) as h:
        session = await checkout(h)
        host, port = h.url.removeprefix("http://").split(":")

        async def hang_up(event: dict[str, Any], after: int) -> None:
            body = json.dumps(event).encode()
            head = f"POST {HOOK} HTTP/1.1\r\nHost: x\r\nStripe-Signature: {signed(body)}\r\n"
            whole = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
            _, writer = await asyncio.open_connection(host, int(port))
            writer.write(whole[: len(whole) - after])
            await writer.drain()
            writer.transport.abort()

        for round_ in range(3):
            await asyncio.gather(*(hang_up(about(session), after) for after in [0, 0, 1, 500] * 5))
            assert round_ >= 0
        assert await h.post(about(session)) == SUCCESS
        await balance(h, "100.00")
        await told(h, receipt(100, 100))


# --- Telegram


def update(h: RunningService, text: str = "/start") -> dict[str, Any]:
    """Let the buyer send a message, and return the update that Telegram would post."""
    h.telegram.say(BUYER, text)
    return list(h.telegram.updates.pending.values())[-1]


PUBLIC: dict[str, Any] = {"telegram_mode": "webhook", "webapp_url": "https://bot.example.com"}
TELEGRAM_HOOK = "/api/v1/telegram-webhook"
SECRET = "X-Telegram-Bot-Api-Secret-Token"
REFUSE_POISON = {
    "sqlite": """CREATE TRIGGER no_poison BEFORE INSERT ON event WHEN NEW.payload LIKE '%poison%'
        BEGIN SELECT RAISE(ABORT, 'poison'); END""",
    "postgres": "ALTER TABLE event ADD CONSTRAINT no_poison CHECK (payload::text NOT LIKE '%poison%')",
}


async def tell(h: RunningService, body: Any, secret: str | None = None) -> Answer:
    """Post a body, by default with the right secret."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {SECRET: h.settings.telegram_secret if secret is None else secret}
    async with h.http.post(f"{h.url}{TELEGRAM_HOOK}", data=raw, headers=sent) as answer:
        return answer.status, await answer.json()


async def test_an_update_is_stored_answered_200_and_handled_once(database_url: str) -> None:
    async with running_service(database_url, **PUBLIC) as h:
        webhook = await eventually(lambda: h.telegram.updates.webhook)
        assert webhook.url == f"https://bot.example.com{TELEGRAM_HOOK}"
        assert webhook.secret == h.settings.telegram_secret
        start = update(h)
        answers = await asyncio.gather(*(tell(h, start) for _ in range(10)))
        assert answers == [SUCCESS] * 10
        await h.said("Welcome!")
        assert await tell(h, start) == SUCCESS
        assert await tell(h, update(h, "/balance")) == SUCCESS
        await h.said("Balance: 0.00 credits")
        assert len([text for text in h.texts() if text.startswith("Welcome")]) == 1


@pytest.mark.parametrize("secret", ["", "wrong", "schlüssel", "x" * 5000])
async def test_an_update_without_the_right_secret_is_403(sqlite_url: str, secret: str) -> None:
    async with running_service(sqlite_url, **PUBLIC) as h:
        assert await tell(h, update(h), secret) == (403, {"status": "forbidden"})
        async with h.http.post(f"{h.url}{TELEGRAM_HOOK}", json=update(h)) as answer:
            assert answer.status == 403
        assert await tell(h, update(h), h.settings.telegram_secret[:-1]) == (403, {"status": "forbidden"})
        assert {text for text in h.texts() if text != "/start"} == set()


async def test_an_invalid_update_is_400_and_the_next_one_is_handled(database_url: str) -> None:
    no_updates: list[Any] = [
        b"",
        b"nonsense",
        b"\xff\xfe",
        b"[" * 100_000,
        [],
        None,
        5,
        "x",
        {},
        {"update_id": None},
        {"update_id": "1"},
        {"update_id": 1.5},
        {"update_id": True},
        {"update_id": -1},
        {"update_id": 2**63},
        b'{"update_id": NaN}',
        b'{"update_id": 1e999}',
        b'{"update_id": ' + b"9" * 5000 + b"}",
    ]
    strange: list[Any] = [
        {"update_id": 10},
        {"update_id": 11, "message": None},
        {"update_id": 12, "message": 5},
        {"update_id": 13, "message": {"chat": {"id": 2**70}, "from": []}},
        {"update_id": 14, "message": {"chat": {"id": BUYER.id}}},
        {"update_id": 15, "callback_query": {"id": 1, "from": {"id": BUYER.id}, "message": "x"}},
        {"update_id": 16, "channel_post": {"text": "x"}},
        b'{"update_id": 17, "message": {"text": "\\u0000\\ud800"}}',
        {"update_id": 2**63 - 1},
        b'{"update_id": 18, "x": 1e308, "y": ' + b"9" * 400 + b"}",
    ]
    async with running_service(database_url, **PUBLIC) as h:
        for body in no_updates:
            assert (body, await tell(h, body)) == (body, (400, {"status": "invalid payload"}))
        for body in strange:
            assert (body, await tell(h, body)) == (body, SUCCESS)
        assert await tell(h, b"x" * 600_000) == (413, {"status": "request entity too large"})
        assert await tell(h, update(h)) == SUCCESS
        await h.said("Welcome!")


async def test_without_the_webhook_mode_there_is_no_such_route(sqlite_url: str) -> None:
    async with running_service(sqlite_url) as h:
        assert (await tell(h, {"update_id": 1}))[0] == 404


@pytest.mark.parametrize("place", ["of_a_later_api", "text"])
async def test_an_update_that_the_database_refuses_is_not_posted_again_and_again(
    database_url: str, place: str
) -> None:
    async with running_service(database_url, **PUBLIC) as h:
        await tell(h, update(h))
        await h.said("Welcome!")
        await rows(h, REFUSE_POISON[urlsplit(database_url).scheme])
        poison = update(h, "/balance")
        poison["message"] |= {place: "/balance poison"}
        assert await tell(h, poison) == SUCCESS
        assert await tell(h, update(h, "/history")) == SUCCESS
        await h.said("Get some with /buy.")
        assert any("Balance: 0.00" in text for text in h.texts()) == (place != "text")
