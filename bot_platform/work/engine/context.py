"""The context of a running job: it asks the model, shows progress, and saves checkpoints."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bot_platform.domain.job_usage import JobUsage
from bot_platform.domain.jobs import Job
from bot_platform.flows import run_job
from bot_platform.flows.context import WorkContext
from bot_platform.infra import clock
from bot_platform.infra.database_errors import LOST_CONNECTION
from bot_platform.infra.sql import json_safe
from bot_platform.work.engine.kind import Order
from bot_platform.work.engine.model import Message, Meter, Model, ModelFault, Rates, Signal, Usage

SHOW_INTERVAL_SECONDS = 1.5  # between two edits of a growing answer; Telegram takes one a second in a chat
MAX_DRAFT_CHARS = 8000  # two messages: the first is shown, and it is known whether there is a second
MAX_BYTES_PER_TOKEN = 16  # no model that keeps to its limit of tokens was seen to come near


class Parked(Exception):
    """The run ends here: the job waits for credits, or was cancelled."""


class DatabaseUnavailable(Exception):
    """The database is away. The work has not failed: the job continues after its lease has ended."""


class RunningJob:
    """The `JobContext` of one claimed job; with a `fixed` price each step costs what it holds."""

    def __init__(
        self, work: WorkContext, job: Job, order: Order, model: Model | None, rates: Rates, *, fixed: bool
    ) -> None:
        self.order, self.saved, self.rates = order, job.kept, rates
        self.shown = ""  # the part of the answer that the user can read already
        self._work, self._job, self._model, self._fixed = work, job, model, fixed
        self._meter = Meter(rates)
        self._is_thinking = False
        self._next_edit, self._drafted = 0.0, ""

    @property
    def used(self) -> int:
        """Cost of the usage since the last checkpoint, in hundredths; it may exceed the hold."""
        return self._meter.cost

    @property
    def cost(self) -> int:
        """Cost of this step if it succeeds, in hundredths; it may exceed the hold."""
        return self._job.needs if self._fixed else self.used

    @property
    def usage(self) -> JobUsage | None:
        """What the model took since the last checkpoint."""
        return self._meter.total(self._model) if self._model else None

    async def answer(self, *messages: Message | str, most_tokens: int, show: bool = False) -> str:
        """Ask the model; raises ModelFault."""
        if self._model is None:
            raise ModelFault("model-missing")
        prompt = [Message("user", m) if isinstance(m, str) else m for m in messages]
        call, text = self._meter.call(prompt), ""
        async for piece in self._model.answer(prompt, most_tokens):
            if isinstance(piece, Usage):
                call.usage = piece
                continue
            if isinstance(piece, Signal):
                if piece is Signal.RETRACTED:
                    text, call.received = "", 0
                    self.shown = "" if show else self.shown
                if show and not text:
                    await self._show_thinking()
                continue
            text += json_safe(piece)
            if call.received > MAX_BYTES_PER_TOKEN * most_tokens:
                raise ModelFault("model-cut", "the model wrote more than its limit of tokens")
            call.received += len(piece.encode(errors="replace"))
            if show and text.strip():
                self.shown = text
                await self._show()
        return text

    async def progress(self, done: int, of: int, what: str) -> None:
        """Show how far the work is."""
        with _own_database():
            await run_job.set_progress(self._work, self._job, done, of, what)

    async def checkpoint(self, saved: Mapping[str, Any], *, most: int, first: int) -> None:
        """Save what is finished, charge for it, and hold the next step; raises Parked."""
        if not isinstance(saved, Mapping):
            raise TypeError("a checkpoint saves a JSON object")
        cost, used = self.cost, self.usage
        self._meter = Meter(self.rates)  # before the charge: a cancel during it must not charge this twice
        with _own_database():
            continues = await run_job.checkpoint(
                self._work, self._job, saved, cost=cost, most=most, needs=first, used=used
            )
        if not continues:
            raise Parked
        self.saved = saved

    async def _show_thinking(self) -> None:
        """Say once that the model reasons before it answers."""
        if self._is_thinking:
            return
        self._is_thinking = True
        with _own_database():
            await run_job.show(self._work, self._job, "work-thinking")

    async def _show(self) -> None:
        """Show the first page of what has come; once it is full, nothing of it changes any more."""
        now, begun = clock.current().monotonic(), self.shown[:MAX_DRAFT_CHARS]
        if now < self._next_edit or begun == self._drafted:
            return
        self._next_edit, self._drafted = now + SHOW_INTERVAL_SECONDS, begun
        pages = await self._work.render(begun)
        if not pages:  # nothing but blanks
            return
        more = len(pages) > 1 or len(self.shown) > len(begun)
        with _own_database():
            await run_job.show(self._work, self._job, "work-draft", page=pages[0], more=int(more))


@contextmanager
def _own_database() -> Iterator[None]:
    """Mark a lost connection as the platform's own: a kind may lose connections of its own."""
    try:
        yield
    except LOST_CONNECTION as error:
        raise DatabaseUnavailable from error
