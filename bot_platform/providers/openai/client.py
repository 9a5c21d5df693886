"""Asks an OpenAI-compatible endpoint for an answer, streamed; each error ends as one of a few faults."""

import logging
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import httpx2  # what openai speaks through; some of its errors arrive unwrapped
import openai

from bot_platform.infra import clock
from bot_platform.providers.openai import faults
from bot_platform.providers.openai.faults import Fault
from bot_platform.providers.openai.stream import AnswerStream
from bot_platform.work.engine.model import Message, ModelFault, Piece

URL = "/chat/completions"
CONNECT_TIMEOUT_SECONDS = 10.0
READ_TIMEOUT_SECONDS = 60.0  # between two pieces of an answer, and before the first one

# Besides its own errors the library lets through httpx2's, where it reads the body of a refusal, and
# ValueErrors (JSON, UTF-8), where it reads a stream.
ERRORS = (openai.OpenAIError, httpx2.HTTPError, OSError, ValueError, RecursionError)
NOT_SENT = (httpx2.UnsupportedProtocol, httpx2.LocalProtocolError, UnicodeEncodeError)
PARAMETER_ERRORS = (openai.BadRequestError, openai.UnprocessableEntityError, openai.NotFoundError)
SYSTEM_REFUSED = re.compile(
    r"system.{0,40}(role|message|instruction|prompt)|(role|instruction).{0,40}system|developer instruction"
)
WORD = re.compile(r"[\w.:-]{1,80}")  # an error's type or code; a longer text may hold the prompt


class OpenAIModel:
    """A Model at `base_url`, or at OpenAI's own; an endpoint without keys is given any."""

    def __init__(
        self,
        *,
        base_url: str | None,
        api_key: str,
        model: str,
        connect_timeout: float = CONNECT_TIMEOUT_SECONDS,
        read_timeout: float = READ_TIMEOUT_SECONDS,
    ) -> None:
        # httpx2 logs every request's URL, and httpcore2 at DEBUG a header it could not send: maybe the key.
        for talkative in ("httpx2", "httpcore2"):
            logging.getLogger(talkative).setLevel(logging.WARNING)
        self.name = model
        self._key = api_key.strip() or "none"  # the library does not start without one
        self._dialect = _Dialect()
        wait = openai.Timeout(read_timeout, connect=connect_timeout)
        # All attempts together: what was given up is not sent again. A local server may still load its model.
        self._start_seconds = read_timeout
        self._client = openai.AsyncOpenAI(base_url=base_url, api_key=self._key, timeout=wait, max_retries=2)

    async def answer(self, messages: Sequence[Message], most_tokens: int) -> AsyncGenerator[Piece, None]:
        """Write an answer of at most `most_tokens`: pieces of text, and a Usage last if one was reported.

        Raises ModelFault, also after some of the text; its `text` is one of `Fault`.
        """
        answer, error, done = AnswerStream(), None, False
        try:
            async with clock.current().timeout(self._start_seconds):
                begun = await self._ask(messages, most_tokens)
            async with begun as stream:
                async for chunk in stream:
                    for piece in answer.take(chunk):
                        yield piece
            done = begun.done
        except ERRORS as caught:
            error = caught
        for piece in answer.end():
            yield piece
        if answer.usage:
            yield answer.usage
        if fault := self._fault(answer, error, done=done):
            # Raised out here it has no context: the library's errors hold the key and the prompt.
            raise fault

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _ask(self, messages: Sequence[Message], most_tokens: int) -> "_Events":
        dialect = self._dialect
        while True:
            body = {"model": self.name, "stream": True, **dialect.body(messages, most_tokens)}
            try:
                # As plain JSON: the library's types are filled without a look at what came.
                stream = await self._client.post(
                    URL, cast_to=object, body=body, stream=True, stream_cls=_Events
                )
            except PARAMETER_ERRORS as refused:
                other = dialect.without(str(refused.body))
                if not other:
                    raise
                dialect = other
            else:
                self._dialect = dialect
                return stream

    def _fault(self, answer: AnswerStream, error: Exception | None, *, done: bool) -> ModelFault | None:
        """Judge how an answer ended; None when it is whole."""
        if answer.fault:
            return ModelFault(self._worded(answer.fault, answer), answer.error)
        if answer.finished:  # an error after the last word takes nothing away
            return self._without_text(answer)
        if error is None:
            # Some endpoints write no reason, only `[DONE]` or the count of tokens.
            if done or answer.usage:
                return (
                    self._without_text(answer)
                    if answer.has_text or answer.has_reasoning
                    else self._nothing(answer)
                )
            return ModelFault(
                Fault.CUT if answer.has_text else Fault.DOWN, "the stream ended without a finish_reason"
            )
        if answer.has_text and not isinstance(error, openai.APIStatusError):
            return ModelFault(Fault.CUT, self._says(error))
        return ModelFault(_kind(error), self._says(error))

    @staticmethod
    def _worded(fault: Fault, answer: AnswerStream) -> Fault:
        if fault is Fault.LENGTH and not answer.has_text:
            return Fault.THOUGHT if answer.has_reasoning else Fault.LENGTH
        if answer.has_text and fault is Fault.DOWN:
            return Fault.CUT
        return fault if answer.has_text or fault is not Fault.CUT else Fault.DOWN

    @staticmethod
    def _without_text(answer: AnswerStream) -> ModelFault | None:
        """Fault an answer that is nothing but reasoning."""
        if answer.has_reasoning and not answer.has_text:
            return ModelFault(Fault.THOUGHT, "nothing but reasoning came")
        return None

    @staticmethod
    def _nothing(answer: AnswerStream) -> ModelFault | None:
        """Fault an empty stream, unless its tokens were counted: that is an empty answer."""
        return None if answer.usage else ModelFault(Fault.DOWN, "nothing came")

    def _says(self, error: Exception) -> str:
        """Name an error without quoting it: its class, status, type and code."""
        caught = error if isinstance(error, TimeoutError) else error.__cause__ or error
        says = [type(caught).__name__]
        if isinstance(error, openai.APIStatusError):
            says = [str(error.status_code)]
        if isinstance(error, openai.APIError):
            words = [str(word) for word in (error.type, error.code) if word is not None]
            says += [word for word in words if WORD.fullmatch(word) and self._key not in word]
        return " ".join(says)


