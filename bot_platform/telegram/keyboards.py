"""Which buttons stand under a message; what they do is elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from bot_platform.domain.errors import NoSuchPackage
from bot_platform.domain.jobs import Job, JobState
from bot_platform.domain.packages import Package, PriceList
from bot_platform.telegram.operator_buttons import Buttons
from bot_platform.telegram.texts import Texts

PAID = "paid:"  # before the number of the purchase that its buyer says to have paid
STOP, FIRST, FILES, AGAIN = "stop:", "first:", "files:", "again:"  # before the number of a job
LISTED = 10  # jobs at once: more buttons than that are no list to choose from
LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}


def shop(texts: Texts, language: str, prices: PriceList) -> InlineKeyboardMarkup:
    """One row for each package: its button carries its code."""
    return _rows(*(_package(texts, language, "package-button", package) for package in prices))


def under(
    texts: Texts, language: str, prices: PriceList, text: str, values: Mapping[str, Any]
) -> InlineKeyboardMarkup | None:
    """Choose the buttons under a notice by the name of its text; an answer says it below its page."""
    match values["says"] if text == "answer" else text:
        case "checkout-link":
            pay = InlineKeyboardButton(text=texts.say("pay-button", language), url=values["url"])
            paid = f"{PAID}{values['purchase']}"
            return _rows(
                pay, InlineKeyboardButton(text=texts.say("paid-button", language), callback_data=paid)
            )
        case "payment-failed" | "checkout-expired":
            return again(texts, language, prices, values["package"])
        case "work-waits":
            return offer(texts, language, prices, values)
        case "work-accepted" | "work-woken" | "work-progress" | "work-draft":
            return _rows(*_files(texts, language, values), _stop(texts, language, "stop-button", values))
        case "work-waits-frozen" | "work-waits-banned" | "work-waits-broken":
            return _rows(*_files(texts, language, values), _stop(texts, language, "cancel-button", values))
        case "work-cancelled":
            return _rows(*_files(texts, language, values)) if values["files"] else None
        case "work-expired" | "work-failed" | "work-cut" | "model-down" | "model-busy" | "model-cut":
            return _rows(*_files(texts, language, values), _again(texts, language, values["job"]))
        case "low-balance":
            return shop(texts, language, prices)
    return Buttons(texts, language).look(text, values)


def offer(texts: Texts, language: str, prices: PriceList, values: Mapping[str, Any]) -> InlineKeyboardMarkup:
    """Offer what a job waits for: the cheapest package that covers it, and all that waits, or more."""
    enough, for_all = prices.covering(values["missing"]), prices.covering(values["missing_all"])
    buttons = [_package(texts, language, "package-button", enough)]
    if for_all != enough:
        buttons.append(_package(texts, language, "enough-all-button", for_all))
    elif larger := [package for package in prices if package.credits > enough.credits]:
        next_one = min(larger, key=lambda package: package.credits)
        buttons.append(_package(texts, language, "package-button", next_one))
    return _rows(*buttons, *_files(texts, language, values), _stop(texts, language, "cancel-button", values))


def open_jobs(
    texts: Texts, language: str, found: Sequence[Job], *, can_be_first: bool
) -> InlineKeyboardMarkup:
    """Under a list of jobs: for each a button to stop it, and for all but the first to do it first."""
    rows = []
    for n, job in enumerate(found[:LISTED], start=1):
        label = texts.say("cancel-one-button", language, n=str(n))
        row = [InlineKeyboardButton(text=label, callback_data=f"{STOP}{job.id}")]
        if can_be_first and n > 1 and job.state is not JobState.RUNNING:
            label = texts.say("first-button", language, n=str(n))
            row.append(InlineKeyboardButton(text=label, callback_data=f"{FIRST}{job.id}"))
        rows.append(row)
    return InlineKeyboardMarkup(inline_keyboard=rows)


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


def _stop(texts: Texts, language: str, label: str, values: Mapping[str, Any]) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=texts.say(label, language), callback_data=f"{STOP}{values['job']}")


def _again(texts: Texts, language: str, job_id: int) -> InlineKeyboardButton:
    label = texts.say("order-again-button", language)
    return InlineKeyboardButton(text=label, callback_data=f"{AGAIN}{job_id}")


def _files(texts: Texts, language: str, values: Mapping[str, Any]) -> list[InlineKeyboardButton]:
    if not values["files"]:
        return []
    data = f"{FILES}{values['job']}"
    return [InlineKeyboardButton(text=texts.say("files-button", language), callback_data=data)]


def _rows(*buttons: InlineKeyboardButton) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(inline_keyboard=[[button] for button in buttons])
