"""Which buttons stand under a message; what they do is elsewhere."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from bot_platform.domain.errors import NoSuchPackage
from bot_platform.domain.packages import Package, PriceList
from bot_platform.telegram.texts import Texts

PAID = "paid:"  # before the number of the purchase that its buyer says to have paid
LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}


def shop(texts: Texts, language: str, prices: PriceList) -> InlineKeyboardMarkup:
    """One row for each package: its button carries its code."""
    return _rows(*(_package(texts, language, "package-button", package) for package in prices))


def under(
    texts: Texts, language: str, prices: PriceList, text: str, values: Mapping[str, Any]
) -> InlineKeyboardMarkup | None:
    """Choose the buttons under a notice by the name of its text."""
    match text:
        case "checkout-link":
            pay = InlineKeyboardButton(text=texts.say("pay-button", language), url=values["url"])
            paid = f"{PAID}{values['purchase']}"
            return _rows(
                pay, InlineKeyboardButton(text=texts.say("paid-button", language), callback_data=paid)
            )
        case "payment-failed" | "checkout-expired":
            return again(texts, language, prices, values["package"])
    return None


def refused_by_telegram(text: str, values: Mapping[str, Any]) -> bool:
    """Whether Telegram would refuse the notice's link: it takes no button to this machine."""
    return text == "checkout-link" and urlsplit(values["url"]).hostname in LOCAL_HOSTS


def without_link(buttons: InlineKeyboardMarkup | None) -> InlineKeyboardMarkup | None:
    """Leave the buttons that are no links."""
    if buttons is None:
        return None
    return InlineKeyboardMarkup(
        inline_keyboard=[[b for b in row if not b.url] for row in buttons.inline_keyboard if not row[0].url]
    )


def again(texts: Texts, language: str, prices: PriceList, code: str) -> InlineKeyboardMarkup | None:
    """One button to buy a package once more, if it is still on sale."""
    try:
        package = prices.get(code)
    except NoSuchPackage:
        return None
    return _rows(_package(texts, language, "again-button", package))


def _package(texts: Texts, language: str, label: str, package: Package) -> InlineKeyboardButton:
    price = {"credits": package.credits, "amount": package.amount, "currency": package.currency}
    return InlineKeyboardButton(text=texts.say(label, language, **price), callback_data=package.code)


def _rows(*buttons: InlineKeyboardButton) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(inline_keyboard=[[button] for button in buttons])
