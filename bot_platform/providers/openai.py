"""A language model behind any OpenAI-compatible endpoint: streamed, counted, its faults told in a word."""

import logging
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import httpx2  # what openai speaks through; some of its errors arrive as they are
import openai

from bot_platform.infra.clock import current
from bot_platform.work.engine.model import Message, ModelFault, Usage

URL = "/chat/completions"
CONNECT = 10.0  # seconds for a connection
SILENCE = 60.0  # seconds that an endpoint may say nothing, before its first word too

# Besides its own errors the library lets through httpx2's, where it reads the body of a refusal, and
# ValueErrors (JSON, UTF-8), where it reads a stream.
FAULTS = (openai.OpenAIError, httpx2.HTTPError, OSError, ValueError, RecursionError)
MISTAKES = (httpx2.UnsupportedProtocol, httpx2.LocalProtocolError, UnicodeEncodeError)  # not even sent
# Below 500. Any other status, 401, 403 and 404 among them, is what a wrong key or address is answered.
TEXTS = {408: "model-down", 429: "model-busy", **dict.fromkeys((400, 413, 422), "model-refused")}
KEY_REFUSED = (401, 403)
BROKEN_OFF = ("error", "abort")  # how OpenRouter and vLLM finish an answer that is not whole
WORD = re.compile(r"[\w.:-]{1,80}")  # an error's type or code; another may be a sentence with the prompt
COUNTS = range(2**31)


class OpenAIModel:
    """A Model at `base_url`, or at OpenAI's own; an endpoint without keys is given any."""

    def __init__(
        self,
        *,
        base_url: str | None,
        api_key: str,
        model: str,
        connect: float = CONNECT,
        silence: float = SILENCE,
    ) -> None:
        # None prints a body at any level, and openai only methods, statuses and request ids. But httpx2
        # prints every request's URL, and httpcore2 at DEBUG a header it could not send: maybe the key.
        for talkative in ("httpx2", "httpcore2"):
            logging.getLogger(talkative).setLevel(logging.WARNING)
        self.name = model
        self._key = api_key.strip() or "none"  # the library does not start without one
        self._dialect = _Dialect()
        wait = openai.Timeout(silence, connect=connect)
        self._begins = 1.5 * silence + connect  # all tries together
        self._client = openai.AsyncOpenAI(base_url=base_url, api_key=self._key, timeout=wait, max_retries=2)

    async def answer(
        self, messages: Sequence[Message], most_tokens: int
    ) -> AsyncGenerator[str | Usage, None]:
        """Write an answer of at most `most_tokens`: pieces of text, and a Usage last if one was reported.

        Raises ModelFault: `model-cut` where text breaks off, else `model-down`, `model-busy`,
        `model-refused`, or `model-misconfigured`, which waiting does not cure.
        """
        heard, fault = _Heard(), None
        try:
            async with current().timeout(self._begins):
                begun = await self._ask(messages, most_tokens)
            async with begun as stream:
                async for chunk in stream:
                    if text := heard.take(chunk):
                        yield text
        except FAULTS as broke:
            fault = self._fault(broke, heard)
        if heard.usage:
            yield heard.usage
        if heard.refused:
            raise ModelFault("model-refused", heard.refused)
        # What breaks after the last word takes nothing away; and some endpoints say only by a count of
        # tokens that they have come to an end.
        if not heard.finished and (fault or not heard.usage):
            # Raised out here it has no context: the library's errors hold the key and the prompt.
            raise fault or ModelFault(heard.broken, "the stream ended without a finish_reason")

    async def known(self) -> Sequence[str]:
        """List the models there are; none where an endpoint keeps no list. Raises ModelFault."""
        try:
            said = await self._client.with_options(max_retries=0).get("/models", cast_to=object)
        except openai.APIStatusError as refused:
            if refused.status_code not in KEY_REFUSED:
                return ()
            raise ModelFault("model-misconfigured", str(refused.status_code)) from None
        except FAULTS as broke:
            raise self._fault(broke, _Heard()) from None
        data = _object(said).get("data")
        names = [_object(one).get("id") for one in data] if isinstance(data, list) else []
        return [name for name in names if isinstance(name, str)]

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _ask(self, messages: Sequence[Message], most_tokens: int) -> openai.AsyncStream[object]:
        # Half a surrogate pair has no UTF-8.
        turns = [{"role": m.role, "content": m.text.encode(errors="replace").decode()} for m in messages]
        dialect = self._dialect
        while True:
            body = {"model": self.name, "messages": turns, "stream": True, **dialect.parameters(most_tokens)}
            try:
                # As plain JSON: the library's types are filled without a look at what came.
                stream = await self._client.post(
                    URL, cast_to=object, body=body, stream=True, stream_cls=openai.AsyncStream[object]
                )
            except (openai.BadRequestError, openai.UnprocessableEntityError) as refused:
                other = dialect.without(str(refused.body))
                if not other:
                    raise
                dialect = other
            else:
                self._dialect = dialect
                return stream

    def _fault(self, broke: Exception, heard: "_Heard") -> ModelFault:
        why = broke.__cause__ or broke
        text, says = heard.broken, [type(why).__name__]
        if isinstance(why, MISTAKES):
            text = "model-misconfigured"
        if isinstance(broke, openai.APIStatusError):
            says = [str(broke.status_code)]
            if not isinstance(broke, openai.InternalServerError):
                text = TEXTS.get(broke.status_code, "model-misconfigured")
        if isinstance(broke, openai.APIError):
            words = [str(word) for word in (broke.type, broke.code) if word is not None]
            says += [word for word in words if WORD.fullmatch(word) and self._key not in word]
        return ModelFault(text, " ".join(says))


@dataclass(frozen=True, slots=True)
class _Dialect:
    """Which parameters an endpoint takes; at first those that most of them know."""

    limit: str = "max_tokens"
    counts: bool = True

    def parameters(self, most_tokens: int) -> dict[str, Any]:
        counting = {"stream_options": {"include_usage": True}} if self.counts else {}
        return {self.limit: most_tokens, **counting}

    def without(self, refusal: str) -> "_Dialect | None":
        """Do without what a refusal names; None when it names nothing that one can do without."""
        if self.counts and "stream_options" in refusal:
            return replace(self, counts=False)
        if "max_tokens" in refusal and self.limit == "max_tokens":
            return replace(self, limit="max_completion_tokens")
        return None


@dataclass(slots=True)
class _Heard:
    """What a stream has told so far; what has not the expected shape was not told."""

    broken: str = "model-down"  # what it would be to end here
    finished: bool = False
    refused: str = ""
    usage: Usage | None = None

    def take(self, chunk: object) -> str:
        """Note a chunk; gives its text."""
        told = _object(chunk)
        if told.get("usage") is not None:
            self.usage = _usage(_object(told["usage"]))
        choices = told.get("choices")
        choice = _object(choices[0] if isinstance(choices, list) and choices else None)
        delta, finish = _object(choice.get("delta")), choice.get("finish_reason")
        if finish == "content_filter" or delta.get("refusal"):
            self.refused = "content_filter" if finish == "content_filter" else "refusal"
        self.finished |= bool(finish) and finish not in BROKEN_OFF
        text = delta.get("content")
        if not text or not isinstance(text, str):
            return ""
        self.broken = "model-cut"
        return text


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _usage(told: dict[str, Any]) -> Usage | None:
    read, written = told.get("prompt_tokens"), told.get("completion_tokens")
    if type(read) is int and type(written) is int and read in COUNTS and written in COUNTS:
        return Usage(read, written)
    return None
