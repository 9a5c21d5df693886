"""What goes to Stripe carries the random name of its row, and only an answer about that row is believed."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot_platform.domain.checkout import CheckoutPage, RefundRefused
from bot_platform.domain.checkout_orders import CheckoutOrder, RefundOrder
from bot_platform.domain.errors import CheckoutUnavailable
from bot_platform.domain.ids import new_uid
from bot_platform.domain.packages import BUILT_IN
from bot_platform.infra.clock import unix_time
from bot_platform.providers.stripe.accounts import account_of
from bot_platform.providers.stripe.payments import StripePayments
from tests.sandbox.stripe_world import KEY, World, world

REUSED = {
    "error": {
        "type": "idempotency_error",
        "message": "Keys for idempotent requests can only be used with the same parameters.",
    }
}
ORDER = CheckoutOrder(7, 9, BUILT_IN.packages[0], 1, datetime.now(UTC), new_uid())
SECRET = "x" * 80


@asynccontextmanager
async def there() -> AsyncIterator[tuple[World, StripePayments]]:
    async with world() as w:
        made = StripePayments(
            secret_key=KEY, api_base=w.url, webapp_url="https://bot.example", proxy_url=None, live=False
        )
        yield w, made
        await made.close()


async def payment(w: World) -> str:
    """Pay for a session of 5.00 USD; return its payment intent."""
    session = await w.open()
    return str((await w.local.pay(session.id))["payment_intent"])


def keys(w: World, path: str) -> list[str]:
    return [r.idempotency_key or "" for r in w.local.requests if (r.method, r.path) == ("POST", path)]


async def refunded_at_stripe(w: World, intent: str, key: str, metadata: Mapping[str, str]) -> None:
    """Make a refund as another program does that uses this key."""
    form = {"payment_intent": intent, "amount": "100"} | {f"metadata[{k}]": v for k, v in metadata.items()}
    headers = {"Authorization": f"Bearer {KEY}", "Idempotency-Key": key}
    async with w.http.post(f"{w.url}/v1/refunds", data=form, headers=headers) as answer:
        assert answer.status == 200


async def test_the_metadata_of_both_objects_name_the_purchase_and_are_strings() -> None:
    async with there() as (w, provider):
        page = await provider.open(ORDER)
        session = w.local.sessions[page.provider_ref]
        wanted = {"purchase_id": "7", "user_id": "9", "package": "buy_100", "purchase_uid": ORDER.uid}
        assert session["metadata"] == wanted
        paid = await w.local.pay(page.provider_ref)
        url, key = f"{w.url}/v1/payment_intents/{paid['payment_intent']}", {"Authorization": f"Bearer {KEY}"}
        async with w.http.get(url, headers=key) as intent:
            assert (await intent.json())["metadata"] == wanted


async def test_a_key_that_stripe_knows_from_another_request_gets_a_fresh_one() -> None:
    async with there() as (w, provider):
        first = await provider.open(ORDER)
        # The same attempt with other parameters: the price list was changed since.
        changed = replace(ORDER, package=BUILT_IN.packages[1])
        second = await provider.open(changed)
        assert second.provider_ref != first.provider_ref
        assert (await provider.open(changed)).provider_ref == second.provider_ref
        assert (await provider.open(ORDER)).provider_ref == first.provider_ref
        assert len(set(keys(w, "/v1/checkout/sessions"))) == 2


async def test_stripes_own_words_are_shown_when_the_fresh_key_is_refused_too() -> None:
    async with there() as (w, provider):
        intent = await payment(w)
        w.local.faults.answer("/v1/refunds", status=400, body=REUSED, method="POST", times=2)
        with pytest.raises(RefundRefused, match="can only be used with the same parameters"):
            await provider.refund(RefundOrder(1, 2, intent, 100, "usd", again=False, uid=new_uid()))
        assert len(set(keys(w, "/v1/refunds"))) == 2
        assert not w.local.refunds


async def test_a_refund_whose_key_was_used_is_made_under_a_fresh_key() -> None:
    async with there() as (w, provider):
        intent = await payment(w)
        w.local.faults.answer("/v1/refunds", status=400, body=REUSED, method="POST", times=1)
        uid = new_uid()
        order = RefundOrder(1, 2, intent, 100, "usd", again=False, uid=uid)
        answer = await provider.refund(order)
        assert (answer.refund_id, answer.refund_uid, answer.amount) == (1, uid, 100)
        (made,) = w.local.refunds.values()
        assert made["metadata"] == {"refund_id": "1", "refund_uid": uid}
        assert (await provider.refund(replace(order, again=True))).key == answer.key
        assert len(w.local.refunds) == 1


async def test_a_refund_with_our_number_and_another_name_is_not_ours() -> None:
    async with there() as (w, provider):
        intent = await payment(w)
        await refunded_at_stripe(w, intent, "another", {"refund_id": "1", "refund_uid": new_uid()})
        await provider.refund(RefundOrder(1, 2, intent, 100, "usd", again=True, uid=new_uid()))
        assert [row["amount"] for row in w.local.refunds.values()] == [100, 100]


async def test_a_try_of_a_version_without_names_is_ours_when_it_was_made_since_we_asked() -> None:
    async with there() as (w, provider):
        intent = await payment(w)
        await refunded_at_stripe(w, intent, "refund-2-1", {"refund_id": "1"})
        since = int(unix_time()) - 60
        for uid in (new_uid(), None):
            order = RefundOrder(1, 2, intent, 100, "usd", again=True, uid=uid, since=since)
            assert ((await provider.refund(order)).refund_uid, len(w.local.refunds)) == (uid, 1)


async def test_a_refund_without_a_name_from_before_we_asked_is_another() -> None:
    async with there() as (w, provider):
        intent = await payment(w)
        await refunded_at_stripe(w, intent, "refund-2-1", {"refund_id": "1"})
        for old in w.local.refunds.values():
            old["created"] -= 120
        since = int(unix_time()) - 60
        await provider.refund(RefundOrder(1, 2, intent, 100, "usd", again=True, uid=new_uid(), since=since))
        assert len(w.local.refunds) == 2


async def test_an_answer_about_another_refund_is_not_believed() -> None:
    async with there() as (w, provider):
        intent = await payment(w)
        other = {"id": "re_other", "object": "refund", "status": "succeeded", "payment_intent": intent}
        body = {**other, "amount": 100, "currency": "usd", "metadata": {"refund_id": "1", "refund_uid": "x"}}
        w.local.faults.answer("/v1/refunds", status=200, body=body, method="POST", times=2)
        with pytest.raises(RefundRefused, match="another refund, re_other"):
            await provider.refund(RefundOrder(1, 2, intent, 100, "usd", again=False, uid=new_uid()))


@pytest.mark.parametrize("changed", [{"amount": 99}, {"payment_intent": "pi_other"}], ids=str)
async def test_an_answer_with_our_name_about_other_money_is_not_believed(changed: dict[str, Any]) -> None:
    async with there() as (w, provider):
        intent, uid = await payment(w), new_uid()
        ours = {"refund_id": "1", "refund_uid": uid}
        about: dict[str, Any] = {"object": "refund", "status": "succeeded", "payment_intent": intent}
        body = about | {"id": "re_1", "amount": 100, "currency": "usd", "metadata": ours} | changed
        w.local.faults.answer("/v1/refunds", status=200, body=body, method="POST", times=2)
        with pytest.raises(RefundRefused, match="another refund"):
            await provider.refund(RefundOrder(1, 2, intent, 100, "usd", again=False, uid=uid))


async def test_a_session_of_another_purchase_is_not_shown() -> None:
    async with there() as (w, provider):
        page = {"id": "cs_test_1", "object": "checkout.session", "url": "https://pay"}
        body = page | {"metadata": {"purchase_id": "7", "purchase_uid": new_uid()}}
        w.local.faults.answer("/v1/checkout/sessions", status=200, body=body, method="POST", times=1)
        with pytest.raises(CheckoutUnavailable):
            await provider.open(ORDER)
        assert isinstance(await provider.open(ORDER), CheckoutPage)


async def test_a_key_that_is_in_use_at_this_moment_is_kept() -> None:
    busy = {"error": {"type": "idempotency_error", "code": "idempotency_key_in_use", "message": "busy"}}
    async with there() as (w, provider):
        w.local.faults.answer("/v1/checkout/sessions", status=409, body=busy, method="POST", times=1)
        await provider.open(ORDER)
        assert len(keys(w, "/v1/checkout/sessions")) == 2  # Stripe's library asks again
        assert len(set(keys(w, "/v1/checkout/sessions"))) == 1


@pytest.mark.parametrize(
    ("key", "account"),
    [
        (f"sk_test_51GqIC8HYgolSBA35{SECRET}", "test:acct_1GqIC8HYgolSBA35"),
        (f"rk_test_51GqIC8HYgolSBA35{'y' * 80}", "test:acct_1GqIC8HYgolSBA35"),
        (f"sk_live_51GqIC8HYgolSBA35{SECRET}", "live:acct_1GqIC8HYgolSBA35"),
        (f"sk_live_51GqIC8HYgolSBA36{SECRET}", "live:acct_1GqIC8HYgolSBA36"),
    ],
)
def test_a_key_of_today_shows_its_account(key: str, account: str) -> None:
    assert account_of(key) == account


def test_keys_that_do_not_show_their_account_count_as_different_accounts_and_stay_secret() -> None:
    old = [
        "sk_test_4eC39HqLyjWDarjtT1zdp7dc",
        "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
        "sk_test_other",
        "sk_live_",
    ]
    names = [account_of(key) for key in old]
    assert len(set(names)) == len(old)
    assert [name.partition(":")[0] for name in names] == ["test", "live", "test", "live"]
    assert "4eC39" not in json.dumps(names)
    assert all(len(account_of(key)) <= 64 for key in [*old, "rk_x", f"sk_test_51GqIC8HYgolSBA35{SECRET * 9}"])
