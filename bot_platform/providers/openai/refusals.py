"""Whose fault an endpoint's error is: the status alone does not say, so the body is read as well."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot_platform.providers.openai.faults import CODES, MESSAGES, STATUSES, VAGUE, Fault

RATE = ("rate_limit", "tokens per min")  # too much for this minute, which a smaller context does not say
RETRY = re.compile(r"per[ -]?minute|(retry|try again) (in|after) \d")  # a purse is not filled by waiting
NEVER = re.compile(
    r"limit: 0\b"
)  # Gemini: a model that the free tier does not have, whatever it says of waiting
# The insides of an error, in the order in which they are believed.
NESTED = ("metadata", "raw", "innererror", "error", "details", "message", "error_message", "detail", "msg")
NAMES = ("code", "type", "error_type", "status", "reason")
MAX_DEPTH = 8
SYMBOL = re.compile(r"[\w.:-]{1,80}")  # some write sentences where a code belongs
CLIENT_ERRORS, SERVER_ERRORS = range(400, 500), range(500, 600)
UNAUTHORIZED, UNPROCESSABLE = 401, 422


def of_refusal(status: int | None, body: object) -> Fault:
    """Tell whose fault an error answer is, by its status and its body (JSON, or any text).

    None stands for an error without a status, inside a stream.
    """
    error = _error(body)
    if _is_page(body):
        return Fault.DOWN if status is None or status in SERVER_ERRORS else Fault.SETUP
    if _has_reasons(error):  # OpenRouter names what its moderation found
        return Fault.REFUSED
    said = list(_said(error))
    codes = [text for is_code, text in said if is_code]
    messages = [text for is_code, text in said if not is_code]
    found = _of_codes(codes) or _of_messages(messages, status)
    if found is Fault.BUSY and status == UNAUTHORIZED:
        return Fault.SETUP
    return found or _of_status(status, is_silent=not said)


def of_stream_error(error: object) -> Fault:
    """Tell whose fault an `error` inside a stream is."""
    told = _error(error)
    status = told.get("code") if isinstance(told, Mapping) else None
    if type(status) is str and status.isdigit():
        status = int(status)
    if type(status) is not int or status not in {*CLIENT_ERRORS, *SERVER_ERRORS}:
        status = None
    return of_refusal(status, told)


def _of_codes(codes: Sequence[str]) -> Fault | None:
    for code in codes:
        plain = re.sub(r"[\W_]", "", code.lower())
        for fault, known in CODES:
            if any(word in plain for word in known):
                return fault
    return None


def _of_messages(messages: Sequence[str], status: int | None) -> Fault | None:
    for message in messages:
        words = message.lower()
        found = next((fault for fault, known in MESSAGES if any(word in words for word in known)), None)
        if found is Fault.TOO_LONG and any(word in words for word in RATE):
            return Fault.BUSY
        if found is Fault.PURSE and RETRY.search(words) and not NEVER.search(words):
            return Fault.BUSY
        if found is None and status not in SERVER_ERRORS and any(word in words for word in VAGUE):
            return Fault.SETUP
        if found:
            return found
    return None


def _of_status(status: int | None, *, is_silent: bool) -> Fault:
    if status is None or status in SERVER_ERRORS:
        return STATUSES.get(status or 0, Fault.DOWN)
    if status == UNPROCESSABLE and not is_silent:
        return Fault.UNCLEAR
    return STATUSES.get(status, Fault.SETUP)


def _error(body: object) -> object:
    """Find the error object: OpenAI nests it, others do not, some send a list of one."""
    if isinstance(body, Sequence) and not isinstance(body, (str, bytes)) and body:
        body = body[0]
    if isinstance(body, Mapping) and isinstance(body.get("error"), Mapping):
        return body["error"]
    return body


def _said(error: object, depth: int = 0) -> Iterator[tuple[bool, str]]:
    """Yield what an error says, the innermost first: whether it is a code, and its text.

    JSON inside a text is read too: gateways pass on what they got as text. The person's own words may be
    among the messages.
    """
    if depth > MAX_DEPTH:
        return
    if isinstance(error, str):
        inside = _parsed(error)
        if isinstance(inside, str):
            yield from [(False, inside)] if inside.strip() else []
        else:
            yield from _said(inside, depth + 1)
    elif isinstance(error, Mapping):
        for name in NESTED:
            yield from _said(error.get(name), depth + 1)
        yield from _codes(error)
    elif isinstance(error, (list, tuple)):
        for one in error:
            yield from _said(one, depth + 1)


def _codes(error: Mapping[str, object]) -> Iterator[tuple[bool, str]]:
    for name in NAMES:
        value = error.get(name)
        if isinstance(value, str) and value.strip():
            yield bool(SYMBOL.fullmatch(value)), value
    if error.get("param") == "model":  # what is refused, whatever the words
        yield True, "invalid_model"


def _parsed(text: str) -> object:
    """Return the JSON object or list in a text, or the text when it is no such JSON."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _has_reasons(error: object) -> bool:
    metadata: Any = error.get("metadata") if isinstance(error, Mapping) else None
    return isinstance(metadata, Mapping) and bool(metadata.get("reasons"))


def _is_page(body: object) -> bool:
    return isinstance(body, str) and body.lstrip()[:15].lower().startswith(("<!doctype", "<html"))