class _Events(openai.AsyncStream[object]):
    """A stream that remembers whether `[DONE]` came: the library swallows it."""

    done = False

    async def _iter_events(self) -> AsyncIterator[Any]:
        async for event in super()._iter_events():
            self.done |= event.data.startswith("[DONE]")
            yield event


def _kind(error: Exception) -> Fault:
    cause = error.__cause__ or error
    if isinstance(cause, NOT_SENT):
        return Fault.SETUP
    if isinstance(error, openai.APIStatusError):
        return faults.of_refusal(
            error.status_code, error.body if error.body is not None else error.response.text
        )
    if isinstance(error, openai.APIError) and isinstance(error.body, dict):  # an `error` inside the stream
        return faults.of_stream_error(error.body)
    return Fault.DOWN


@dataclass(frozen=True, slots=True)
class _Dialect:
    """Which parameters an endpoint takes; at first those that most of them know."""

    limit: str = "max_tokens"
    counts: bool = True
    has_system: bool = True

    def body(self, messages: Sequence[Message], most_tokens: int) -> dict[str, Any]:
        counting = {"stream_options": {"include_usage": True}} if self.counts else {}
        turns = list(messages) if self.has_system else _merged(messages)
        # Half a surrogate pair has no UTF-8.
        said = [{"role": m.role, "content": m.text.encode(errors="replace").decode()} for m in turns]
        return {"messages": said, self.limit: most_tokens, **counting}

    def without(self, refusal: str) -> "_Dialect | None":
        """Do without what a refusal names; None when it names nothing that one can do without."""
        words = refusal.lower()
        if self.counts and ("stream_options" in words or "include_usage" in words):
            return replace(self, counts=False)
        if "max_tokens" in words and self.limit == "max_tokens":
            return replace(self, limit="max_completion_tokens")
        if self.has_system and SYSTEM_REFUSED.search(words):
            return replace(self, has_system=False)
        return None


def _merged(messages: Sequence[Message]) -> list[Message]:
    """Put what the system says before the first words of the user."""
    system = "\n\n".join(m.text for m in messages if m.role == "system")
    turns = [m for m in messages if m.role != "system"]
    if not system or not turns:
        return turns or [Message("user", system)]
    first, *others = turns
    return [replace(first, text=f"{system}\n\n{first.text}"), *others]
