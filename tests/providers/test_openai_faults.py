"""Whose fault an endpoint's error is, by error answers as endpoints really send them."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot_platform.providers.openai.faults import Fault, of_refusal, of_stream_error

# The shapes and codes are those of real endpoints.
ANSWERS = json.loads(Path(__file__).with_name("error_answers.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("answer", ANSWERS, ids=str)
def test_an_error_answer_is_whose_it_really_is(answer: dict[str, Any]) -> None:
    assert of_refusal(answer["status"], answer["body"]) == answer["fault"]


@pytest.mark.parametrize(
    "odd", [None, [], [[]], 5, "", {"error": None}, {"error": []}, {"error": {"message": {"a": [1]}}}]
)
@pytest.mark.parametrize("status", [*range(400, 432), *range(500, 512)])
def test_no_shape_of_an_answer_breaks_the_judgement(status: int, odd: object) -> None:
    assert of_refusal(status, odd) in Fault


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        ({"code": 502, "message": "Provider returned error"}, Fault.DOWN),
        ({"code": 429, "message": "x"}, Fault.BUSY),
        ({"code": "rate_limit_exceeded", "message": "x"}, Fault.BUSY),
        ({"code": 403, "message": "x", "metadata": {"reasons": ["a"]}}, Fault.REFUSED),
        ({"message": "context length"}, Fault.TOO_LONG),
        ("anything", Fault.DOWN),
        ({"code": "402"}, Fault.PURSE),
    ],
    ids=str,
)
def test_an_error_inside_a_stream_is_judged_by_its_own_code(error: object, fault: Fault) -> None:
    assert of_stream_error(error) is fault
