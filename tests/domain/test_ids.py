"""An id is read from the texts that users and buttons send; any other text is none."""

import pytest

from bot_platform.domain.ids import MAX_ID, parse_id


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("007", 7), (str(MAX_ID), 2**63 - 1)])
def test_ascii_digits_are_an_id(text: str, number: int) -> None:
    assert parse_id(text) == number


@pytest.mark.parametrize(
    "text",
    ["", "0", "-1", "+1", " 1", "1\n", "1_0", "1.0", "0x1", "one", "²", "\u0661", str(2**63), "9" * 5000],
)
def test_any_other_text_is_none(text: str) -> None:
    assert parse_id(text) is None
