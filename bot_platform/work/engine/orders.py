"""Orders of paid work: their kinds, their prices, and the earlier orders that they build on."""

from collections.abc import Mapping, Sequence

from bot_platform.domain import job_texts, jobs
from bot_platform.domain.errors import CannotOrder, NoSuchJob
from bot_platform.domain.jobs import Job
from bot_platform.domain.places import ANYWHERE, Place
from bot_platform.domain.users import User
from bot_platform.flows.context import WorkContext
from bot_platform.flows.order_work import order
from bot_platform.work.engine.kind import JobKind, Order
from bot_platform.work.engine.model import Model, Rates
from bot_platform.work.engine.runner import turns

MAX_REMEMBERED_JOBS = 5  # answered jobs that a new order of the same kind builds on
MAX_REMEMBERED_BYTES = 8000  # of their texts: the model reads them again, and the user pays for that


class Orders:
    """Takes orders of paid work."""

    def __init__(
        self, context: WorkContext, kinds: Mapping[str, JobKind], model: Model | None, rates: Rates
    ) -> None:
        self.context, self.kinds = context, kinds
        self._model, self._rates = model, rates

    async def order(
        self,
        user: User,
        code: str,
        request: str,
        request_key: str,
        *,
        quoted: str = "",
        place: Place = ANYWHERE,
    ) -> Job:
        """Order work of a kind; raises CannotOrder when the model is not set up or the request is empty.

        `quoted` is the text that the request replies to: alone, it is the request.
        """
        kind = self.kinds.get(code)
        if kind is None:
            raise NoSuchJob  # a kind of an earlier version
        if kind.needs_model and self._model is None:
            raise CannotOrder("work-not-set-up")
        if not request.strip():
            request, quoted = quoted, ""
        if not request.strip():
            raise CannotOrder("work-says-nothing", command=code)
        before = await self._remembered(user, code) if kind.remembers else []
        conversation = tuple(turn for job in before for turn in turns(job))
        quote = kind.price(Order(request, conversation, quoted), self._rates)
        stored = {"text": request, "quoted": quoted, "before": [job.id for job in before]}
        needs = min(quote.first, quote.most)
        return await order(
            self.context, user, code, stored, request_key, most=quote.most, needs=needs, place=place
        )

    async def order_again(self, user: User, job_id: int) -> Job:
        """Repeat the order of an ended job, once; raises NoSuchJob for another user's or an erased one."""
        job = await jobs.find(job_id)
        if job is None or job.user_id != user.id or job.is_open or not job.request:
            raise NoSuchJob
        text, quoted = job.request["text"], job.request.get("quoted", "")
        key = f"{job.subject}:again"
        return await self.order(user, job.kind, text, key, quoted=quoted, place=job.place)

    async def _remembered(self, user: User, code: str) -> Sequence[Job]:
        """Return the answered jobs that a new order builds on, oldest first, within both limits."""
        chosen: list[Job] = []
        left = MAX_REMEMBERED_BYTES
        for job in await job_texts.conversation(user.id, code, MAX_REMEMBERED_JOBS):
            left -= sum(len(turn.text.encode(errors="replace")) for turn in turns(job))
            if left < 0:
                break
            chosen.insert(0, job)
        return chosen
