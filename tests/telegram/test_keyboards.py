"""Which buttons stand under the messages of a screen."""

from aiogram.types import InlineKeyboardMarkup

from bot_platform.domain.packages import BUILT_IN, Package, PriceList
from bot_platform.telegram import keyboards
from bot_platform.telegram.texts import Texts

TEXTS = Texts()


def rows(markup: InlineKeyboardMarkup) -> list[list[tuple[str, str | None]]]:
    return [[(button.text, button.callback_data) for button in row] for row in markup.inline_keyboard]


def test_the_shop_has_one_button_for_each_package_with_the_package_code_as_data() -> None:
    (((first, first_data),), ((second, second_data),)) = rows(keyboards.shop(TEXTS, "en", BUILT_IN))
    assert (first_data, second_data) == ("buy_100", "buy_500")
    assert (first[:3], first[-5:], second[:3], second[-6:]) == ("100", "$5.00", "500", "$20.00")


def test_the_longest_code_fits_its_button() -> None:
    prices = PriceList((Package("x" * 64, 100, 100, "jpy"),))
    (((_, data),),) = rows(keyboards.shop(TEXTS, "en", prices))
    assert len((data or "").encode()) == 64


def test_a_package_can_be_bought_again_while_it_is_on_sale() -> None:
    markup = keyboards.again(TEXTS, "en", BUILT_IN, "buy_100")
    assert markup
    (((label, data),),) = rows(markup)
    assert (label.startswith("Try again: 100"), data) == (True, "buy_100")
    assert keyboards.again(TEXTS, "en", BUILT_IN, "buy_9") is None
