"""The buttons of operators; the data of a button names its action and its object."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from bot_platform.domain.inbox import Event
from bot_platform.domain.ledger import Account
from bot_platform.domain.purchases import Purchase
from bot_platform.domain.users import User
from bot_platform.telegram.texts import Texts

PREFIX = "admin:"
BUTTONS_IN_A_ROW = 5


def to(verb: str, *objects: object) -> str:
    """Write the data of a button: `admin:<verb>:<object>`."""
    return f"{PREFIX}{verb}:{':'.join(str(one) for one in objects)}"


def about(data: str | None) -> str:
    """Read the object from the data of a button."""
    return (data or "").removeprefix(PREFIX).partition(":")[2]


class Buttons:
    """Makes buttons in an operator's language."""

    def __init__(self, texts: Texts, language: str) -> None:
        self._texts, self._language = texts, language

    def one(self, label: str, data: str, **values: Any) -> InlineKeyboardButton:
        """Make one button by the name of its text."""
        return InlineKeyboardButton(text=self._texts.say(label, self._language, **values), callback_data=data)

    def today(self, failed: int, broadcast: int | None) -> InlineKeyboardMarkup:
        """Under the report of the day; `failed` counts events, `broadcast` is the id of the running one."""
        above = [self.one("failed-button", to("failed"), n=failed)] if failed else []
        below = [self.one("said-button", to("said", broadcast))] if broadcast else []
        both = [self.one("waits-button", to("waits")), self.one("sales-button", to("sales"))]
        return rows(above, both, below)

    def numbered(self, verb: str, ids: Sequence[object]) -> InlineKeyboardMarkup:
        """Under a numbered list: a button for each item, by its id."""
        each = [self.one("nth-button", to(verb, one), n=str(n)) for n, one in enumerate(ids, start=1)]
        return rows(
            *(each[first : first + BUTTONS_IN_A_ROW] for first in range(0, len(each), BUTTONS_IN_A_ROW))
        )

    def user(self, user: User, account: Account) -> InlineKeyboardMarkup:
        """Under a user."""
        number = user.telegram_id
        ban = ("unban-button", "unban") if account.banned else ("ban-button", "ban")
        unfreeze = [self.one("lift-button", to("lift", number))] if account.frozen else []
        return rows(
            [self.one("life-button", to("life", number)), self.one(ban[0], to(ban[1], number))], unfreeze
        )

    def purchase(self, purchase: Purchase, telegram_id: int) -> InlineKeyboardMarkup:
        """Under a purchase."""
        user = self.one("person-button", to("person", telegram_id))
        check = self.one("check-button", to("check", purchase.id))
        refund = [self.one("refund-button", to("refund", purchase.id))] if purchase.was_paid else []
        return rows([check, *refund], [user])

    def event(self, event: Event) -> InlineKeyboardMarkup:
        """Under an event; the replay applies to its present state only."""
        return rows([self.one("replay-button", to("replay", event.id, stamp(event)))])

    def stop_broadcast(self, progress: Mapping[str, Any]) -> InlineKeyboardMarkup | None:
        """Under the progress of a broadcast: stop it, while it is being sent."""
        if progress["state"] != "running":
            return None
        return rows([self.one("halt-button", to("halt", progress["broadcast"]))])

    def to_event(self, number: int) -> InlineKeyboardMarkup:
        """Show an event."""
        return rows([self.one("look-button", to("event", number))])

    def to_purchase(self, number: str) -> InlineKeyboardMarkup | None:
        """Show a purchase; None if there is none."""
        if number == "none":
            return None
        return rows([self.one("purchase-button", to("purchase", number), purchase=number)])


def stamp(event: Event) -> int:
    """Return the version of an event's state (unix ms): a replay button is valid for one version."""
    return int(event.handled_at.timestamp() * 1000) if event.handled_at else 0


def rows(*lines: Sequence[InlineKeyboardButton]) -> InlineKeyboardMarkup:
    """Put buttons into rows; empty rows are left out."""
    return InlineKeyboardMarkup(inline_keyboard=[list(line) for line in lines if line])
