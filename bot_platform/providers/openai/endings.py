"""Judges how an answer ended: whole, or with one of the faults."""

from typing import NamedTuple

import httpx2
import openai

from bot_platform.providers.openai import refusals
from bot_platform.providers.openai.faults import Fault
from bot_platform.providers.openai.stream import AnswerStream

NOT_SENT = (httpx2.UnsupportedProtocol, httpx2.LocalProtocolError, UnicodeEncodeError)


class Found(NamedTuple):
    """A fault, and a word about it; the word is empty where an error says more."""

    fault: Fault
    why: str = ""


def judge(answer: AnswerStream, error: Exception | None, *, done: bool, is_stream: bool) -> Found | None:
    """Return the fault of an answer; None when the answer is whole.

    `done` says that the endpoint has ended it by `[DONE]`, `is_stream` that it sends events.
    """
    if answer.fault:
        return Found(_worded(answer.fault, answer), answer.error)
    if answer.finished:  # an error after the last word takes nothing away
        return _without_text(answer)
    if _is_no_completion(answer, error, is_stream=is_stream):
        return Found(Fault.SETUP, "no completion came")
    if error is None:
        if done:  # some endpoints write no reason
            return _without_text(answer)
        return Found(_broken(answer), "the stream ended without a finish_reason")
    if answer.has_text and not isinstance(error, openai.APIStatusError):
        return Found(Fault.CUT)
    return Found(of_error(error))


def _is_no_completion(answer: AnswerStream, error: Exception | None, *, is_stream: bool) -> bool:
    """Whether what came with a status 200 is something else, such as a web page."""
    is_read = error is None or isinstance(error, ValueError)
    return is_read and not answer.is_completion and (answer.has_events or not is_stream)


def _without_text(answer: AnswerStream) -> Found | None:
    """Fault an ended answer in which no text came."""
    if answer.has_text:
        return None
    if answer.has_reasoning:
        return Found(Fault.THOUGHT, "nothing but reasoning came")
    return Found(Fault.EMPTY, "no text came")


def _worded(fault: Fault, answer: AnswerStream) -> Fault:
    if fault is Fault.LENGTH and not answer.has_text:
        return Fault.THOUGHT if answer.has_reasoning else Fault.LENGTH
    return _broken(answer) if fault in {Fault.CUT, Fault.DOWN} else fault


def _broken(answer: AnswerStream) -> Fault:
    return Fault.CUT if answer.has_text else Fault.DOWN


def of_error(error: Exception) -> Fault:
    """Return the fault that an error of a request or of its stream stands for."""
    if isinstance(error.__cause__ or error, NOT_SENT):
        return Fault.SETUP
    if isinstance(error, openai.APIStatusError):
        return refusals.of_refusal(
            error.status_code, error.body if error.body is not None else error.response.text
        )
    if isinstance(error, openai.APIError) and error.body is not None:  # an `error` inside the stream
        return refusals.of_stream_error(error.body)
    return Fault.DOWN
