"""The doctor sells each package as a buyer's press does, and says why Stripe refuses."""

from pathlib import Path

import pytest

from tests.doctor.makers import ERROR, OK, WARNING
from tests.doctor.test_stripe import EVERYTHING, RESTRICTED, check
from tests.sandbox.stripe_world import world

SALE, AMOUNT = "Stripe sale of buy_100", "Stripe amount of buy_100"


@pytest.fixture
def price_list(tmp_path: Path) -> Path:
    return tmp_path / "packages.toml"


def selling(price_list: Path, amount: int, currency: str, more: str = "") -> Path:
    price_list.write_text(
        f'[[package]]\ncode = "buy_100"\ncredits = 100\namount = {amount}\ncurrency = "{currency}"\n{more}'
    )
    return price_list


async def test_a_session_of_each_package_is_opened_and_expired() -> None:
    async with world() as w:
        lines = await check(w)
        assert (lines[SALE].status, lines["Stripe sale of buy_500"].status) == (OK, OK)
        assert [session["status"] for session in w.local.sessions.values()] == ["expired", "expired"]
        assert not w.local.charges
        assert all("purchase_id" not in session["metadata"] for session in w.local.sessions.values())


async def test_an_account_with_managed_payments_sells() -> None:
    async with world() as w:
        w.local.defaults.managed_payments = True
        assert (await check(w))[SALE].status is OK


async def test_a_refusal_is_an_error_in_stripes_words() -> None:
    async with world() as w:
        refusal = {"error": {"type": "invalid_request_error", "message": "Your account cannot make charges."}}
        w.local.faults.answer("/v1/checkout/sessions", 400, refusal, method="POST", times=9)
        line = (await check(w))[SALE]
        assert line.status is ERROR
        assert "Your account cannot make charges." in line.message


async def test_a_key_that_may_not_sell_is_said_to_lack_the_permission() -> None:
    async with world() as w:
        w.local.restrict(RESTRICTED, EVERYTHING - {"rak_checkout_session_write"})
        line = (await check(w, stripe_secret_key=RESTRICTED))[SALE]
        assert line.status is WARNING
        assert "'rak_checkout_session_write'" in line.message


async def test_a_price_in_several_currencies_is_sold_in_ours(price_list: Path) -> None:
    async with world() as w:
        price = await w.client.v1.prices.create_async(
            {
                "currency": "usd",
                "unit_amount": 500,
                "currency_options": {"eur": {"unit_amount": 450}},
                "product_data": {"name": "100 credits"},
            }
        )
        path = selling(price_list, 500, "usd", f'stripe_price = "{price.id}"\n')
        assert (await check(w, packages_file=path))[SALE].status is OK


async def test_a_package_of_many_rupiah_is_sold(price_list: Path) -> None:
    async with world() as w:
        lines = await check(w, packages_file=selling(price_list, 150_000_000, "idr"))
        assert (lines[AMOUNT].status, lines[SALE].status) == (OK, OK)


@pytest.mark.parametrize(
    ("amount", "currency", "warned", "refused"),
    [
        (5124, "kwd", "end in 0", "the last digit must be 0"),
        (550, "isk", "end in 00", "evenly divisible by 100"),
        (29, "gbp", "no less than £0.30", "must be at least £0.30"),
    ],
)
async def test_an_amount_that_stripe_refuses_is_warned_about_and_tried(
    price_list: Path, amount: int, currency: str, warned: str, refused: str
) -> None:
    async with world() as w:
        lines = await check(w, packages_file=selling(price_list, amount, currency))
        assert lines[AMOUNT].status is WARNING
        assert warned in lines[AMOUNT].message
        assert lines[SALE].status is ERROR
        assert refused in lines[SALE].message
