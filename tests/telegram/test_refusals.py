"""A refusal is written for the channel in which it is read: Telegram, a page, or the console."""

import pytest

from bot_platform.domain.errors import BooksBroken, CannotRefund, Refusal
from bot_platform.telegram.refusals import Channel, explain
from bot_platform.telegram.texts import Texts

SPENT = CannotRefund("refund-spent", needed=10_000, available=3_000)


@pytest.mark.parametrize(
    ("channel", "hint"),
    [
        (Channel.USER, ""),
        (Channel.TELEGRAM, " Write the refund again: I then show you the debt before anything is returned."),
        (
            Channel.PAGE,
            " Go back and tick the box to return the money all the same: the missing credits become a debt.",
        ),
        (
            Channel.CONSOLE,
            " With --force the money is returned all the same, and the missing credits become a debt.",
        ),
    ],
)
def test_each_channel_names_its_own_way_to_refund_spent_credits(channel: Channel, hint: str) -> None:
    fact = "The credits are spent: the refund takes back 100.00 and 30.00 are there."
    assert explain(SPENT, channel, Texts().say) == fact + hint


def test_broken_books_are_the_users_own_for_a_user_and_an_account_for_an_operator() -> None:
    say = Texts().say
    assert "the record of your credits" in explain(BooksBroken(), Channel.USER, say)
    for channel in (Channel.TELEGRAM, Channel.PAGE, Channel.CONSOLE):
        assert explain(BooksBroken(), channel, say).startswith("The books of this account are off")


def test_a_refusal_that_is_not_in_the_table_has_the_same_text_in_every_channel() -> None:
    said = {explain(Refusal("server-error"), channel, Texts().say) for channel in Channel}
    assert said == {"A server error occurred. Please try again later."}
