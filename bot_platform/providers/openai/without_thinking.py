"""Takes reasoning out of the text of any model, as it is taken out of an endpoint's stream."""

from collections.abc import AsyncGenerator, Sequence

from bot_platform.providers.openai.thinking import Shown, ThinkFilter
from bot_platform.work.engine.model import Message, Model, Piece, Signal


class WithoutThinking:
    """A Model that asks another one, whose text may hold `<think>...</think>`."""

    def __init__(self, model: Model) -> None:
        self._model, self.name, self.endpoint = model, model.name, model.endpoint

    async def answer(self, messages: Sequence[Message], most_tokens: int) -> AsyncGenerator[Piece, None]:
        """Yield what the other model yields, without its reasoning; raises ModelFault."""
        reader = ThinkFilter()
        async for piece in self._model.answer(messages, most_tokens):
            if not isinstance(piece, str):
                for held in _pieces(reader.end()):
                    yield held
                yield piece
                continue
            shown = reader.feed(piece)
            for part in _pieces(shown) or ([Signal.THINKING] if reader.is_thinking else []):
                yield part
        for held in _pieces(reader.end()):
            yield held

    async def close(self) -> None:
        """Close the other model."""
        await self._model.close()


def _pieces(shown: Shown) -> list[Piece]:
    retracted: list[Piece] = [Signal.RETRACTED] if shown.retracts else []
    return [*retracted, shown.text] if shown.text else retracted
