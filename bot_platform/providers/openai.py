"""A language model behind any OpenAI-compatible endpoint: streams answers, counts tokens, names faults."""

import logging
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import httpx2  # the HTTP client of openai, which lets some of its errors through
import openai

from bot_platform.infra import clock
from bot_platform.work.engine.model import Message, ModelFault, Usage

URL = "/chat/completions"
CONNECT_TIMEOUT_SECONDS = 10.0
READ_TIMEOUT_SECONDS = 60.0  # between two pieces of an answer, and before the first one

# Besides its own errors the library raises those of httpx2 while it reads the body of an error, and
# ValueErrors (JSON, UTF-8) while it reads a stream.
FAULTS = (openai.OpenAIError, httpx2.HTTPError, OSError, ValueError, RecursionError)
UNSENT = (httpx2.UnsupportedProtocol, httpx2.LocalProtocolError, UnicodeEncodeError)  # a wrong URL or key
# Statuses below 500. Any other one, such as 401, 403 or 404, is the answer to a wrong key or URL.
TEXTS = {408: "model-down", 429: "model-busy", **dict.fromkeys((400, 413, 422), "model-refused")}
KEY_REFUSED = (401, 403)
INCOMPLETE = ("error", "abort")  # the finish_reason of OpenRouter and vLLM for an incomplete answer
WORD = re.compile(r"[\w.:-]{1,80}")  # an error's type or code; a sentence may contain the prompt
TOKEN_COUNTS = range(2**31)


