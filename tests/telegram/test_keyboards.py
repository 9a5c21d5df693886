"""Which buttons stand under a message."""

from typing import Any

import pytest
from aiogram.types import InlineKeyboardMarkup

from bot_platform.domain.packages import BUILT_IN, Package, PriceList
from bot_platform.telegram import keyboards
from bot_platform.telegram.texts import Texts

TEXTS = Texts()


def rows(markup: InlineKeyboardMarkup | None) -> list[list[tuple[str, str | None, str | None]]]:
    assert markup is not None
    return [[(b.text, b.callback_data, b.url) for b in row] for row in markup.inline_keyboard]


def test_the_shop_has_one_button_for_each_package_that_carries_its_code() -> None:
    (((first, first_data, _),), ((second, second_data, _),)) = rows(keyboards.shop(TEXTS, "en", BUILT_IN))
    assert (first_data, second_data) == ("buy_100", "buy_500")
    assert (first[:3], first[-5:], second[:3], second[-6:]) == ("100", "$5.00", "500", "$20.00")


def test_the_longest_code_fits_its_button() -> None:
    prices = PriceList((Package("x" * 64, 100, 100, "jpy"),))
    (((_, data, _),),) = rows(keyboards.shop(TEXTS, "en", prices))
    assert len((data or "").encode()) == 64


def test_a_link_to_pay_has_the_words_of_the_contract_and_a_button_for_who_has_paid_under_it() -> None:
    markup = keyboards.under(TEXTS, "en", BUILT_IN, "checkout-link", {"url": "https://pay", "purchase": 7})
    assert rows(markup) == [
        [("➡️ Proceed to Payment", None, "https://pay")],
        [("I have paid", "paid:7", None)],
    ]


@pytest.mark.parametrize("text", ["payment-failed", "checkout-expired"])
def test_a_payment_that_did_not_come_can_be_tried_again_at_once(text: str) -> None:
    (((label, data, _),),) = rows(keyboards.under(TEXTS, "en", BUILT_IN, text, {"package": "buy_100"}))
    assert (label.startswith("Try again: 100"), data) == (True, "buy_100")


@pytest.mark.parametrize("text", ["payment-failed", "checkout-expired"])
def test_a_package_that_left_the_price_list_is_not_offered_again(text: str) -> None:
    assert keyboards.under(TEXTS, "en", BUILT_IN, text, {"package": "buy_9"}) is None


@pytest.mark.parametrize(("says", "offered"), [("work-cut", ["again:7"]), ("work-done", []), ("", [])])
def test_an_answer_that_was_cut_off_can_be_tried_again_and_a_whole_one_has_no_buttons(
    says: str, offered: list[str]
) -> None:
    markup = keyboards.under(TEXTS, "en", BUILT_IN, "answer", {"says": says, "job": 7, "files": 0})
    assert ([data for row in rows(markup) for _, data, _ in row] if markup else []) == offered


@pytest.mark.parametrize("text", ["payment-received", "checkout-paid", "mock-success", "payment-on-its-way"])
def test_a_receipt_has_no_buttons(text: str) -> None:
    assert keyboards.under(TEXTS, "en", BUILT_IN, text, {}) is None


@pytest.mark.parametrize(
    ("text", "url", "refused"),
    [
        ("checkout-link", "http://localhost:8000/pay", True),
        ("checkout-link", "http://127.0.0.1:8000/pay", True),
        ("checkout-link", "http://[::1]/pay", True),
        ("checkout-link", "HTTP://LOCALHOST/", True),
        ("checkout-link", "https://checkout.stripe.com/c/pay/cs_test_1#localhost", False),
        ("checkout-link", "https://localhost.example.com/", False),
    ],
)
def test_telegram_takes_no_button_to_this_machine(text: str, url: str, *, refused: bool) -> None:
    values: dict[str, Any] = {"url": url}
    assert keyboards.refused_by_telegram(text, values) is refused
