"""A language model as the work engine sees it: messages in, pieces of text out, usage counted."""

import math
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Literal, Protocol

from bot_platform.domain.job_usage import JobUsage

BYTES_PER_TOKEN = 4  # when no usage is reported: English and code have about four UTF-8 bytes a token
COST_UNITS = 1_000_000  # of an endpoint's currency: answers cost less than its minor units
MIN_BYTES_PER_TOKEN = 2  # for ceilings: other scripts than Latin have two or three


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a model has read and written; `cached` of those read were in its cache.

    `cost` is what the endpoint says it took for them, in its own currency, if it does say.
    """

    read: int
    written: int
    cached: int = 0
    cost: float | None = None


class Signal(Enum):
    """What a stream tells besides text and usage."""

    THINKING = auto()  # the model reasons: progress, but no answer yet
    RETRACTED = auto()  # all text until now was reasoning, and no answer


Piece = str | Usage | Signal


@dataclass(frozen=True, slots=True)
class Rates:
    """The price of a thousand tokens read and written, in hundredths of a credit."""

    read: int
    written: int

    def cost(self, usage: Usage) -> int:
        """Return the price of a usage in hundredths, rounded up."""
        return math.ceil((usage.read * self.read + usage.written * self.written) / 1000)

    def most(self, request: str, most_tokens: int) -> int:
        """Return the highest possible price of a request whose answer has at most `most_tokens`."""
        read = math.ceil(len(request.encode(errors="replace")) / MIN_BYTES_PER_TOKEN)
        return max(1, self.cost(Usage(read, most_tokens)))


# Faults that a kind of work may do something about.
TOO_LONG = "model-too-long"  # more than the model can read
LENGTH = "model-length"  # the answer reached its limit of tokens
THOUGHT = "model-thought"  # reasoning took all of that limit
EMPTY = "model-empty"  # the answer has no text


class ModelFault(Exception):
    """The model gave no answer, or only a part of one; `text` names the text for the user."""

    def __init__(self, text: str, reason: str = "") -> None:
        super().__init__(reason or text)
        self.text = text


class Model(Protocol):
    """A language model."""

    @property
    def name(self) -> str:
        """Its name in logs, and on its jobs."""

    @property
    def endpoint(self) -> str:
        """Where it answers, without secrets."""

    def answer(self, messages: Sequence[Message], most_tokens: int) -> AsyncIterator[Piece]:
        """Yield the pieces of an answer of at most `most_tokens`, and a Usage if it is reported.

        Raises ModelFault, also after some of the text.
        """

    async def close(self) -> None:
        """Close its connections."""


@dataclass(slots=True)
class Call:
    """One request to a model: bytes sent and received, and the usage if it was reported."""

    sent: int
    received: int = 0
    usage: Usage | None = None

    @property
    def tokens(self) -> Usage:
        """The reported usage, with an estimate from the bytes for a count that lacks; zero without an answer.

        A count of 0 beside text is none.
        """
        if not self.received:
            return Usage(0, 0)
        said = self.usage or Usage(0, 0)
        read = said.read or math.ceil(self.sent / BYTES_PER_TOKEN)
        written = said.written or math.ceil(self.received / BYTES_PER_TOKEN)
        return replace(said, read=read, written=written)

    @property
    def counted(self) -> Usage:
        """What the endpoint counted, also without an answer, else the estimate."""
        return self.tokens if self.received else self.usage or Usage(0, 0)

    @property
    def is_estimated(self) -> bool:
        """Whether a count of `tokens` was not reported."""
        return bool(self.received) and not (self.usage and self.usage.read and self.usage.written)


@dataclass(slots=True)
class Meter:
    """Adds up the cost of several calls."""

    rates: Rates
    calls: list[Call] = field(default_factory=list)

    def call(self, messages: Sequence[Message]) -> Call:
        """Start to count a call."""
        call = Call(sum(len(message.text.encode(errors="replace")) for message in messages))
        self.calls.append(call)
        return call

    @property
    def cost(self) -> int:
        """The cost of all calls together in hundredths, rounded up once."""
        used = [call.tokens for call in self.calls]
        return self.rates.cost(Usage(sum(u.read for u in used), sum(u.written for u in used)))

    def total(self, model: Model) -> JobUsage | None:
        """Return what a model took for all calls together; None when it took nothing."""
        used = [call.counted for call in self.calls]
        costs = [u.cost for u in used if u.cost is not None]
        read, written = sum(u.read for u in used), sum(u.written for u in used)
        if not (read or written or costs):
            return None
        return JobUsage(
            model.name,
            model.endpoint,
            read,
            written,
            cached=sum(u.cached for u in used),
            estimated=any(call.is_estimated for call in self.calls),
            cost=round(sum(costs) * COST_UNITS) if costs else None,
        )
