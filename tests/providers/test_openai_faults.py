"""Whose fault an endpoint's error is, by error answers as endpoints really send them."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot_platform.providers.openai.faults import Fault
from bot_platform.providers.openai.refusals import of_refusal, of_stream_error
from bot_platform.telegram.notices import RENDERINGS
from bot_platform.telegram.texts import Texts

# The shapes and codes are those of real endpoints.
ANSWERS = json.loads(Path(__file__).with_name("error_answers.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("fault", Fault)
def test_each_fault_is_explained(fault: Fault) -> None:
    assert fault in RENDERINGS
    assert "Nothing was charged." in Texts().say(fault, charged=0)


@pytest.mark.parametrize("answer", ANSWERS, ids=str)
def test_an_error_answer_is_whose_it_really_is(answer: dict[str, Any]) -> None:
    assert of_refusal(answer["status"], answer["body"]) == answer["fault"]


@pytest.mark.parametrize(
    "odd",
    [
        *(None, [], [[]], 5, "", {"error": None}, {"error": []}, {"error": {"message": {"a": [1]}}}),
        *({"error": "[" * 9000}, {"error": {"metadata": {"raw": "{"}}}, {"code": {"b": 1}, "type": ["a"]}),
        json.loads('{"error":{"message":[' * 200 + '"x"' + "]}}" * 200),
    ],
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
        ({"code": "invalid_api_key"}, Fault.SETUP),
        (
            {
                "object": "error",
                "message": "Requested token count exceeds the model's maximum context length of 196608.",
                "type": "BadRequestError",
                "code": 400,
            },
            Fault.TOO_LONG,
        ),
        ({"message": "Model Not Exist"}, Fault.SETUP),
        ("Model Not Exist", Fault.SETUP),
        ({"code": "server_error", "message": "Provider disconnected"}, Fault.DOWN),
        ({"code": 500, "message": "permission denied: /var/lib/model"}, Fault.DOWN),
        ({"code": 502, "message": "x", "metadata": {"raw": "insufficient balance"}}, Fault.PURSE),
        ("<html>", Fault.DOWN),
    ],
    ids=str,
)
def test_an_error_inside_a_stream_is_judged_by_its_own_code(error: object, fault: Fault) -> None:
    assert of_stream_error(error) is fault
