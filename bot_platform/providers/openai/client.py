"""Asks an OpenAI-compatible endpoint for an answer, streamed; each error ends as one of a few faults."""

import logging
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import httpx2  # what openai speaks through; some of its errors arrive unwrapped
import openai
import structlog

from bot_platform.infra import clock
from bot_platform.providers.openai import endings
from bot_platform.providers.openai.events import Events
from bot_platform.providers.openai.faults import Fault
from bot_platform.providers.openai.stream import AnswerStream
from bot_platform.work.engine.model import Message, ModelFault, Piece

log = structlog.get_logger()

URL = "/chat/completions"
CONNECT_TIMEOUT_SECONDS = 10.0
READ_TIMEOUT_SECONDS = 60.0  # between two pieces of an answer, and before the first one

# Besides its own errors the library lets through httpx2's, where it reads the body of a refusal, and
# ValueErrors (JSON, UTF-8), where it reads a stream.
ERRORS = (openai.OpenAIError, httpx2.HTTPError, OSError, ValueError, RecursionError)
# What is left when a parameter is refused: local servers report that as a fault of their own (500).
MAYBE_PARAMETERS = frozenset({Fault.SETUP, Fault.UNCLEAR, Fault.DOWN})
BAD_GATEWAY = 502
SYSTEM_REFUSED = re.compile(
    r"system.{0,40}(role|message|instruction|prompt)|(role|instruction).{0,40}system|developer instruction"
    r"|roles must alternate|only user and assistant"
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

    @property
    def endpoint(self) -> str:
        """Its host and path: the part before the host may be a password."""
        url = self._client.base_url
        return f"{url.host}{f':{url.port}' if url.port else ''}{url.path.rstrip('/')}"

    async def answer(self, messages: Sequence[Message], most_tokens: int) -> AsyncGenerator[Piece, None]:
        """Write an answer of at most `most_tokens`: pieces of text, and a Usage last if one was reported.

        Raises ModelFault, also after some of the text; its `text` is one of `Fault`.
        """
        answer, error, events = AnswerStream(), None, None
        try:
            async with clock.current().timeout(self._start_seconds):
                events = await self._ask(messages, most_tokens)
            async with events as stream:
                async for chunk in stream:
                    for piece in answer.take(chunk):
                        yield piece
        except ERRORS as caught:
            error = caught
        for piece in answer.end():
            yield piece
        if answer.usage:
            yield answer.usage
        done, is_stream = (events.done, events.is_stream) if events else (False, True)
        if found := endings.judge(answer, error, done=done, is_stream=is_stream):
            # Raised out here it has no context: the library's errors hold the key and the prompt.
            raise ModelFault(found.fault, found.why or (self._says(error) if error else ""))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _ask(self, messages: Sequence[Message], most_tokens: int) -> Events:
        dialect = self._dialect
        while True:
            body = {"model": self.name, "stream": True, **dialect.body(messages, most_tokens)}
            try:
                # As plain JSON: the library's types are filled without a look at what came.
                stream = await self._client.post(
                    URL, cast_to=object, body=body, stream=True, stream_cls=Events
                )
            except openai.APIStatusError as refused:
                other = dialect.without(str(refused.body)) if _may_be_parameters(refused) else None
                if not other:
                    raise
                dialect = other
            else:
                if dialect != self._dialect:
                    log.info("ai.asks_without", model=self.name, **asdict(dialect))
                self._dialect = dialect
                return stream

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


def _may_be_parameters(refused: openai.APIStatusError) -> bool:
    """Whether an endpoint may have refused a parameter, and not what was asked or who asked it."""
    return refused.status_code < BAD_GATEWAY and endings.of_error(refused) in MAYBE_PARAMETERS


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
