"""The types that the table of notices is made of: what is rendered, how, and what comes out."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity

from bot_platform.domain.packages import PriceList
from bot_platform.telegram.operator_buttons import Buttons
from bot_platform.telegram.texts import Texts


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A notice and the means to write it: the name of its text, its values, and the reader's language.

    `local_links` says whether Telegram accepts a button with a link to this machine (the sandbox does).
    """

    name: str
    values: Mapping[str, Any]
    texts: Texts
    language: str
    prices: PriceList
    local_links: bool

    @property
    def operator_buttons(self) -> Buttons:
        """Buttons for operators, in the reader's language."""
        return Buttons(self.texts, self.language)

    def say(self, name: str, /, **more: Any) -> str:
        """Write a text with the values of the notice, and `more`."""
        return self.texts.say(name, self.language, **{**self.values, **more})

    def button(self, label: str, data: str, **values: Any) -> InlineKeyboardButton:
        """Make a button by the name of its label."""
        return InlineKeyboardButton(text=self.texts.say(label, self.language, **values), callback_data=data)


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message as Telegram gets it; `entities` format the text, `file` makes it a document."""

    text: str
    buttons: InlineKeyboardMarkup | None = None
    entities: list[MessageEntity] | None = None
    file: BufferedInputFile | None = None


ButtonsOf = Callable[[NoticeView], InlineKeyboardMarkup | None]
BodyOf = Callable[[NoticeView], Awaitable[OutgoingMessage]]


def no_buttons(_: NoticeView) -> None:
    """Put no buttons under the message."""


async def plain_text(view: NoticeView) -> OutgoingMessage:
    """Write the text of the notice's name."""
    return OutgoingMessage(view.say(view.name))


@dataclass(frozen=True, slots=True)
class Rendering:
    """How one kind of notice is rendered; the defaults make a plain text without buttons.

    `passing`: a later text of the same message replaces it, so it is no loss when Telegram refuses it.
    """

    buttons: ButtonsOf = no_buttons
    body: BodyOf = plain_text
    passing: bool = False
