"""Wraps a model and reports the result of each call."""

from collections.abc import AsyncGenerator, Sequence

from bot_platform.infra.outbound_calls import OK, OnResult
from bot_platform.work.engine.model import Message, Model, ModelFault, Piece

PARTY = "model"


class ObservedModel:
    """A Model that passes every call to another one, and its result to `on_result`."""

    def __init__(self, model: Model, on_result: OnResult) -> None:
        self._model, self._on_result = model, on_result
        self.name, self.endpoint = model.name, model.endpoint

    async def answer(self, messages: Sequence[Message], most_tokens: int) -> AsyncGenerator[Piece, None]:
        """Stream the model's answer; raises its ModelFault. A cancelled call is not reported."""
        try:
            async for piece in self._model.answer(messages, most_tokens):
                yield piece
        except ModelFault as fault:
            self._on_result(PARTY, fault.text.removeprefix("model-"))
            raise
        self._on_result(PARTY, OK)

    async def close(self) -> None:
        """Close the model."""
        await self._model.close()