class OpenAIModel:
    """A Model at `base_url`, by default OpenAI's; `api_key` may be empty for an endpoint without keys."""

    def __init__(
        self,
        *,
        base_url: str | None,
        api_key: str,
        model: str,
        connect_timeout: float = CONNECT_TIMEOUT_SECONDS,
        read_timeout: float = READ_TIMEOUT_SECONDS,
    ) -> None:
        # No library logs a body, and openai logs only methods, statuses and request ids. But httpx2 logs
        # the URL of every request, and httpcore2 at DEBUG a header that it could not send: perhaps the key.
        for name in ("httpx2", "httpcore2"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self.name = model
        self._key = api_key.strip() or "none"  # the library requires one
        self._dialect = _Dialect()
        timeout = openai.Timeout(read_timeout, connect=connect_timeout)
        self._start_timeout = 1.5 * read_timeout + connect_timeout  # for all tries together
        self._client = openai.AsyncOpenAI(
            base_url=base_url, api_key=self._key, timeout=timeout, max_retries=2
        )

    async def answer(
        self, messages: Sequence[Message], most_tokens: int
    ) -> AsyncGenerator[str | Usage, None]:
        """Stream an answer of at most `most_tokens`: pieces of text, then a Usage if one was reported.

        Raises ModelFault: `model-cut` after some text has arrived, else `model-down`, `model-busy`,
        `model-refused`, or `model-misconfigured`, for which a later try is no use.
        """
        received, fault = _Received(), None
        try:
            async with clock.current().timeout(self._start_timeout):
                begun = await self._ask(messages, most_tokens)
            async with begun as stream:
                async for chunk in stream:
                    if text := received.add(chunk):
                        yield text
        except FAULTS as error:
            fault = self._fault(error, received)
        if received.usage:
            yield received.usage
        if received.refused:
            raise ModelFault("model-refused", received.refused)
        # A fault after the end of the answer does not matter. Some endpoints mark the end only by the usage.
        if not received.finished and (fault or not received.usage):
            # Outside of `except` it has no context: the library's errors contain the key and the prompt.
            raise fault or ModelFault(received.text_if_cut, "the stream ended without a finish_reason")

    async def known(self) -> Sequence[str]:
        """List the names of the models; empty if the endpoint has no such list. Raises ModelFault."""
        try:
            answer = await self._client.with_options(max_retries=0).get("/models", cast_to=object)
        except openai.APIStatusError as refused:
            if refused.status_code not in KEY_REFUSED:
                return ()
            raise ModelFault("model-misconfigured", str(refused.status_code)) from None
        except FAULTS as error:
            raise self._fault(error, _Received()) from None
        data = _object(answer).get("data")
        names = [_object(one).get("id") for one in data] if isinstance(data, list) else []
        return [name for name in names if isinstance(name, str)]

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _ask(self, messages: Sequence[Message], most_tokens: int) -> openai.AsyncStream[object]:
        # Half of a surrogate pair cannot be encoded in UTF-8.
        turns = [{"role": m.role, "content": m.text.encode(errors="replace").decode()} for m in messages]
        dialect = self._dialect
        while True:
            body = {"model": self.name, "messages": turns, "stream": True, **dialect.parameters(most_tokens)}
            try:
                # Plain JSON: the library fills its own types without validation.
                stream = await self._client.post(
                    URL, cast_to=object, body=body, stream=True, stream_cls=openai.AsyncStream[object]
                )
            except (openai.BadRequestError, openai.UnprocessableEntityError) as refused:
                simpler = dialect.without(str(refused.body))
                if not simpler:
                    raise
                dialect = simpler
            else:
                self._dialect = dialect
                return stream

    def _fault(self, error: Exception, received: "_Received") -> ModelFault:
        cause = error.__cause__ or error
        text, details = received.text_if_cut, [type(cause).__name__]
        if isinstance(cause, UNSENT):
            text = "model-misconfigured"
        if isinstance(error, openai.APIStatusError):
            details = [str(error.status_code)]
            if not isinstance(error, openai.InternalServerError):
                text = TEXTS.get(error.status_code, "model-misconfigured")
        if isinstance(error, openai.APIError):
            words = [str(word) for word in (error.type, error.code) if word is not None]
            details += [word for word in words if WORD.fullmatch(word) and self._key not in word]
        return ModelFault(text, " ".join(details))


@dataclass(frozen=True, slots=True)
class _Dialect:
    """The parameters that an endpoint accepts; it starts with those that most endpoints know."""

    limit: str = "max_tokens"  # the name of the parameter
    reports_usage: bool = True

    def parameters(self, most_tokens: int) -> dict[str, Any]:
        usage = {"stream_options": {"include_usage": True}} if self.reports_usage else {}
        return {self.limit: most_tokens, **usage}

    def without(self, refusal: str) -> "_Dialect | None":
        """Drop the parameter that a refusal names; None if it names none that can be dropped."""
        if self.reports_usage and "stream_options" in refusal:
            return replace(self, reports_usage=False)
        if "max_tokens" in refusal and self.limit == "max_tokens":
            return replace(self, limit="max_completion_tokens")
        return None


@dataclass(slots=True)
class _Received:
    """What a stream has brought so far; a part with an unexpected shape is ignored."""

    text_if_cut: str = "model-down"  # the text of the fault if the stream ends here
    finished: bool = False
    refused: str = ""
    usage: Usage | None = None

    def add(self, chunk: object) -> str:
        """Read a chunk and return its text."""
        data = _object(chunk)
        if data.get("usage") is not None:
            self.usage = _usage(_object(data["usage"]))
        choices = data.get("choices")
        choice = _object(choices[0] if isinstance(choices, list) and choices else None)
        delta, finish = _object(choice.get("delta")), choice.get("finish_reason")
        if finish == "content_filter" or delta.get("refusal"):
            self.refused = "content_filter" if finish == "content_filter" else "refusal"
        self.finished |= bool(finish) and finish not in INCOMPLETE
        text = delta.get("content")
        if not text or not isinstance(text, str):
            return ""
        self.text_if_cut = "model-cut"
        return text


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _usage(data: dict[str, Any]) -> Usage | None:
    read, written = data.get("prompt_tokens"), data.get("completion_tokens")
    if type(read) is int and type(written) is int and read in TOKEN_COUNTS and written in TOKEN_COUNTS:
        return Usage(read, written)
    return None
