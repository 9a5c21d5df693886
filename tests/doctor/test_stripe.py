"""The key, the webhook, the permissions and the prices at Stripe, each turned bad."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot_platform.config.settings import Settings
from bot_platform.doctor.examination import made
from bot_platform.doctor.report import Finding, Verdict
from bot_platform.doctor.stripe import Stripe
from bot_platform.providers.stripe.client import API_VERSION
from bot_platform.providers.stripe.events import TYPES
from bot_platform.providers.stripe.setup import PERMISSIONS, Key, Setup
from tests.doctor.clinic import ERROR, OK, SKIPPED, WARNING, found, settings, verdicts
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
async def clinic(w: World, **changed: Any) -> AsyncIterator[Stripe]:
    known: Settings = settings(**({"stripe_api_base": w.url} | changed))
    key = known.stripe_secret_key
    assert key
    setup = Setup(
        secret_key=key.get_secret_value(), api_base=known.stripe_api_base, proxy_url=None, timeout=3
    )
    try:
        yield Stripe(known, setup)
    finally:
        await setup.close()


async def look(w: World, **changed: Any) -> dict[str, Finding]:
    async with clinic(w, **changed) as stripe:
        return await found(stripe.parties())


async def mend(w: World, **changed: Any) -> Finding:
    async with clinic(w, **changed) as stripe:
        ((_, finding),) = [await made(check) for check in stripe.mends()]
        return finding


async def make(w: World, **changed: Any) -> Any:
    """Make our endpoint as `doctor --fix` does, or one that differs."""
    given: Any = {"url": URL, "enabled_events": list(TYPES), "api_version": API_VERSION}
    return await w.client.v1.webhook_endpoints.create_async(
        {name: value for name, value in (given | changed).items() if value is not None}  # type: ignore[arg-type]
    )


async def test_all_is_well() -> None:
    async with world() as w:
        await make(w)
        lines = await look(w, stripe_publishable_key="pk_test_1")
        assert set(verdicts(lines).values()) == {OK}
        assert lines["Stripe key"].says == "sk_test_...7890, test mode"
        assert lines["Stripe modes"].says == "both keys are of test mode"


async def test_a_refused_key_is_an_error_and_the_rest_is_not_asked() -> None:
    async with world() as w:
        lines = await look(w, stripe_secret_key="sk_test_somebody_else_altogether")
        key = lines["Stripe key"]
        assert key.verdict is ERROR
        assert "Copy the secret key once more (in the Stripe Dashboard" in key.fix
        assert "somebody_else" not in key.says
        assert {lines[n].verdict for n in ("Stripe clock", "Stripe webhook", "Stripe deliveries")} == {
            SKIPPED
        }
        assert len(w.local.requests) == 1


async def test_an_answer_that_is_not_stripe_s_is_an_error_that_names_the_address() -> None:
    async with world() as w:
        w.local.faults.answer("/v1/balance", 404)
        line = (await look(w))["Stripe key"]
        assert line.verdict is ERROR
        assert line.fix == "See that STRIPE_API_BASE is https://api.stripe.com."


@pytest.mark.parametrize(
    ("secret", "public"), [("sk_live_1", "pk_test_1"), ("rk_test_1", "pk_live_1"), ("sk_test_1", "pk_live_1")]
)
async def test_keys_of_different_modes_are_an_error_whatever_stripe_says(secret: str, public: str) -> None:
    async with world() as w:
        line = (await look(w, stripe_secret_key=secret, stripe_publishable_key=public))["Stripe modes"]
        assert line.verdict is ERROR
        assert "Copy both keys from one page" in line.fix


async def test_a_live_key_that_is_answered_in_test_mode_is_an_error() -> None:
    async with world() as w:
        live = "sk_live_1234567890abcdef"
        w.local.restrict(live, EVERYTHING | {"rak_balance_read"})
        line = (await look(w, stripe_secret_key=live))["Stripe key"]
        assert line.verdict is ERROR
        assert line.says == "STRIPE_SECRET_KEY is of live mode, but Stripe answers in test mode"


async def test_a_webhook_of_another_mode_than_the_key_is_an_error() -> None:
    async with world() as w:
        live = "rk_live_1234567890abcdef"
        w.local.restrict(live, EVERYTHING)
        await make(w)
        line = (await look(w, stripe_secret_key=live))["Stripe webhook"]
        assert line.verdict is ERROR
        assert line.says == "the webhook is of test mode, the key is not"


async def test_a_missing_webhook_secret_is_an_error_that_names_both_ways_to_one() -> None:
    async with world() as w:
        line = (await look(w, stripe_webhook_secret=None, mock_stripe_payments=True))["Stripe webhook secret"]
        assert line.verdict is ERROR
        assert "doctor --fix" in line.fix
        assert "Dashboard" in line.fix


@pytest.mark.parametrize(
    ("ahead", "verdict", "says"),
    [
        (0, OK, "agree"),
        (10, OK, "agree"),
        (-60, WARNING, "seconds ahead of Stripe's; from 300 on"),
        (100, WARNING, "seconds behind Stripe's; from 300 on"),
        (3600, ERROR, "seconds behind Stripe's: every webhook would be refused"),
        (-3600, ERROR, "seconds ahead of Stripe's: every webhook would be refused"),
    ],
)
async def test_a_clock_that_is_wrong_is_told(ahead: float, verdict: Verdict, says: str) -> None:
    async with world(clock=lambda: time.time() + ahead) as w:
        line = (await look(w))["Stripe clock"]
        assert line.verdict is verdict
        assert says in line.says
        assert verdict is OK or "set-ntp" in line.fix


class Timeless(Setup):
    """A way to Stripe on which the answers' dates are lost."""

    async def key(self) -> Key:
        return Key((await super().key()).live, None)


