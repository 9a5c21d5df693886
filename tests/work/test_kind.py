"""A kind of work is a command with a price; a bad one is refused where it is defined."""

import pytest

from bot_platform.work.catalog import found_kinds
from bot_platform.work.engine.kind import JobContext, JobKind, Order, Quote, by_usage, kind
from bot_platform.work.engine.model import Message, Rates

RATES = Rates(10, 40)


async def chore(_: JobContext) -> str:
    """Do nothing."""
    return "done"


@pytest.mark.parametrize("code", ["", "Ask", "1st", "two words", "x" * 33, "é", "a-b"])
def test_a_code_that_telegram_does_not_accept_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="cannot be a command"):
        kind(code, "help", price=1)


@pytest.mark.parametrize("price", [0, -1])
def test_paid_work_must_have_a_price(price: int) -> None:
    with pytest.raises(ValueError, match="at least"):
        kind("chore", "help", price=price)


def test_a_fixed_price_is_the_quote() -> None:
    made = kind("chore", "help", price=50)(chore)
    assert isinstance(made, JobKind)
    assert made.fixed
    assert made.price(Order("whatever"), RATES) == Quote(50, 50)


def test_a_price_by_usage_grows_with_the_whole_prompt() -> None:
    quote = by_usage(1000, Message("system", "x" * 200))
    assert quote(Order(""), RATES) == Quote(41, 41), "1000 written, and 200 bytes read at 2 a token"
    before = (Message("user", "y" * 2000),)
    assert quote(Order("z" * 2000, before), RATES) == Quote(61, 61)


def test_the_kinds_that_ship_are_found() -> None:
    assert {"ask", "build"} <= found_kinds().keys()
    assert all(found.help and found.needs_model for found in found_kinds().values())
