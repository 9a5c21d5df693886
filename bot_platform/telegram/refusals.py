"""The words of every refusal, one line each, for every channel in which it can be read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot_platform.domain.errors import Refusal
from bot_platform.telegram.texts import Say


class Channel(StrEnum):
    """Who reads a refusal, and where: a user, or an operator in one of three places."""

    USER = "user"
    TELEGRAM = "telegram"
    PAGE = "page"
    CONSOLE = "console"


@dataclass(frozen=True, slots=True)
class Wording:
    """The names of texts that differ from the refusal's own.

    `for_operators` replaces it where its words are for a user only; `hints` add a sentence in one channel.
    """

    for_operators: str = ""
    hints: Mapping[Channel, str] = field(default_factory=dict)


SAME = Wording()  # the refusal's own text, in every channel

WORDINGS: Mapping[str, Wording] = {
    # Users
    "no-account": SAME,
    "no-such-package": SAME,
    "no-payment-link": SAME,
    "mock-failed": SAME,
    "not-enough": SAME,
    "account-frozen": SAME,
    "account-banned": SAME,
    "books-broken": Wording(for_operators="books-broken-operator"),
    "no-such-purchase": SAME,
    "cannot-ask-now": SAME,
    "link-not-in-use": SAME,
    "no-such-job": SAME,
    "too-many-jobs": SAME,
    "work-not-set-up": SAME,
    "work-says-nothing": SAME,
    "order-words-gone": SAME,
    # Refunds
    "refund-no-purchase": SAME,
    "refund-not-paid": SAME,
    "refund-kept-aside": SAME,
    "refund-no-way": Wording(hints={Channel.PAGE: "refund-no-way-hint-page"}),
    "refund-too-much": SAME,
    "refund-spent": Wording(
        hints={
            Channel.TELEGRAM: "refund-spent-hint-telegram",
            Channel.PAGE: "refund-spent-hint-page",
            Channel.CONSOLE: "refund-spent-hint-console",
        }
    ),
    "refund-debt-grew": SAME,
    "paysupport-too-many": SAME,
    # Grants
    "grant-id-used": Wording(hints={Channel.PAGE: "grant-id-used-hint-page"}),
    "grant-too-much": SAME,
    # The operator's commands in Telegram
    "admin-found-nothing": SAME,
    "admin-not-a-person": SAME,
    "admin-not-a-purchase": SAME,
    "admin-how-grant": SAME,
    "admin-how-refund": SAME,
    "admin-how-who": SAME,
    "admin-how-say": SAME,
    "admin-say-words-only": SAME,
    "admin-reason-too-long": SAME,
    "admin-draft-gone": SAME,
    "admin-say-one-runs": SAME,
    "admin-say-too-long": SAME,
}


def explain(refusal: Refusal, channel: Channel, say: Say) -> str:
    """Write a refusal for one channel, by means of `say`."""
    wording = WORDINGS.get(refusal.text, SAME)
    own = refusal.text if channel is Channel.USER else wording.for_operators or refusal.text
    hint = wording.hints.get(channel)
    return " ".join(say(name, **refusal.values_for_text) for name in (own, hint) if name)