async def test_a_stripe_that_says_no_time_leaves_the_clock_unjudged() -> None:
    async with world() as w:
        known = settings(stripe_api_base=w.url)
        key = known.stripe_secret_key
        assert key
        setup = Timeless(secret_key=key.get_secret_value(), api_base=w.url, proxy_url=None, timeout=3)
        line = (await found(Stripe(known, setup).parties()))["Stripe clock"]
        await setup.close()
        assert (line.verdict, line.says) == (SKIPPED, "Stripe did not say what time it is")


async def test_the_clock_is_known_from_a_key_that_may_not_read_the_balance() -> None:
    async with world(clock=lambda: time.time() + 3600) as w:
        w.local.restrict(RESTRICTED, EVERYTHING)
        lines = await look(w, stripe_secret_key=RESTRICTED)
        assert lines["Stripe key"].verdict is OK
        assert lines["Stripe clock"].verdict is ERROR


WEBHOOKS: dict[str, tuple[dict[str, Any], Verdict, str, str]] = {
    "elsewhere": ({"url": "https://old.example.com/x"}, WARNING, f"there is none for {URL}", "doctor --fix"),
    "another page of ours": ({"url": URL + "/"}, WARNING, f"there is none for {URL}", "doctor --fix"),
    "misses an event": (
        {"enabled_events": list(TYPES[1:])},
        ERROR,
        "does not send checkout.session.completed",
        "doctor --fix",
    ),
    "hears too much": (
        {"enabled_events": [*TYPES, "payout.paid"]},
        WARNING,
        "what nobody reads: payout.paid",
        "doctor --fix",
    ),
    "hears everything": ({"enabled_events": ["*"]}, WARNING, "what nobody reads: *", "doctor --fix"),
    "another version": (
        {"api_version": None},
        WARNING,
        f"speaks version of the account, we are tested with {API_VERSION}",
        "delete it in the Stripe Dashboard",
    ),
}


@pytest.mark.parametrize("case", WEBHOOKS)
async def test_a_webhook_that_is_not_as_it_should_be(case: str) -> None:
    changed, verdict, says, fix = WEBHOOKS[case]
    async with world() as w:
        await make(w, **changed)
        line = (await look(w))["Stripe webhook"]
        assert line.verdict is verdict
        assert says in line.says
        assert fix in line.fix


async def test_a_webhook_that_is_switched_off_is_an_error() -> None:
    async with world() as w:
        made_ = await make(w)
        await w.client.v1.webhook_endpoints.update_async(made_.id, {"disabled": True})
        line = (await look(w))["Stripe webhook"]
        assert line.verdict is ERROR
        assert "switched off" in line.says


async def test_the_enabled_one_of_two_webhooks_counts() -> None:
    async with world() as w:
        old = await make(w)
        await w.client.v1.webhook_endpoints.update_async(old.id, {"disabled": True})
        await make(w)
        assert (await look(w))["Stripe webhook"].verdict is OK


async def test_a_webhook_is_found_behind_a_hundred_others() -> None:
    async with world() as w:
        await make(w)
        for n in range(101):
            await make(w, url=f"https://other.example.com/{n}")
        assert (await look(w))["Stripe webhook"].verdict is OK


async def test_a_local_address_is_told_how_stripe_reaches_it() -> None:
    async with world() as w:
        line = (await look(w, webapp_url="http://localhost:8000"))["Stripe webhook"]
        assert line.verdict is WARNING
        assert "ngrok" in line.fix
        assert "Stripe's CLI" in line.fix


