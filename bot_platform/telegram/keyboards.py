"""The buttons under a screen's own messages, and the data by which a button's press is recognised."""

from collections.abc import Sequence

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from bot_platform.domain.errors import NoSuchPackage
from bot_platform.domain.jobs import Job, JobState
from bot_platform.domain.packages import Package, PriceList
from bot_platform.telegram.texts import Texts

PAID = "paid:"  # followed by the id of the purchase that the buyer says they have paid
WORDS = "words:"  # followed by a kind of work, which is ordered by the words alone of a message
STOP, FIRST, FILES, AGAIN = "stop:", "first:", "files:", "again:"  # followed by the id of a job
MAX_LISTED = 10  # jobs shown at once: more buttons are no longer a list to choose from


def shop(texts: Texts, language: str, prices: PriceList) -> InlineKeyboardMarkup:
    """One row for each package; the button's data is the package's code."""
    return InlineKeyboardMarkup(
        inline_keyboard=[[package_button(texts, language, "package-button", package)] for package in prices]
    )


def again(texts: Texts, language: str, prices: PriceList, code: str) -> InlineKeyboardMarkup | None:
    """One button to buy a package once more; None when it is no longer on sale."""
    try:
        package = prices.get(code)
    except NoSuchPackage:
        return None
    return InlineKeyboardMarkup(inline_keyboard=[[package_button(texts, language, "again-button", package)]])


def open_jobs(
    texts: Texts, language: str, found: Sequence[Job], *, can_be_first: bool
) -> InlineKeyboardMarkup:
    """Under a list of jobs: for each a button to stop it, and for all but the first one to do it first."""
    rows = []
    for n, job in enumerate(found[:MAX_LISTED], start=1):
        label = texts.say("cancel-one-button", language, n=str(n))
        row = [InlineKeyboardButton(text=label, callback_data=f"{STOP}{job.id}")]
        if can_be_first and n > 1 and job.state is not JobState.RUNNING:
            label = texts.say("first-button", language, n=str(n))
            row.append(InlineKeyboardButton(text=label, callback_data=f"{FIRST}{job.id}"))
        rows.append(row)
    return InlineKeyboardMarkup(inline_keyboard=rows)


def package_button(texts: Texts, language: str, label: str, package: Package) -> InlineKeyboardButton:
    """Make the button that buys a package; `label` names the text on it."""
    price = {"credits": package.credits, "amount": package.amount, "currency": package.currency}
    return InlineKeyboardButton(text=texts.say(label, language, **price), callback_data=package.code)
