"""`/ask`: a follow-up whose conversation is more than the model can read drops its oldest turns first."""

from dataclasses import dataclass, field

import pytest

from bot_platform.work.engine.kind import Order
from bot_platform.work.engine.model import Message, ModelFault, Rates
from bot_platform.work.kinds.ask import SYSTEM_PROMPT, ask
from tests.work.fake_context import RATES

TURNS = tuple(Message("user" if n % 2 == 0 else "assistant", f"turn {n}") for n in range(10))


@dataclass
class Context:
    """A job's context whose model reads at most `most` messages; with `other` it fails in another way."""

    order: Order
    most: int
    other: str = ""
    rates: Rates = RATES
    saved: object = None
    asked: list[list[str]] = field(default_factory=list)

    async def answer(self, *messages: Message | str, most_tokens: int, show: bool = False) -> str:
        assert show
        assert most_tokens
        self.asked.append([m if isinstance(m, str) else m.text for m in messages])
        if self.other or len(messages) > self.most:
            raise ModelFault(self.other or "model-too-long")
        return "An answer."

    async def progress(self, done: int, of: int, what: str) -> None:
        raise NotImplementedError

    async def checkpoint(self, saved: object, *, most: int, first: int) -> None:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("turns", "most", "kept"),
    [
        (10, 12, [10]),
        (10, 6, [10, 4]),
        (10, 5, [10, 4, 2]),
        (10, 2, [10, 4, 2, 0]),
        (2, 3, [2, 0]),
        (0, 2, [0]),
    ],
)
async def test_the_oldest_turns_are_dropped_until_the_model_can_read_the_rest(
    turns: int, most: int, kept: list[int]
) -> None:
    context = Context(Order("And now?", TURNS[:turns]), most)
    assert await ask.work(context) == "An answer."
    texts = [turn.text for turn in TURNS[:turns]]
    assert context.asked == [[SYSTEM_PROMPT.text, *texts[turns - n :], "And now?"] for n in kept]


async def test_a_question_that_is_too_long_by_itself_is_said_to_be() -> None:
    context = Context(Order("And now?", TURNS), 1)
    with pytest.raises(ModelFault, match="model-too-long"):
        await ask.work(context)
    assert len(context.asked) == 4


async def test_another_fault_drops_no_turns() -> None:
    context = Context(Order("And now?", TURNS), 99, other="model-refused")
    with pytest.raises(ModelFault, match="model-refused"):
        await ask.work(context)
    assert len(context.asked) == 1
