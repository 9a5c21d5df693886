"""A model of which every call is told how it ended."""

from collections.abc import AsyncGenerator, Sequence

from bot_platform.infra.outbound_calls import OK, OnResult
from bot_platform.work.engine.model import Message, Model, ModelFault, Piece

PARTY = "model"


class ObservedModel:
    """Answers as the model does that it stands before."""

    def __init__(self, model: Model, heard: OnResult) -> None:
        self._model, self._heard = model, heard
        self.name = model.name

    async def answer(self, messages: Sequence[Message], most_tokens: int) -> AsyncGenerator[Piece, None]:
        """Write the model's answer; raises its ModelFault. A call that nobody waited for is not told."""
        try:
            async for piece in self._model.answer(messages, most_tokens):
                yield piece
        except ModelFault as fault:
            self._heard(PARTY, fault.text.removeprefix("model-"))
            raise
        self._heard(PARTY, OK)

    async def close(self) -> None:
        """Close the model."""
        await self._model.close()
