"""Whose fault an endpoint's error is, by error answers as endpoints really send them."""

import json

import pytest

from bot_platform.providers.openai.faults import Fault, of_refusal, of_stream_error

SETUP = [
    (
        400,
        '{"error":{"message":"Model Not Exist","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}',
    ),
    (
        404,
        '{"error":{"message":"The model `gpt-9` does not exist or you do not have access to it.","code":"model_not_found"}}',
    ),
    (404, '{"error":"model \\"llama9\\" not found, try pulling it first"}'),
    (400, '{"error":{"message":"some/model is not a valid model ID","code":400}}'),
    (404, '{"error":{"message":"No endpoints found for some/model.","code":404}}'),
    (401, '{"error":{"message":"Incorrect API key provided: sk-***","code":"invalid_api_key"}}'),
    (
        400,
        '[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}]',
    ),
    (403, '{"error":{"message":"Your organization must be verified to use the model."}}'),
    (
        403,
        '{"error":{"code":"unsupported_country_region_territory","message":"Country, region, or territory not supported"}}',
    ),
    (403, "{}"),
    (404, "<!DOCTYPE html><html><title>404</title></html>"),
    (200 + 205, "{}"),
]
PURSE = [
    (
        429,
        '{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","code":"insufficient_quota"}}',
    ),
    (
        402,
        '{"error":{"message":"Insufficient Balance","type":"unknown_error","code":"invalid_request_error"}}',
    ),
    (
        402,
        '{"error":{"message":"Insufficient credits. Add more using https://example.com/credits","code":402}}',
    ),
    (
        400,
        '{"error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the API."}}',
    ),
    (402, "{}"),
]
REFUSED = [
    (
        403,
        '{"error":{"code":403,"message":"Input was flagged","metadata":{"reasons":["violence"],"flagged_input":"..."}}}',
    ),
    (403, '{"error":{"code":403,"message":"x","metadata":{"reasons":["sexual"]}}}'),
    (
        400,
        '{"error":{"code":"content_policy_violation","message":"Your request was rejected as a result of our safety system."}}',
    ),
    (
        400,
        '{"error":{"message":"The response was filtered due to the prompt triggering content management policy.","code":"content_filter","status":400}}',
    ),
    (
        400,
        '{"error":{"code":"data_inspection_failed","message":"Input data may contain inappropriate content."}}',
    ),
    (400, '{"error":{"message":"something that no list knows"}}'),
    (422, '{"detail":[{"type":"missing"}]}'),
]
TOO_LONG = [
    (
        400,
        '{"error":{"message":"This model\'s maximum context length is 8192 tokens.","code":"context_length_exceeded"}}',
    ),
    (400, '{"object":"error","message":"This model\'s maximum context length is 4096 tokens","code":40303}'),
    (
        400,
        '{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error","n_ctx":4096}}',
    ),
    (413, "{}"),
]
BUSY = [
    (
        429,
        '{"error":{"message":"Rate limit reached for requests","type":"requests","code":"rate_limit_exceeded"}}',
    ),
    (
        413,
        '{"error":{"message":"Request too large: tokens per minute (TPM): Limit 6000, Requested 9000","type":"tokens","code":"rate_limit_exceeded"}}',
    ),
    (498, '{"error":{"message":"Flex tier capacity exceeded"}}'),
    (503, '{"error":{"message":"The engine is currently overloaded, please try again later"}}'),
    (529, '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'),
    (429, "{}"),
]
DOWN = [
    (
        500,
        '{"error":{"message":"The server had an error while processing your request.","type":"server_error"}}',
    ),
    (502, "<html><title>502 Bad Gateway</title></html>"),
    (500, '{"error":{"message":"permission denied: /var/lib/model"}}'),
    (504, ""),
    (408, "{}"),
]
EVERY = [
    *((Fault.SETUP, *one) for one in SETUP),
    *((Fault.PURSE, *one) for one in PURSE),
    *((Fault.REFUSED, *one) for one in REFUSED),
    *((Fault.TOO_LONG, *one) for one in TOO_LONG),
    *((Fault.BUSY, *one) for one in BUSY),
    *((Fault.DOWN, *one) for one in DOWN),
]


def _body(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


@pytest.mark.parametrize(("fault", "status", "text"), EVERY)
def test_an_error_answer_is_whose_it_really_is(fault: Fault, status: int, text: str) -> None:
    assert of_refusal(status, _body(text)) is fault


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
