"""A log names the class and the place of an error, and never its message."""

import pytest

from bot_platform.infra import safe_errors


def test_an_error_is_described_by_its_type_and_place() -> None:
    with pytest.raises(ValueError, match="what somebody asked") as caught:
        int("what somebody asked")
    said = safe_errors.describe(caught.value)
    assert said["error"] == "ValueError"
    assert said["where"].partition(":")[0].endswith("test_safe_errors.py")
    assert "asked" not in str(said)


def test_an_error_that_was_never_raised_has_no_place() -> None:
    assert safe_errors.describe(ValueError("x")) == {"error": "ValueError", "where": ""}
