"""Reads the stream of one answer: text, reasoning, usage, and how it ended."""

from dataclasses import dataclass, field
from typing import Any

from bot_platform.providers.openai import faults
from bot_platform.providers.openai.faults import Fault
from bot_platform.providers.openai.thinking import Shown, ThinkFilter
from bot_platform.work.engine.model import Piece, Signal, Usage

# How a whole answer ends; endpoints write these words in any case.
WHOLE = frozenset({"stop", "eos", "eos_token", "end_turn", "stop_sequence", "complete", "completed"})
ENDINGS = {
    "length": Fault.LENGTH,
    "max_tokens": Fault.LENGTH,
    "max_output_tokens": Fault.LENGTH,
    "content_filter": Fault.REFUSED,
    "refusal": Fault.REFUSED,
    "safety": Fault.REFUSED,
    "prohibited_content": Fault.REFUSED,
}
COUNTS = range(2**31)
MAX_COST = 1e6
REASONING = ("reasoning_content", "reasoning", "thinking")  # fields of a delta, by endpoint


@dataclass(slots=True)
class AnswerStream:
    """What a stream has brought so far; what has not the expected shape brought nothing.

    `usage` is the last real count. `fault` is set by an ending that is not whole.
    """

    usage: Usage | None = None
    finished: bool = False
    fault: Fault | None = None
    error: str = ""  # what the endpoint said about the fault, in one word
    has_text: bool = False
    has_reasoning: bool = False
    _filter: ThinkFilter = field(default_factory=ThinkFilter)
    _has_deltas: bool = False

    def take(self, chunk: object) -> list[Piece]:
        """Read a chunk; return what it adds to the answer."""
        event = _object(chunk)
        if event.get("error"):
            self.fault, self.error = faults.of_stream_error(event["error"]), "error"
            return []
        self._count(event)
        choices = event.get("choices")
        choice = _object(choices[0] if isinstance(choices, list) and choices else None)
        delta = _object(choice.get("delta"))
        if not delta and not self._has_deltas:  # some repeat the whole answer in their last chunk
            delta = _object(choice.get("message"))
        self._has_deltas |= bool(_joined(delta.get("content")))
        pieces = self._reasoning(delta) + self._text(_joined(delta.get("content")))
        if delta.get("refusal"):
            self.fault, self.error = Fault.REFUSED, "refusal"
        self._finish(choice.get("finish_reason"))
        return pieces

    def end(self) -> list[Piece]:
        """Return what was held back, once the stream has ended."""
        return self._pieces(self._filter.end())

    def _count(self, event: dict[str, Any]) -> None:
        usage = read_usage(event.get("usage"))
        if usage and (usage.written or self.usage is None):  # a later zero replaces no real count
            self.usage = usage

    def _reasoning(self, delta: dict[str, Any]) -> list[Piece]:
        if not any(_joined(delta.get(name)) for name in REASONING):
            return []
        self.has_reasoning = True
        return [Signal.THINKING]

    def _text(self, text: str) -> list[Piece]:
        if not text:
            return []
        pieces = self._pieces(self._filter.feed(text))
        return pieces or ([Signal.THINKING] if self._filter.is_thinking else [])

    def _pieces(self, shown: Shown) -> list[Piece]:
        self.has_reasoning |= self._filter.has_reasoned
        self.has_text = bool(shown.text.strip()) or (self.has_text and not shown.retracts)
        retracted: list[Piece] = [Signal.RETRACTED] if shown.retracts else []
        return [*retracted, shown.text] if shown.text else retracted

    def _finish(self, reason: object) -> None:
        if not reason or not isinstance(reason, str):
            return
        word = reason.lower()
        if word in WHOLE:
            self.finished = True
            return
        self.fault, self.error = ENDINGS.get(word, Fault.CUT), word


def read_usage(told: object) -> Usage | None:
    """Read a count of tokens, in numbers or in digits; None for anything else."""
    usage = _object(told)
    read, written = _number(usage.get("prompt_tokens")), _number(usage.get("completion_tokens"))
    if read is None or written is None:
        return None
    details = _object(usage.get("prompt_tokens_details"))
    cached = _number(details.get("cached_tokens")) or _number(usage.get("prompt_cache_hit_tokens")) or 0
    return Usage(read, written, cached=min(cached, read), cost=_cost(usage.get("cost")))


def _number(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < len(str(2**31)):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and value in COUNTS else None


def _cost(value: object) -> float | None:
    return (
        float(value)
        if isinstance(value, (int, float)) and type(value) is not bool and 0 <= value < MAX_COST
        else None
    )


def _joined(content: object) -> str:
    """Join content that comes as a list of parts: those of type text."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = [_object(part) for part in content]
    return "".join(p["text"] for p in parts if p.get("type") == "text" and isinstance(p.get("text"), str))


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