async def test_events_that_nobody_took_are_told() -> None:
    an_hour_ago = time.time() - 3600
    times = [an_hour_ago]
    async with world(clock=lambda: times[0], retry_delays=(9e9,)) as w:
        w.receiver.statuses = [400] * 10
        await w.local.pay((await w.open()).id)
        times[0] = time.time()
        assert [e["type"] for e in w.local.events if e["type"] in TYPES] == ["checkout.session.completed"]
        line = (await look(w))["Stripe deliveries"]
        assert line.verdict is WARNING
        assert line.says.startswith("1 events of the last day")
        assert "STRIPE_WEBHOOK_SECRET" in line.fix
        assert "reconcile" in line.fix


async def test_events_of_this_minute_may_be_on_their_way() -> None:
    async with world(retry_delays=(9e9,)) as w:
        w.receiver.statuses = [400] * 10
        await w.local.pay((await w.open()).id)
        assert (await look(w))["Stripe deliveries"].verdict is OK


async def test_a_restricted_key_with_what_the_readme_names_is_well() -> None:
    async with world() as w:
        w.local.restrict(RESTRICTED, EVERYTHING)
        await make(w)
        lines = await look(w, stripe_secret_key=RESTRICTED)
        assert set(verdicts(lines).values()) == {OK}
        assert [name for name in lines if "may" in name] == [f"Stripe may {p.name}" for p in PERMISSIONS]
        assert not w.local.sessions
        assert not w.local.refunds


@pytest.mark.parametrize(
    ("taken", "bad"),
    [
        ("rak_checkout_session_write", {"Stripe may write Checkout Sessions": ERROR}),
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
async def test_each_permission_that_lacks_is_a_line(taken: str, bad: dict[str, Verdict]) -> None:
    async with world() as w:
        w.local.restrict(RESTRICTED, EVERYTHING - {taken})
        await make(w)
        lines = await look(w, stripe_secret_key=RESTRICTED)
        assert {name: verdict for name, verdict in verdicts(lines).items() if verdict is not OK} == bad
        for name in bad:
            assert "permission would allow this" in lines[name].says
            assert "restricted key" in lines[name].fix


async def test_a_full_key_is_not_asked_what_it_may() -> None:
    async with world() as w:
        assert not [name for name in await look(w) if "may" in name]


@pytest.fixture
def price_list(tmp_path: Path) -> Path:
    return tmp_path / "packages.toml"


def _sell(price_list: Path, price: str, amount: int = 500, currency: str = "usd") -> Path:
    price_list.write_text(
        f'[[package]]\ncode = "buy_100"\ncredits = 100\namount = {amount}\n'
        f'currency = "{currency}"\nstripe_price = "{price}"\n'
    )
    return price_list


async def test_a_price_as_in_the_list_is_well(price_list: Path) -> None:
    async with world() as w:
        product: Any = {"currency": "usd", "unit_amount": 500, "product_data": {"name": "100 credits"}}
        price = await w.client.v1.prices.create_async(product)
        line = (await look(w, packages_file=_sell(price_list, price.id)))["Stripe price of buy_100"]
        assert (line.verdict, line.says) == (OK, "$5.00, as in the list")


@pytest.mark.parametrize(
    ("listed", "kept", "says"),
    [
        ({"amount": 400}, {}, "the list says $4.00, Stripe $5.00"),
        ({"currency": "eur"}, {}, "the list says €5.00, Stripe $5.00"),
        ({}, {"active": False}, "is archived"),
    ],
)
async def test_a_price_that_differs_is_an_error(
    price_list: Path, listed: dict[str, Any], kept: dict[str, Any], says: str
) -> None:
    async with world() as w:
        product: Any = {"currency": "usd", "unit_amount": 500, "product_data": {"name": "100 credits"}} | kept
        price = await w.client.v1.prices.create_async(product)
        lines = await look(w, packages_file=_sell(price_list, price.id, **listed))
        line = lines["Stripe price of buy_100"]
        assert line.verdict is ERROR
        assert says in line.says
        assert str(price_list) in line.fix


async def test_a_price_that_stripe_does_not_know_is_an_error(price_list: Path) -> None:
    async with world() as w:
        line = (await look(w, packages_file=_sell(price_list, "price_none")))["Stripe price of buy_100"]
        assert line.verdict is ERROR
        assert line.says == "Stripe has no price_none: buy_100 cannot be sold"


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"type": "recurring", "unit_amount": 500}, "is not for a single payment"),
        ({"type": "one_time", "unit_amount": None}, "Stripe no fixed amount"),
    ],
)
async def test_a_price_of_a_kind_that_cannot_be_sold_is_an_error(
    price_list: Path, said: dict[str, Any], says: str
) -> None:
    async with world() as w:
        price = {"id": "price_1", "object": "price", "active": True, "currency": "usd", **said}
        w.local.faults.answer("/v1/prices/price_1", 200, price)
        line = (await look(w, packages_file=_sell(price_list, "price_1")))["Stripe price of buy_100"]
        assert line.verdict is ERROR
        assert says in line.says


