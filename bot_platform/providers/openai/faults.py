"""Whose fault an endpoint's error is: the status alone does not say, so the body is read as well."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any


class Fault(StrEnum):
    """What went wrong; each is the name of the text that a person reads."""

    DOWN = "model-down"  # the endpoint: it does not answer, or only with errors of its own
    CUT = "model-cut"  # the endpoint: it broke off
    BUSY = "model-busy"  # no fault: try again in a few minutes
    REFUSED = "model-refused"  # the request: its content is not wanted
    TOO_LONG = "model-too-long"  # the request: more than the model can read
    LENGTH = "model-length"  # the limit of the answer was reached
    THOUGHT = "model-thought"  # reasoning took all of that limit
    SETUP = "model-misconfigured"  # the operator: key, address, model
    PURSE = "model-out-of-credit"  # the operator: the endpoint wants to be paid


# Words by which endpoints tell the kinds apart; the first kind with a word in the error wins.
WORDS: Sequence[tuple[Fault, Sequence[str]]] = (
    (
        Fault.PURSE,
        (
            "insufficient_quota",
            "insufficient balance",
            "insufficient_balance",
            "insufficient credits",
            "billing_hard_limit",
            "billing_not_active",
            "payment required",
            "exceeded your current quota",
            "credit balance is too low",
            "out of credits",
            "no credits",
        ),
    ),
    (
        Fault.TOO_LONG,
        (
            "context_length_exceeded",
            "context length",
            "context window",
            "maximum context",
            "too many tokens",
            "prompt is too long",
            "input is too long",
            "request too large for model",
            "exceed_context_size",
            "exceeds the available context",
            "max_prompt_tokens",
        ),
    ),
    (
        Fault.REFUSED,
        (
            "content_policy_violation",
            "content_filter",
            "content management policy",
            "moderation",
            "responsibleaipolicy",
            "safety system",
            "data_inspection_failed",
            "content exists risk",
            "flagged",
            "prohibited_content",
        ),
    ),
    (
        Fault.BUSY,
        (
            "rate_limit",
            "rate limit",
            "tokens per minute",
            "requests per minute",
            "too many requests",
            "overloaded",
            "capacity",
            "server_busy",
            "engine_overloaded",
            "queue is full",
        ),
    ),
    (
        Fault.SETUP,
        (
            "model_not_found",
            "model not exist",
            "model does not exist",
            "does not exist",
            "not a valid model",
            "no such model",
            "unknown model",
            "invalid model",
            "model is not supported",
            "decommissioned",
            "deprecated",
            "has been retired",
            "not found, try pulling",
            "unsupported_model",
            "invalid_api_key",
            "incorrect api key",
            "api key not valid",
            "authentication",
            "organization must be verified",
            "must be verified",
            "permission",
            "not authorized",
            "unauthorized",
            "not allowed to",
            "region",
            "no endpoints found",
        ),
    ),
)
# What a status says where the words do not; every other one below 500 is the set-up's fault. A 400 that
# names nothing known counts as refused: a run of refusals reaches the operator too.
STATUSES = {
    400: Fault.REFUSED,
    402: Fault.PURSE,
    408: Fault.DOWN,
    409: Fault.BUSY,
    413: Fault.TOO_LONG,
    422: Fault.REFUSED,
    425: Fault.BUSY,
    429: Fault.BUSY,
    498: Fault.BUSY,  # Groq: no capacity left
    503: Fault.BUSY,
}
RATE = ("rate_limit", "tokens per min")  # too much for this minute, which a smaller context does not say
READ = ("code", "type", "status", "param", "message", "detail", "error", "msg")
CLIENT_ERRORS, SERVER_ERRORS = range(400, 500), range(500, 600)
UNAUTHORIZED = 401


def of_refusal(status: int, body: object) -> Fault:
    """Tell whose fault an error answer is, by its status and its body (JSON, or any text)."""
    error = _error(body)
    if _is_page(body):
        return Fault.DOWN if status in SERVER_ERRORS else Fault.SETUP
    if _has_reasons(error):  # OpenRouter names what its moderation found
        return Fault.REFUSED
    words = " ".join(_words(error)).lower()
    found = next((fault for fault, known in WORDS if any(word in words for word in known)), None)
    if found is Fault.TOO_LONG and any(word in words for word in RATE):
        return Fault.BUSY
    if found is Fault.SETUP and status in SERVER_ERRORS:
        return Fault.DOWN
    if found is Fault.BUSY and status == UNAUTHORIZED:
        return Fault.SETUP
    if found:
        return found
    if status in SERVER_ERRORS:
        return STATUSES.get(status, Fault.DOWN)
    return STATUSES.get(status, Fault.SETUP)


def of_stream_error(error: object) -> Fault:
    """Tell whose fault an `error` object inside a stream is."""
    told = _error(error)
    status = told.get("code") if isinstance(told, Mapping) else None
    if type(status) is str and status.isdigit():
        status = int(status)
    if type(status) is not int or status not in {*CLIENT_ERRORS, *SERVER_ERRORS}:
        status = 500
    return of_refusal(status, {"error": told})


def _error(body: object) -> object:
    """Find the error object: OpenAI nests it, others do not, some send a list of one."""
    if isinstance(body, Sequence) and not isinstance(body, (str, bytes)) and body:
        body = body[0]
    if isinstance(body, Mapping) and isinstance(body.get("error"), Mapping):
        return body["error"]
    return body


def _words(error: object) -> list[str]:
    """Collect what the error says, nested objects included; the person's own words may be among them."""
    if isinstance(error, Mapping):
        return [word for name in READ if name in error for word in _words(error[name])]
    if isinstance(error, (list, tuple)):
        return [word for one in error for word in _words(one)]
    return [str(error)] if error is not None else []


def _has_reasons(error: object) -> bool:
    metadata: Any = error.get("metadata") if isinstance(error, Mapping) else None
    return isinstance(metadata, Mapping) and bool(metadata.get("reasons"))


def _is_page(body: object) -> bool:
    return isinstance(body, str) and body.lstrip()[:15].lower().startswith(("<!doctype", "<html"))
