"""What running work sees of the house: it asks the model, shows how far it is, and keeps what is done."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bot_platform.domain.jobs import Job
from bot_platform.flows import run_job
from bot_platform.flows.context import WorkContext
from bot_platform.infra.clock import current
from bot_platform.infra.database_errors import LOST_CONNECTION
from bot_platform.infra.sql import json_safe
from bot_platform.work.engine.kind import Order
from bot_platform.work.engine.model import Message, Meter, Model, ModelFault, Rates, Usage

SHOW_EVERY = 1.5  # seconds between two edits of an answer that grows; Telegram takes one a second in a chat

MOST_BYTES_A_TOKEN = 16  # of a model that keeps to its limit; none that was measured comes near


class Parked(Exception):
    """The work ends here for now: its job waits for credits, or was stopped."""


class DatabaseUnavailable(Exception):
    """The database is away, which is not the work's fault: it goes on when its lease has run out."""


class RunningJob:
    """The `Task` of one claimed job; where the price is `fixed`, each step costs what it holds."""

    def __init__(
        self, context: WorkContext, job: Job, order: Order, model: Model | None, rates: Rates, *, fixed: bool
    ) -> None:
        self.order, self.kept, self.rates = order, job.kept, rates
        self.shown = ""  # what its person has read so far
        self._context, self._job, self._model, self._fixed = context, job, model, fixed
        self._meter = Meter(rates)
        self._next_look = 0.0

    @property
    def used(self) -> int:
        """What was used since the last checkpoint, in hundredths, not bounded by what is held."""
        return self._meter.cost

    @property
    def cost(self) -> int:
        """What this step costs when it ends well, in hundredths, not bounded by what is held."""
        return self._job.needs if self._fixed else self.used

    async def answer(self, *messages: Message | str, most_tokens: int, show: bool = False) -> str:
        """Ask the model; raises ModelFault."""
        if self._model is None:
            raise ModelFault("model-missing")
        said = [Message("user", m) if isinstance(m, str) else m for m in messages]
        call, text = self._meter.call(said), ""
        async for piece in self._model.answer(said, most_tokens):
            if isinstance(piece, Usage):
                call.usage = piece
                continue
            text += json_safe(piece)
            if call.received > MOST_BYTES_A_TOKEN * most_tokens:
                raise ModelFault("model-cut", "it did not stop where it was told to")
            call.received += len(piece.encode(errors="replace"))
            if show and text.strip():
                self.shown = text
                await self._show()
        return text

    async def progress(self, done: int, of: int, what: str) -> None:
        """Say how far the work is."""
        with _at_home():
            await run_job.set_progress(self._context, self._job, done, of, what)

    async def checkpoint(self, kept: Mapping[str, Any], *, most: int, first: int) -> None:
        """Keep what is finished, charge for it, and hold the next step; raises Parked."""
        if not isinstance(kept, Mapping):
            raise TypeError("what is kept at a checkpoint is a JSON object")
        cost = self.cost
        self._meter = Meter(self.rates)  # before the charge: a stop in the middle of it must not find it here
        with _at_home():
            goes_on = await run_job.checkpoint(
                self._context, self._job, kept, cost=cost, most=most, needs=first
            )
        if not goes_on:
            raise Parked
        self.kept = kept

    async def _show(self) -> None:
        if current().monotonic() < self._next_look:
            return
        self._next_look = current().monotonic() + SHOW_EVERY
        first, *more = self._context.pages(self.shown)
        with _at_home():
            await run_job.show(self._context, self._job, "work-draft", page=first, more=len(more))


@contextmanager
def _at_home() -> Iterator[None]:
    """Tell a lost database from a connection that the work itself has lost."""
    try:
        yield
    except LOST_CONNECTION as fault:
        raise DatabaseUnavailable from fault