async def test_a_key_that_may_not_read_prices_cannot_check_them(price_list: Path) -> None:
    async with world() as w:
        w.local.restrict(RESTRICTED, EVERYTHING - {"rak_plan_read"})
        changed = {"stripe_secret_key": RESTRICTED, "packages_file": _sell(price_list, "price_1")}
        line = (await look(w, **changed))["Stripe price of buy_100"]
        assert line.verdict is WARNING
        assert "'rak_plan_read'" in line.says


async def test_a_stripe_that_does_not_answer_is_an_error_and_the_rest_is_not_asked() -> None:
    async with world() as w:
        w.local.mischief.down = True
        lines = await look(w)
        assert lines["Stripe key"].verdict is ERROR
        assert "PROXY_URL" in lines["Stripe key"].fix
        assert lines["Stripe webhook"].verdict is SKIPPED


async def test_a_stripe_that_stops_answering_half_way_is_a_line() -> None:
    async with world() as w:
        await make(w)
        w.local.faults.hang_up("/v1/webhook_endpoints", times=9)
        lines = await look(w)
        assert lines["Stripe webhook"].verdict is ERROR
        assert lines["Stripe deliveries"].verdict is OK


async def test_a_server_that_is_no_stripe_is_an_error() -> None:
    async with world() as w:
        lines = await look(w, stripe_api_base=f"{w.url}/nowhere")
        assert lines["Stripe key"].verdict is ERROR
        assert "STRIPE_API_BASE" in lines["Stripe key"].fix or "PROXY_URL" in lines["Stripe key"].fix


async def test_a_webhook_is_made_once_with_our_events_at_our_version_and_its_secret_told() -> None:
    async with world() as w:
        first = await mend(w)
        assert first.verdict is Verdict.MENDED
        (endpoint,) = w.local.webhook_endpoints
        assert (endpoint["url"], endpoint["api_version"]) == (URL, API_VERSION)
        assert endpoint["enabled_events"] == list(TYPES)
        assert "Put STRIPE_WEBHOOK_SECRET=whsec_" in first.fix
        assert (await look(w))["Stripe webhook"].verdict is OK
        assert (await mend(w)).verdict is OK
        assert w.local.webhook_endpoints == [endpoint]


@pytest.mark.parametrize(
    "changed",
    [{"enabled_events": list(TYPES[3:])}, {"enabled_events": ["*"]}, {"disabled": True}],
    ids=["misses", "hears too much", "switched off"],
)
async def test_a_webhook_that_differs_is_changed_and_stays_the_same_one(changed: dict[str, Any]) -> None:
    async with world() as w:
        known = await make(w)
        await w.client.v1.webhook_endpoints.update_async(known.id, changed)  # type: ignore[arg-type]
        assert (await mend(w)).verdict is Verdict.MENDED
        (endpoint,) = w.local.webhook_endpoints
        assert (endpoint["id"], endpoint["status"]) == (known.id, "enabled")
        assert (await look(w))["Stripe webhook"].verdict is OK
        assert (await mend(w)).verdict is OK


async def test_other_webhooks_are_left_alone() -> None:
    async with world() as w:
        other = await make(w, url="https://other.example.com/hook", enabled_events=["payout.paid"])
        await mend(w)
        assert w.local.webhook_endpoints[0]["id"] == other.id
        assert w.local.webhook_endpoints[0]["enabled_events"] == ["payout.paid"]


async def test_a_local_webhook_is_refused_by_stripe_and_the_way_round_is_told() -> None:
    async with world() as w:
        finding = await mend(w, webapp_url="http://127.0.0.1:8000")
        assert finding.verdict is WARNING
        assert "publicly accessible" in finding.says
        assert "ngrok" in finding.fix


async def test_a_key_that_may_not_make_webhooks_says_so() -> None:
    async with world() as w:
        w.local.restrict(RESTRICTED, (EVERYTHING - {"rak_webhook_write"}) | {"rak_webhook_read"})
        finding = await mend(w, stripe_secret_key=RESTRICTED)
        assert finding.verdict is WARNING
        assert "'rak_webhook_write'" in finding.says
