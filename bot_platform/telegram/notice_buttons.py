"""The buttons under notices; each function builds those of one kind of notice from its values."""

from urllib.parse import urlsplit

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from bot_platform.telegram import keyboards
from bot_platform.telegram.keyboards import package_button
from bot_platform.telegram.operator_buttons import rows, to
from bot_platform.telegram.rendering import NoticeView

LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}


def pay(view: NoticeView) -> InlineKeyboardMarkup:
    """Pay by the link, and say that one has paid."""
    label = view.texts.say("pay-button", view.language)
    link = [] if is_link_refused(view) else [InlineKeyboardButton(text=label, url=view.values["url"])]
    return rows(link, [view.button("paid-button", f"{keyboards.PAID}{view.values['purchase']}")])


def is_link_refused(view: NoticeView) -> bool:
    """Whether Telegram refuses a button with the notice's link: it accepts none to this machine."""
    return not view.local_links and urlsplit(view.values["url"]).hostname in LOCAL_HOSTS


def buy_again(view: NoticeView) -> InlineKeyboardMarkup | None:
    """Buy the same package, while it is on sale."""
    return keyboards.again(view.texts, view.language, view.prices, view.values["package"])


def shop(view: NoticeView) -> InlineKeyboardMarkup:
    """Buy any package."""
    return keyboards.shop(view.texts, view.language, view.prices)


def offer(view: NoticeView) -> InlineKeyboardMarkup:
    """Offer two packages to a job that waits for credits: the cheapest that lets it go on, and a larger one.

    The larger one covers all that waits; where the first one does that too, it is the next larger one.
    """
    prices, say = view.prices, (view.texts, view.language)
    enough, for_all = prices.covering(view.values["missing"]), prices.covering(view.values["missing_all"])
    packages = [package_button(*say, "package-button", enough)]
    if for_all != enough:
        covers_all = for_all.credits >= view.values["missing_all"]
        packages.append(
            package_button(*say, "enough-all-button" if covers_all else "package-button", for_all)
        )
    elif larger := [package for package in prices if package.credits > enough.credits]:
        packages.append(
            package_button(*say, "package-button", min(larger, key=lambda package: package.credits))
        )
    return rows(*([button] for button in packages), _files(view), _stop(view, "cancel-button"))


def words_alone(view: NoticeView) -> InlineKeyboardMarkup | None:
    """Order the work by the words of the message alone, if there are any."""
    if not view.values["words"]:
        return None
    return rows([view.button("words-alone-button", f"{keyboards.WORDS}{view.values['kind']}")])


def stop(view: NoticeView) -> InlineKeyboardMarkup:
    """Get the finished files, and stop the job that runs."""
    return rows(_files(view), _stop(view, "stop-button"))


def cancel(view: NoticeView) -> InlineKeyboardMarkup:
    """Get the finished files, and cancel the job that waits."""
    return rows(_files(view), _stop(view, "cancel-button"))


def files(view: NoticeView) -> InlineKeyboardMarkup | None:
    """Get the finished files, if there are any."""
    found = _files(view)
    return rows(found) if found else None


def order_again(view: NoticeView) -> InlineKeyboardMarkup:
    """Get the finished files, and order the same work again."""
    again = view.button("order-again-button", f"{keyboards.AGAIN}{view.values['job']}")
    return rows(_files(view), [again])


def look_at_event(view: NoticeView) -> InlineKeyboardMarkup:
    """Show the event to the operator."""
    return view.operator_buttons.to_event(view.values["number"])


def look_at_purchase(view: NoticeView) -> InlineKeyboardMarkup | None:
    """Show the purchase to the operator, if the notice names one."""
    return view.operator_buttons.to_purchase(view.values["purchase"])


def look_at_user(view: NoticeView) -> InlineKeyboardMarkup:
    """Show the user to the operator."""
    return rows([view.button("person-button", to("person", view.values["user"]))])


def look_at_lost(view: NoticeView) -> InlineKeyboardMarkup:
    """Show the operator the user that a lost message was for, and the purchase that it was about."""
    purchase = view.values["number"] if view.values["about"] == "purchase" else "none"
    below = view.operator_buttons.to_purchase(purchase)
    return rows(*look_at_user(view).inline_keyboard, *(below.inline_keyboard if below else []))


def look_at_sender(view: NoticeView) -> InlineKeyboardMarkup | None:
    """Show the user to the operator, if it is known who it is."""
    return look_at_user(view) if view.values["user"] != "none" else None


def confirm_refund(view: NoticeView) -> InlineKeyboardMarkup:
    """Refund what the draft shows, or drop it."""
    money = {"amount": view.values["amount"], "currency": view.values["currency"]}
    draft = view.values["draft"]
    yes = view.button("refund-yes-button", to("payback", draft), **money)
    return rows([yes, view.button("no-button", to("keep", draft))])


def confirm_broadcast(view: NoticeView) -> InlineKeyboardMarkup:
    """Send the broadcast that the draft shows, or drop it."""
    draft = view.values["draft"]
    yes = view.button("say-yes-button", to("tell", draft), people=str(view.values["people"]))
    return rows([yes, view.button("no-button", to("drop", draft))])


def stop_broadcast(view: NoticeView) -> InlineKeyboardMarkup | None:
    """Stop the broadcast while it is being sent."""
    return view.operator_buttons.stop_broadcast(view.values)


def _stop(view: NoticeView, label: str) -> list[InlineKeyboardButton]:
    return [view.button(label, f"{keyboards.STOP}{view.values['job']}")]


def _files(view: NoticeView) -> list[InlineKeyboardButton]:
    if not view.values["files"]:
        return []
    return [view.button("files-button", f"{keyboards.FILES}{view.values['job']}")]
