"""The price list: what is valid, and what an operator reads when it is not."""

from typing import Any

import pytest

from bot_platform.domain import packages
from bot_platform.domain.errors import NoSuchPackage
from bot_platform.domain.packages import MAX_AMOUNT, Package, PriceList, PriceListError

GOOD: dict[str, Any] = {"code": '"buy_1"', "credits": 1, "amount": 100, "currency": '"usd"'}


def toml(*tables: dict[str, Any]) -> str:
    """Write a price list; the values are TOML."""
    return "\n".join(
        "[[package]]\n" + "\n".join(f"{key} = {value}" for key, value in table.items()) for table in tables
    )


def problems(text: str) -> list[str]:
    with pytest.raises(PriceListError) as caught:
        packages.read(text)
    return list(caught.value.problems)


def test_the_built_in_list_has_the_two_packages_of_the_contract() -> None:
    assert [(p.code, p.credits) for p in packages.BUILT_IN] == [("buy_100", 10_000), ("buy_500", 50_000)]


def test_a_list_is_read_in_its_order_with_credits_in_hundredths() -> None:
    text = """
        # our prices
        [[package]]
        code = "large"
        credits = 500
        amount = 2000
        currency = "eur"
        stripe_price = "price_1AbC"
        stars = 250
        [[package]]
        code = "small"
        credits = 1
        amount = 1
        currency = "jpy"
    """
    assert packages.read(text).packages == (
        Package("large", 50_000, 2000, "eur", "price_1AbC"),
        Package("small", 100, 1, "jpy"),
    )


@pytest.mark.parametrize("code", ["a", "x" * 64, "buy-1", "BUY_1", "0", "-", "__proto__"])
def test_a_code_that_fits_a_button_is_taken(code: str) -> None:
    assert packages.read(toml(GOOD | {"code": f'"{code}"'})).get(code).code == code


@pytest.mark.parametrize(
    "code",
    [
        '""',
        f'"{"x" * 65}"',
        '"stars:buy_1"',  # how the same package is named when it is paid in Stars
        '"buy 1"',
        '"buy_1\\n"',
        '"käufe"',
        '"\\u0000"',
        "1",
        "true",
        '["buy_1"]',
    ],
)
def test_a_code_that_fits_no_button_is_refused(code: str) -> None:
    expected = 'package 1: code must be 1 to 64 letters, digits, "_" or "-", such as "buy_100"'
    assert problems(toml(GOOD | {"code": code})) == [expected]


@pytest.mark.parametrize("amount", [100_000_000, 150_000_000, 999_999_999_999])
def test_an_amount_of_rupiah_has_up_to_twelve_digits(amount: int) -> None:
    (package,) = packages.read(toml(GOOD | {"amount": amount, "currency": '"idr"'}))
    assert package.amount == amount


@pytest.mark.parametrize(("currency", "most"), [("idr", 999_999_999_999), ("vnd", 99_999_999)])
def test_an_amount_that_stripe_never_charges_is_refused(currency: str, most: int) -> None:
    assert problems(toml(GOOD | {"amount": most + 1, "currency": f'"{currency}"'})) == [
        f"package 1: amount must be a whole number from 1 to {most}"
    ]


@pytest.mark.parametrize("key", ["credits", "amount"])
@pytest.mark.parametrize(
    "value", ["0", "-1", "1.5", "1.0", "true", '"1"', "nan", "inf", str(MAX_AMOUNT + 1), "[1]"]
)
def test_credits_and_amounts_are_positive_whole_numbers(key: str, value: str) -> None:
    assert problems(toml(GOOD | {key: value})) == [
        f"package 1: {key} must be a whole number from 1 to {MAX_AMOUNT}"
    ]


@pytest.mark.parametrize(
    "value", ['"USD"', '"Usd"', '"us"', '"usdollar"', '""', '"zzz"', "840", '"u\\u017fd"', '"usd "']
)
def test_a_currency_is_a_known_lower_case_code(value: str) -> None:
    assert problems(toml(GOOD | {"currency": value})) == [
        'package 1: currency must be a lower-case ISO code such as "usd"'
    ]


@pytest.mark.parametrize("value", ['"prod_1"', '"price_"', '""', "1", '"price_1 2"', '"price_1/../x"'])
def test_a_stripe_price_is_the_id_of_one(value: str) -> None:
    assert problems(toml(GOOD | {"stripe_price": value})) == [
        'package 1: stripe_price must be the id of a price in Stripe, such as "price_..."'
    ]


