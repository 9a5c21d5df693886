"""A language model as work sees it: messages go in, text comes out piece by piece, and usage is counted."""

import math
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Literal, Protocol

BYTES_A_TOKEN = 4  # where nobody counted: English and code come to about four UTF-8 bytes a token
BYTES_A_TOKEN_AT_WORST = 2  # for ceilings: scripts beyond Latin come to two or three


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What a model says it read and wrote, in tokens; `cached` of those read were in its cache.

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
    """What a thousand tokens cost, in hundredths of a credit."""

    read: int
    written: int

    def cost(self, usage: Usage) -> int:
        """Price a usage in hundredths, rounded up."""
        return math.ceil((usage.read * self.read + usage.written * self.written) / 1000)

    def most(self, request: str, most_tokens: int) -> int:
        """Price the most that a request can come to when `most_tokens` may be written."""
        read = math.ceil(len(request.encode(errors="replace")) / BYTES_A_TOKEN_AT_WORST)
        return max(1, self.cost(Usage(read, most_tokens)))


class ModelFault(Exception):
    """The model gave no answer, or half of one; `text` names what a person is told."""

    def __init__(self, text: str, says: str = "") -> None:
        super().__init__(says or text)
        self.text = text


class Model(Protocol):
    """Whatever answers."""

    @property
    def name(self) -> str:
        """What it is called in logs."""

    def answer(self, messages: Sequence[Message], most_tokens: int) -> AsyncIterator[Piece]:
        """Write an answer of at most `most_tokens`: pieces of text, and a Usage if it is reported.

        Raises ModelFault, also after some of the text.
        """

    async def close(self) -> None:
        """Let go of connections."""


@dataclass(slots=True)
class Call:
    """One request to a model and what came of it."""

    asked: int  # bytes
    received: int = 0
    usage: Usage | None = None

    @property
    def tokens(self) -> Usage:
        """What was reported, else what the bytes come to; nothing when nothing came (money.md 6)."""
        if not self.received:
            return Usage(0, 0)
        if self.usage:
            return self.usage
        return Usage(math.ceil(self.asked / BYTES_A_TOKEN), math.ceil(self.received / BYTES_A_TOKEN))


@dataclass(slots=True)
class Meter:
    """Counts what the calls of a piece of work come to."""

    rates: Rates
    calls: list[Call] = field(default_factory=list)

    def call(self, messages: Sequence[Message]) -> Call:
        """Begin to count a call."""
        call = Call(sum(len(message.text.encode(errors="replace")) for message in messages))
        self.calls.append(call)
        return call

    @property
    def cost(self) -> int:
        """What all calls come to, in hundredths, rounded up once."""
        used = [call.tokens for call in self.calls]
        return self.rates.cost(Usage(sum(u.read for u in used), sum(u.written for u in used)))
