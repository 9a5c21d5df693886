"""The checks of key, clock, webhook, permissions and prices at Stripe find each fault, and the fix works."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot_platform.config.settings import Settings
from bot_platform.doctor.checks import run_check
from bot_platform.doctor.report import Finding, Status
from bot_platform.doctor.stripe import StripeChecks
from bot_platform.providers.stripe.client import API_VERSION, Client
from bot_platform.providers.stripe.events import TYPES
from bot_platform.providers.stripe.setup import PERMISSIONS, Key, Setup
from tests.doctor.makers import ERROR, OK, SKIPPED, WARNING, findings, settings, statuses
from tests.sandbox.stripe_world import World, world

RESTRICTED = "rk_test_1234567890abcdef1234567890"
URL = "https://bot.example.com/api/v1/stripe-webhook"
EVERYTHING = {
    "rak_checkout_session_write",
    "rak_charge_write",
    "rak_payment_intent_read",
    "rak_dispute_read",
    "rak_early_fraud_warning_read",
    "rak_event_read",
    "rak_plan_read",
    "rak_webhook_write",
}


@asynccontextmanager
async def stripe_checks(w: World, **changed: Any) -> AsyncIterator[StripeChecks]:
    known: Settings = settings(**({"stripe_api_base": w.url} | changed))
    key = known.stripe_secret_key
    assert key
    client = Client(
        secret_key=key.get_secret_value(),
        api_base=known.stripe_api_base,
        proxy_url=None,
        timeout=3,
        try_timeout=3,
    )
    try:
        yield StripeChecks(known, client)
    finally:
        await client.close()


async def check(w: World, **changed: Any) -> dict[str, Finding]:
    async with stripe_checks(w, **changed) as stripe:
        return await findings(stripe.groups())


async def fix(w: World, **changed: Any) -> Finding:
    async with stripe_checks(w, **changed) as stripe:
        ((_, finding),) = [await run_check(check) for check in stripe.fixes()]
        return finding


async def make(w: World, **changed: Any) -> Any:
    """Create our endpoint as `doctor --fix` does, or one that differs."""
    given: Any = {"url": URL, "enabled_events": list(TYPES), "api_version": API_VERSION}
    return await w.client.v1.webhook_endpoints.create_async(
        {name: value for name, value in (given | changed).items() if value is not None}  # type: ignore[arg-type]
    )


async def test_an_account_that_is_set_up_has_no_problem() -> None:
    async with world() as w:
        await make(w)
        lines = await check(w, stripe_publishable_key="pk_test_1")
        assert set(statuses(lines).values()) == {OK}
        assert lines["Stripe key"].message == "sk_test_...7890, test mode"
        assert lines["Stripe modes"].message == "both keys are for test mode"


async def test_a_refused_key_is_an_error_and_the_other_checks_are_skipped() -> None:
    async with world() as w:
        lines = await check(w, stripe_secret_key="sk_test_of_another_account_1234")
        key = lines["Stripe key"]
        assert key.status is ERROR
        assert "Copy the secret key again (in the Stripe Dashboard" in key.fix
        assert "another_account" not in key.message
        assert {lines[n].status for n in ("Stripe clock", "Stripe webhook", "Stripe deliveries")} == {SKIPPED}
        assert len(w.local.requests) == 1


async def test_an_answer_that_is_not_stripe_s_is_an_error_that_names_the_address() -> None:
    async with world() as w:
        w.local.faults.answer("/v1/balance", 404)
        line = (await check(w))["Stripe key"]
        assert line.status is ERROR
        assert line.fix == "Check that STRIPE_API_BASE is https://api.stripe.com."


@pytest.mark.parametrize(
    ("secret", "public"), [("sk_live_1", "pk_test_1"), ("rk_test_1", "pk_live_1"), ("sk_test_1", "pk_live_1")]
)
async def test_keys_of_different_modes_are_an_error_even_if_stripe_refuses_them(
    secret: str, public: str
) -> None:
    async with world() as w:
        line = (await check(w, stripe_secret_key=secret, stripe_publishable_key=public))["Stripe modes"]
        assert line.status is ERROR
        assert "Copy both keys" in line.fix


async def test_a_live_key_that_is_answered_in_test_mode_is_an_error() -> None:
    async with world() as w:
        live = "sk_live_1234567890abcdef"
        w.local.restrict(live, EVERYTHING | {"rak_balance_read"})
        line = (await check(w, stripe_secret_key=live))["Stripe key"]
        assert line.status is ERROR
        assert line.message == "STRIPE_SECRET_KEY is for live mode, but Stripe answers in test mode"


async def test_a_webhook_of_another_mode_than_the_key_is_an_error() -> None:
    async with world() as w:
        live = "rk_live_1234567890abcdef"
        w.local.restrict(live, EVERYTHING)
        await make(w)
        line = (await check(w, stripe_secret_key=live))["Stripe webhook"]
        assert line.status is ERROR
        assert line.message == "the webhook is for test mode, the key is for live mode"


async def test_a_missing_webhook_secret_is_an_error_whose_fix_names_both_sources() -> None:
    async with world() as w:
        line = (await check(w, stripe_webhook_secret=None, mock_stripe_payments=True))[
            "Stripe webhook secret"
        ]
        assert line.status is ERROR
        assert "doctor --fix" in line.fix
        assert "Dashboard" in line.fix


@pytest.mark.parametrize(
    ("ahead", "status", "message"),
    [
        (0, OK, "agree"),
        (10, OK, "agree"),
        (-60, WARNING, "seconds ahead of Stripe's; webhooks are refused from 300"),
        (100, WARNING, "seconds behind Stripe's; webhooks are refused from 300"),
        (3600, ERROR, "seconds behind Stripe's: every webhook would be refused"),
        (-3600, ERROR, "seconds ahead of Stripe's: every webhook would be refused"),
    ],
)
async def test_a_wrong_clock_is_a_warning_or_an_error(ahead: float, status: Status, message: str) -> None:
    async with world(clock=lambda: time.time() + ahead) as w:
        line = (await check(w))["Stripe clock"]
        assert line.status is status
        assert message in line.message
        assert status is OK or "set-ntp" in line.fix


class WithoutDate(Setup):
    """A connection to Stripe whose answers have no date."""

    async def key(self) -> Key:
        return Key((await super().key()).live, None)


async def test_without_a_date_in_the_answer_the_clock_check_is_skipped() -> None:
    async with world() as w:
        known = settings(stripe_api_base=w.url)
        key = known.stripe_secret_key
        assert key
        client = Client(
            secret_key=key.get_secret_value(), api_base=w.url, proxy_url=None, timeout=3, try_timeout=3
        )
        line = (await findings(StripeChecks(known, client, WithoutDate(client)).groups()))["Stripe clock"]
        await client.close()
        assert (line.status, line.message) == (SKIPPED, "Stripe's answer has no date")


async def test_the_clock_is_checked_with_a_key_that_may_not_read_the_balance() -> None:
    async with world(clock=lambda: time.time() + 3600) as w:
        w.local.restrict(RESTRICTED, EVERYTHING)
        lines = await check(w, stripe_secret_key=RESTRICTED)
        assert lines["Stripe key"].status is OK
        assert lines["Stripe clock"].status is ERROR


WEBHOOKS: dict[str, tuple[dict[str, Any], Status, str, str]] = {
    "elsewhere": (
        {"url": "https://old.example.com/x"},
        WARNING,
        f"there is no webhook for {URL}",
        "doctor --fix",
    ),
    "another path of our server": (
        {"url": URL + "/x"},
        WARNING,
        f"there is no webhook for {URL}",
        "doctor --fix",
    ),
    "lacks an event": (
        {"enabled_events": list(TYPES[1:])},
        ERROR,
        "does not send checkout.session.completed",
        "doctor --fix",
    ),
    "sends too much": (
        {"enabled_events": [*TYPES, "payout.paid"]},
        WARNING,
        "events that are not used: payout.paid",
        "doctor --fix",
    ),
    "sends everything": ({"enabled_events": ["*"]}, WARNING, "events that are not used: *", "doctor --fix"),
    "another version": (
        {"api_version": None},
        WARNING,
        f"the webhook has version of the account, this program is tested with {API_VERSION}",
        "delete it in the Stripe Dashboard",
    ),
}


@pytest.mark.parametrize("case", WEBHOOKS)
async def test_a_webhook_that_differs_from_ours_is_reported_with_its_fix(case: str) -> None:
    changed, status, message, fix = WEBHOOKS[case]
    async with world() as w:
        await make(w, **changed)
        line = (await check(w))["Stripe webhook"]
        assert line.status is status
        assert message in line.message
        assert fix in line.fix


async def test_a_disabled_webhook_is_an_error() -> None:
    async with world() as w:
        created = await make(w)
        await w.client.v1.webhook_endpoints.update_async(created.id, {"disabled": True})
        line = (await check(w))["Stripe webhook"]
        assert line.status is ERROR
        assert "is disabled" in line.message


async def test_of_two_webhooks_the_enabled_one_counts() -> None:
    async with world() as w:
        old = await make(w)
        await w.client.v1.webhook_endpoints.update_async(old.id, {"disabled": True})
        await make(w)
        assert (await check(w))["Stripe webhook"].status is OK


async def test_a_webhook_is_found_after_a_hundred_others() -> None:
    async with world() as w:
        await make(w)
        for n in range(101):
            await make(w, url=f"https://other.example.com/{n}")
        assert (await check(w))["Stripe webhook"].status is OK


async def test_with_a_local_address_the_fix_names_ngrok_and_stripe_s_cli() -> None:
    async with world() as w:
        line = (await check(w, webapp_url="http://localhost:8000"))["Stripe webhook"]
        assert line.status is WARNING
        assert "ngrok" in line.fix
        assert "Stripe's CLI" in line.fix


async def test_undelivered_events_are_a_warning() -> None:
    an_hour_ago = time.time() - 3600
    times = [an_hour_ago]
    async with world(clock=lambda: times[0], retry_delays=(9e9,)) as w:
        w.receiver.statuses = [400] * 10
        await w.local.pay((await w.open()).id)
        times[0] = time.time()
        assert [e["type"] for e in w.local.events if e["type"] in TYPES] == ["checkout.session.completed"]
        line = (await check(w))["Stripe deliveries"]
        assert line.status is WARNING
        assert line.message.startswith("1 events of the last day")
        assert "STRIPE_WEBHOOK_SECRET" in line.fix
        assert "reconcile" in line.fix


async def test_undelivered_events_of_this_minute_are_ok() -> None:
    async with world(retry_delays=(9e9,)) as w:
        w.receiver.statuses = [400] * 10
        await w.local.pay((await w.open()).id)
        assert (await check(w))["Stripe deliveries"].status is OK


async def test_a_restricted_key_with_the_permissions_of_the_readme_has_no_problem() -> None:
    async with world() as w:
        w.local.restrict(RESTRICTED, EVERYTHING)
        await make(w)
        lines = await check(w, stripe_secret_key=RESTRICTED)
        assert set(statuses(lines).values()) == {OK}
        assert [name for name in lines if "may" in name] == [f"Stripe may {p.name}" for p in PERMISSIONS]
        assert {session["status"] for session in w.local.sessions.values()} == {"expired"}
        assert not w.local.refunds


@pytest.mark.parametrize(
    ("taken", "bad"),
    [
        (
            "rak_checkout_session_write",
            {
                "Stripe may write Checkout Sessions": ERROR,
                "Stripe sale of buy_100": WARNING,
                "Stripe sale of buy_500": WARNING,
            },
        ),
        (
            "rak_charge_write",
            {
                "Stripe may write Refunds": WARNING,
                "Stripe may read Charges": ERROR,
                "Stripe may read Refunds": ERROR,
            },
        ),
        ("rak_payment_intent_read", {"Stripe may read PaymentIntents": ERROR}),
        ("rak_dispute_read", {"Stripe may read Disputes": ERROR}),
        ("rak_early_fraud_warning_read", {"Stripe may read Early Fraud Warnings": ERROR}),
        ("rak_event_read", {"Stripe may read Events": ERROR, "Stripe deliveries": WARNING}),
        ("rak_webhook_write", {"Stripe webhook": WARNING}),
    ],
)
async def test_each_missing_permission_is_reported(taken: str, bad: dict[str, Status]) -> None:
    async with world() as w:
        w.local.restrict(RESTRICTED, EVERYTHING - {taken})
        await make(w)
        lines = await check(w, stripe_secret_key=RESTRICTED)
        assert {name: status for name, status in statuses(lines).items() if status is not OK} == bad
        for name in bad:
            assert "permission would allow this" in lines[name].message
            assert "restricted key" in lines[name].fix


async def test_the_permissions_of_an_unrestricted_key_are_not_checked() -> None:
    async with world() as w:
        assert not [name for name in await check(w) if "may" in name]


@pytest.fixture
def price_list(tmp_path: Path) -> Path:
    return tmp_path / "packages.toml"


def _sell(price_list: Path, price: str, amount: int = 500, currency: str = "usd") -> Path:
    price_list.write_text(
        f'[[package]]\ncode = "buy_100"\ncredits = 100\namount = {amount}\n'
        f'currency = "{currency}"\nstripe_price = "{price}"\n'
    )
    return price_list


async def test_a_price_as_in_the_price_list_is_ok(price_list: Path) -> None:
    async with world() as w:
        product: Any = {"currency": "usd", "unit_amount": 500, "product_data": {"name": "100 credits"}}
        price = await w.client.v1.prices.create_async(product)
        line = (await check(w, packages_file=_sell(price_list, price.id)))["Stripe price of buy_100"]
        assert (line.status, line.message) == (OK, "$5.00, as in the price list")


@pytest.mark.parametrize(
    ("listed", "kept", "message"),
    [
        ({"amount": 400}, {}, "the price list has $4.00, Stripe has $5.00"),
        ({"currency": "eur"}, {}, "the price list has €5.00, Stripe has $5.00"),
        ({}, {"active": False}, "is archived"),
    ],
)
async def test_a_price_that_differs_is_an_error(
    price_list: Path, listed: dict[str, Any], kept: dict[str, Any], message: str
) -> None:
    async with world() as w:
        product: Any = {"currency": "usd", "unit_amount": 500, "product_data": {"name": "100 credits"}} | kept
        price = await w.client.v1.prices.create_async(product)
        lines = await check(w, packages_file=_sell(price_list, price.id, **listed))
        line = lines["Stripe price of buy_100"]
        assert line.status is ERROR
        assert message in line.message
        assert str(price_list) in line.fix


async def test_a_price_that_stripe_does_not_know_is_an_error(price_list: Path) -> None:
    async with world() as w:
        line = (await check(w, packages_file=_sell(price_list, "price_none")))["Stripe price of buy_100"]
        assert line.status is ERROR
        assert line.message == "Stripe has no price_none: buy_100 cannot be sold"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"type": "recurring", "unit_amount": 500}, "is not for a single payment"),
        ({"type": "one_time", "unit_amount": None}, "Stripe has no fixed amount"),
    ],
)
async def test_a_price_of_a_kind_that_cannot_be_sold_is_an_error(
    price_list: Path, fields: dict[str, Any], message: str
) -> None:
    async with world() as w:
        price = {"id": "price_1", "object": "price", "active": True, "currency": "usd", **fields}
        w.local.faults.answer("/v1/prices/price_1", 200, price)
        line = (await check(w, packages_file=_sell(price_list, "price_1")))["Stripe price of buy_100"]
        assert line.status is ERROR
        assert message in line.message


async def test_a_key_that_may_not_read_prices_is_a_warning(price_list: Path) -> None:
    async with world() as w:
        w.local.restrict(RESTRICTED, EVERYTHING - {"rak_plan_read"})
        changed = {"stripe_secret_key": RESTRICTED, "packages_file": _sell(price_list, "price_1")}
        line = (await check(w, **changed))["Stripe price of buy_100"]
        assert line.status is WARNING
        assert "'rak_plan_read'" in line.message


async def test_a_stripe_that_does_not_answer_is_an_error_and_the_other_checks_are_skipped() -> None:
    async with world() as w:
        w.local.fault_switches.down = True
        lines = await check(w)
        assert lines["Stripe key"].status is ERROR
        assert "PROXY_URL" in lines["Stripe key"].fix
        assert lines["Stripe webhook"].status is SKIPPED


async def test_a_stripe_that_stops_answering_is_an_error_of_that_check() -> None:
    async with world() as w:
        await make(w)
        w.local.faults.drop_connection("/v1/webhook_endpoints", times=9)
        lines = await check(w)
        assert lines["Stripe webhook"].status is ERROR
        assert lines["Stripe deliveries"].status is OK


async def test_a_server_that_is_not_stripe_is_an_error() -> None:
    async with world() as w:
        lines = await check(w, stripe_api_base=f"{w.url}/nowhere")
        assert lines["Stripe key"].status is ERROR
        assert "STRIPE_API_BASE" in lines["Stripe key"].fix or "PROXY_URL" in lines["Stripe key"].fix


async def test_the_fix_creates_the_webhook_once_with_our_events_and_version_and_prints_its_secret() -> None:
    async with world() as w:
        first = await fix(w)
        assert first.status is Status.FIXED
        (endpoint,) = w.local.webhook_endpoints
        assert (endpoint["url"], endpoint["api_version"]) == (URL, API_VERSION)
        assert endpoint["enabled_events"] == list(TYPES)
        assert "Put STRIPE_WEBHOOK_SECRET=whsec_" in first.fix
        assert (await check(w))["Stripe webhook"].status is OK
        assert (await fix(w)).status is OK
        assert w.local.webhook_endpoints == [endpoint]


@pytest.mark.parametrize(
    "changed",
    [{"enabled_events": list(TYPES[3:])}, {"enabled_events": ["*"]}, {"disabled": True}],
    ids=["lacks", "sends too much", "disabled"],
)
async def test_the_fix_changes_a_webhook_that_differs_and_keeps_its_id(changed: dict[str, Any]) -> None:
    async with world() as w:
        known = await make(w)
        await w.client.v1.webhook_endpoints.update_async(known.id, changed)  # type: ignore[arg-type]
        assert (await fix(w)).status is Status.FIXED
        (endpoint,) = w.local.webhook_endpoints
        assert (endpoint["id"], endpoint["status"]) == (known.id, "enabled")
        assert (await check(w))["Stripe webhook"].status is OK
        assert (await fix(w)).status is OK


async def test_the_fix_does_not_change_other_webhooks() -> None:
    async with world() as w:
        other = await make(w, url="https://other.example.com/hook", enabled_events=["payout.paid"])
        await fix(w)
        assert w.local.webhook_endpoints[0]["id"] == other.id
        assert w.local.webhook_endpoints[0]["enabled_events"] == ["payout.paid"]


async def test_the_fix_for_a_local_address_is_refused_by_stripe_and_names_ngrok() -> None:
    async with world() as w:
        finding = await fix(w, webapp_url="http://127.0.0.1:8000")
        assert finding.status is WARNING
        assert "publicly accessible" in finding.message
        assert "ngrok" in finding.fix


async def test_a_key_that_may_not_create_webhooks_is_a_warning() -> None:
    async with world() as w:
        w.local.restrict(RESTRICTED, (EVERYTHING - {"rak_webhook_write"}) | {"rak_webhook_read"})
        finding = await fix(w, stripe_secret_key=RESTRICTED)
        assert finding.status is WARNING
        assert "'rak_webhook_write'" in finding.message