@pytest.mark.parametrize("key", ["code", "credits", "amount", "currency"])
def test_a_missing_key_of_a_package_is_reported(key: str) -> None:
    (problem,) = problems(toml({name: value for name, value in GOOD.items() if name != key}))
    assert problem.startswith(f"package 1: {key} must be ")


def test_a_misspelled_key_is_named_beside_the_right_ones() -> None:
    (problem,) = problems(toml(GOOD | {"ammount": 5}))
    assert problem == (
        "package 1: 'ammount' is no key of a package; "
        "the keys are amount, code, credits, currency, stripe_price"
    )


def test_a_misspelled_table_is_reported() -> None:
    text = toml(GOOD) + '\n[[pakage]]\ncode = "buy_2"\ncredits = 1\namount = 1\ncurrency = "usd"\n'
    assert problems(text) == ["'pakage' is no part of a price list, only [[package]] tables are"]


def test_a_repeated_code_is_refused() -> None:
    assert problems(toml(GOOD, GOOD | {"credits": 2}, GOOD)) == ["the code 'buy_1' stands twice"]


def test_packages_without_a_code_are_not_also_called_repeated() -> None:
    nameless = {name: value for name, value in GOOD.items() if name != "code"}
    assert [problem.split(":")[0] for problem in problems(toml(nameless, nameless))] == [
        "package 1",
        "package 2",
    ]


def test_codes_that_differ_in_case_are_two() -> None:
    assert len(packages.read(toml(GOOD, GOOD | {"code": '"BUY_1"'})).packages) == 2


def test_all_problems_are_reported_in_one_run() -> None:
    bad = {"code": '"a b"', "credits": 0, "amount": 0, "currency": '"x"', "stripe_price": 1, "extra": 1}
    found = problems(toml(GOOD, bad, GOOD))
    assert len(found) == 7
    assert [line for line in found if line.startswith("package 2: ")] == found[:6]


@pytest.mark.parametrize(
    "text", ["", "# nothing", "[package]\ncode = 'buy_1'", "package = 1", "package = [1]", "package = []"]
)
def test_a_file_without_packages_is_refused(text: str) -> None:
    assert problems(text) == ["it has no [[package]] table"]


@pytest.mark.parametrize("text", ["[[package]", "code = ", "\0", "a = 1\na = 2", "[[package]]\ncredits = 01"])
def test_a_file_that_is_no_toml_is_reported_with_its_line(text: str) -> None:
    (problem,) = problems(text)
    assert problem.startswith("it is not valid TOML: ")
    assert "(at " in problem


def test_a_package_that_left_the_list_is_refused() -> None:
    with pytest.raises(NoSuchPackage):
        packages.BUILT_IN.get("buy_9")


def test_a_receipt_calls_a_package_by_its_credits() -> None:
    assert Package("a", 10_000, 1, "usd").title == "100 credits"
    assert Package("a", 10_050, 1, "usd").title == "100.50 credits"


PRICED = PriceList(
    (
        Package("a", 100, 500, "usd", "price_a"),
        Package("b", 200, 900, "usd"),
        Package("c", 300, 700, "usd"),
        Package("d", 400, 700, "usd"),
        Package("e", 500, 500, "eur"),
    )
)


@pytest.mark.parametrize(
    ("price", "amount", "currency", "code"),
    [
        ("price_a", 500, "usd", "a"),
        ("price_a", 1, "eur", "a"),  # the price's id says it, whatever its amount: that is compared later
        ("price_of_others", 500, "usd", None),  # another product of the same amount
        (None, 500, "usd", None),
        (None, 900, "usd", "b"),
        ("price_of_others", 900, "usd", "b"),
        (None, 500, "eur", "e"),
        (None, 900, "eur", None),
        (None, 901, "usd", None),
        (None, 700, "usd", None),  # two packages cost the same
        (None, 0, "usd", None),
    ],
)
def test_a_line_item_matches_one_package_or_none(
    price: str | None, amount: int, currency: str, code: str | None
) -> None:
    found = PRICED.sold_as(price=price, amount=amount, currency=currency)
    assert (found.code if found else None) == code
