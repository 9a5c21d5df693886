"""Reads the stream of one answer: text, reasoning, usage, and how it ended."""

from dataclasses import dataclass, field
from typing import Any

from bot_platform.providers.openai import refusals
from bot_platform.providers.openai.faults import Fault
from bot_platform.providers.openai.thinking import Shown, ThinkFilter
from bot_platform.work.engine.model import Piece, Signal, Usage

# How a whole answer ends; endpoints write these words in any case.
WHOLE = frozenset({"stop", "eos", "eos_token", "end_turn", "stop_sequence", "complete", "completed"})
ENDINGS = {
    "length": Fault.LENGTH,
    "max_tokens": Fault.LENGTH,
    "max_output_tokens": Fault.LENGTH,
    "model_length": Fault.LENGTH,
    "content_filter": Fault.REFUSED,
    "refusal": Fault.REFUSED,
    "sensitive": Fault.REFUSED,
    "safety": Fault.REFUSED,  # from here on Gemini's own words, which its compatible endpoint passes on
    "recitation": Fault.REFUSED,
    "blocklist": Fault.REFUSED,
    "spii": Fault.REFUSED,
    "prohibited_content": Fault.REFUSED,
}
NO_REASON = frozenset({"", "null", "none"})
COUNTS = range(2**31)
MAX_COST = 1e6
TEXT_PARTS = ("text", "output_text")
THOUGHT_PARTS = ("think", "reason")  # how the types of such parts begin
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
    has_events: bool = False
    is_completion: bool = False  # what came has the shape of one
    has_text: bool = False
    has_reasoning: bool = False
    _filter: ThinkFilter = field(default_factory=ThinkFilter)
    _has_deltas: bool = False

    def take(self, chunk: object) -> list[Piece]:
        """Read a chunk; return what it adds to the answer."""
        event = _object(chunk)
        self.has_events = True
        # One with `error` was raised before.
        if event.get("object") == "error" or (event.get("error_message") and not event.get("choices")):
            self.fault, self.error = refusals.of_stream_error(event), "error"
            return []
        self._count(event)
        choices = event.get("choices")
        self.is_completion |= isinstance(choices, list)
        choice = _object(choices[0] if isinstance(choices, list) and choices else None)
        delta = _object(choice.get("delta"))
        if not delta and not self._has_deltas:  # some repeat the whole answer in their last chunk
            delta = _object(choice.get("message"))
        content = _joined(delta.get("content"))
        self._has_deltas |= bool(content)
        pieces = self._reasoning(delta) + self._text(content)
        if delta.get("refusal"):
            self.fault, self.error = Fault.REFUSED, "refusal"
        self._finish(choice.get("finish_reason"))
        return pieces

    def end(self) -> list[Piece]:
        """Return what was held back, once the stream has ended."""
        return self._pieces(self._filter.end())

    def _count(self, event: dict[str, Any]) -> None:
        usage = read_usage(event.get("usage"))
        if usage:
            self.usage = _counted(self.usage, usage)

    def _reasoning(self, delta: dict[str, Any]) -> list[Piece]:
        if not any(_joined(delta.get(name)) for name in REASONING) and not _has_thoughts(
            delta.get("content")
        ):
            return []
        self.has_reasoning = True
        return [Signal.THINKING]

    def _text(self, text: str) -> list[Piece]:
        if not text:
            return []
        self.finished = False  # a reason before the last text ends nothing: some endpoints repeat it
        pieces = self._pieces(self._filter.feed(text))
        return pieces or ([Signal.THINKING] if self._filter.is_thinking else [])

    def _pieces(self, shown: Shown) -> list[Piece]:
        self.has_reasoning |= self._filter.has_reasoned
        self.has_text = bool(shown.text.strip()) or (self.has_text and not shown.retracts)
        retracted: list[Piece] = [Signal.RETRACTED] if shown.retracts else []
        return [*retracted, shown.text] if shown.text else retracted

    def _finish(self, reason: object) -> None:
        word = reason.lower() if isinstance(reason, str) else ""
        if word in NO_REASON:
            return
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


def _counted(before: Usage | None, usage: Usage) -> Usage:
    """Return the newest count of each kind; a zero replaces no real one."""
    if before is None:
        return usage
    read, cost = usage.read or before.read, before.cost if usage.cost is None else usage.cost
    cached = min(read, usage.cached or before.cached)
    return Usage(read, usage.written or before.written, cached=cached, cost=cost)


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
    texts = [part.get("text") for part in parts if part.get("type") in TEXT_PARTS]
    return "".join(text for text in texts if isinstance(text, str))


def _has_thoughts(content: object) -> bool:
    """Whether one of the parts of a content is reasoning."""
    parts = content if isinstance(content, list) else []
    return any(str(_object(part).get("type")).startswith(THOUGHT_PARTS) for part in parts)


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
